"""Plain descent over sparse rows in time proportional to the nonzeros: `csr_steps`.

The gradient of a snapshot and the penalty also move coefficients that have no nonzero in a row.
These updates are applied together when a row next needs the coefficient, see `Steps.wait`.

Letters
-------
y   targets of shape (rows, targets)
w   parameters of shape (predictions, features + intercept), the intercept last
g   gradient, in the shape of w
z   predictions, then slopes dL/dz, of shape (predictions, rows of a batch)
i   row
e   place of a nonzero in data and indices
a   row within a batch
b   number of an update
t   target or prediction of a row
j   coordinate
k   number of predictions for a row
m   number of rows in a batch
n   number of rows in the epoch
p   number of features
"""

import cython

if not cython.compiled:
    from gdregress._core.kernels.common import index
    from gdregress._core.kernels.losses import Loss
    from gdregress._core.kernels.rows import PREFETCH_DISTANCE, take_targets
    from gdregress._core.kernels.rules import Rule
    from gdregress._core.kernels.snapshot import Snapshot
    from gdregress._core.kernels.sparse_epochs import add_gradient
    from gdregress._core.kernels.sparse_rows import prefetch_nonzeros, prefetch_sparse_row
    from gdregress._core.kernels.steps import Steps


def csr_steps(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    steps: Steps,
    snapshot: Snapshot,
    last_update: cython.longlong[::1],
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """One step of `steps` for every batch of sparse rows; w of the rule is in the user's units.

    The rows are not centred. `last_update`, all zeros at first, counts the updates that have been
    applied to each coefficient. All coefficients are brought up to date where the rate changes,
    which takes time proportional to their number. `targets` and z are scratch space for a batch.
    """
    n: cython.Py_ssize_t = order.shape[0]
    place: cython.Py_ssize_t
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    next_row: cython.Py_ssize_t
    m: cython.Py_ssize_t
    p: cython.Py_ssize_t = rule.p
    with cython.nogil:
        for b in range(rates.shape[0]):
            if rates[b] != steps.rate:
                catch_up(rule, steps, last_update, b)
                steps.set_rate(rates[b])
            place = b * batch_size
            m = min(batch_size, n - place)
            for a in range(m):
                next_row = prefetch_sparse_row(indptr, y, order, place + a)
                prefetch_nonzeros(data, indices, indptr, next_row)
                if snapshot.taken:
                    snapshot.prefetch_slopes(order, place + a + PREFETCH_DISTANCE)
                take_targets(y, order[place + a], targets, a)
                predict(data, indices, indptr, order[place + a], a, rule, steps, last_update, b, z)
            loss.slopes(targets, z, m)
            if snapshot.taken:
                snapshot.subtract(order, place, m, z)
            add_gradient(data, indices, indptr, weights, order, place, m, rule, z)
            for a in range(m):
                step_row(indices, indptr, order[place + a], rule, steps, last_update, b)
            if rule.fit_intercept:
                for t in range(rule.k):
                    rule.w[t, p] -= rates[b] * (rule.g[t, p] + steps.drift[t, p])
                    rule.g[t, p] = 0.0
        catch_up(rule, steps, last_update, rates.shape[0])


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def predict(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    a: cython.Py_ssize_t,
    rule: Rule,
    steps: Steps,
    last_update: cython.longlong[::1],
    b: cython.Py_ssize_t,
    z: cython.double[:, ::1],
) -> cython.void:
    """Predictions for row i, whose coefficients are brought up to update b first."""
    e: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t
    w: cython.double[:, ::1] = rule.w
    for t in range(rule.k):
        z[t, a] = w[t, rule.p] if rule.fit_intercept else 0.0
    for e in range(indptr[i], indptr[i + 1]):
        j = indices[e]
        if last_update[j] < b:
            for t in range(rule.k):
                w[t, j] = steps.wait(w[t, j], t, j, b - last_update[j])
            last_update[j] = b
        for t in range(rule.k):
            z[t, a] += data[e] * w[t, j]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def step_row(
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    rule: Rule,
    steps: Steps,
    last_update: cython.longlong[::1],
    b: cython.Py_ssize_t,
) -> cython.void:
    """Update b of the coefficients of row i that no other row of the batch has updated."""
    e: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t
    for e in range(indptr[i], indptr[i + 1]):
        j = indices[e]
        if last_update[j] == b:
            for t in range(rule.k):
                rule.w[t, j] = steps.step(rule.w[t, j], rule.g[t, j], t, j)
                rule.g[t, j] = 0.0
            last_update[j] = b + 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def catch_up(
    rule: Rule,
    steps: Steps,
    last_update: cython.longlong[::1],
    b: cython.Py_ssize_t,
) -> cython.void:
    """Bring all coefficients up to update b."""
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t
    for j in range(rule.p):
        if last_update[j] < b:
            for t in range(rule.k):
                rule.w[t, j] = steps.wait(rule.w[t, j], t, j, b - last_update[j])
        last_update[j] = b
