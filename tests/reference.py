"""The formulas in plain NumPy: slow, simple, and without the package.

The descents take rows `X`, targets `y` and weights `weights` of any scale, and return the list
of parameters (coefficients, then the intercept) at the start and after every epoch, for the
objective sum_i s_i (x_i . w + b - y_i)^2 / 2 / sum_i s_i.
"""

import math
from decimal import Decimal, localcontext

import numpy as np

# Descents ---------------------------------------------------------------------------------


def row_gradient(x, target, params):
    """Gradient of (x . w + b - y)^2 / 2, one coefficient after the other."""
    prediction = params[-1]
    for j in range(len(x)):
        prediction += x[j] * params[j]
    residual = prediction - target
    return np.array([residual * x[j] for j in range(len(x))] + [residual])


def mean_gradient(X, y, weights, rows, params):
    """Mean over some rows of s_i times the gradient of row i; the s_i have mean 1 over all."""
    total = np.zeros(len(params))
    for i in rows:
        total += weights[i] / np.mean(weights) * row_gradient(X[i], y[i], params)
    return total / len(rows)


def batch_descent(X, y, weights, learning_rate, epochs):
    """w <- w - lr g, with the gradient of all rows."""
    params = np.zeros(X.shape[1] + 1)
    path = [params]
    for _ in range(epochs):
        params = params - learning_rate * mean_gradient(X, y, weights, range(len(y)), params)
        path.append(params)
    return path


def stochastic_descent(X, y, weights, learning_rate, orders):
    """w <- w - lr g, row by row; `orders` holds the order of the rows in each epoch."""
    params = np.zeros(X.shape[1] + 1)
    path = [params]
    for order in orders:
        for i in order:
            params = params - learning_rate * mean_gradient(X, y, weights, [i], params)
        path.append(params)
    return path


def mini_batches(order, batch_size):
    """Rows of every update, and how large a part of a full batch they are."""
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        yield rows, len(rows) / batch_size


def mini_batch_descent(X, y, weights, learning_rate, orders, batch_size):
    """w <- w - lr g, a few rows at a time; a shorter last batch takes a shorter step."""
    params = np.zeros(X.shape[1] + 1)
    path = [params]
    for order in orders:
        for rows, share in mini_batches(order, batch_size):
            step = learning_rate * share
            params = params - step * mean_gradient(X, y, weights, rows, params)
        path.append(params)
    return path


def momentum_descent(X, y, weights, learning_rate, momentum, orders, batch_size):
    """Heavy ball: v <- m v - lr g(w); w <- w + v."""
    params = np.zeros(X.shape[1] + 1)
    velocity = np.zeros(X.shape[1] + 1)
    path = [params]
    for order in orders:
        for rows, share in mini_batches(order, batch_size):
            gradient = mean_gradient(X, y, weights, rows, params)
            velocity = momentum * velocity - learning_rate * share * gradient
            params = params + velocity
        path.append(params)
    return path


def nesterov_descent(X, y, weights, learning_rate, momentum, orders, batch_size):
    """Nesterov: v <- m v - lr g(w + m v); w <- w + v."""
    params = np.zeros(X.shape[1] + 1)
    velocity = np.zeros(X.shape[1] + 1)
    path = [params]
    for order in orders:
        for rows, share in mini_batches(order, batch_size):
            gradient = mean_gradient(X, y, weights, rows, params + momentum * velocity)
            velocity = momentum * velocity - learning_rate * share * gradient
            params = params + velocity
        path.append(params)
    return path


# Steps of the optimizers ------------------------------------------------------------------
#
# Each gives the point before the prox and the step size of the prox, from the parameters so far
# ``w[0], ..., w[t-1]`` and the gradients so far ``g[0], ..., g[t-1]``: no state, only sums.


def decaying_mean(values, beta):
    """(1 - beta) sum_k beta^(t - k) values_k, the newest value last."""
    t = len(values)
    return (1 - beta) * sum(beta ** (t - k) * values[k - 1] for k in range(1, t + 1))


def squares(gradients):
    return [g**2 for g in gradients]


def displacement(w):
    return w[-1] - w[-2] if len(w) > 1 else 0 * w[-1]


def gradient_descent_step(w, g, lr):
    return w[-1] - lr * g[-1], lr


def heavy_ball_step(w, g, lr, momentum=0.9):
    return w[-1] + momentum * displacement(w) - lr * g[-1], lr


def nesterov_step(w, g, lr, momentum=0.9):
    return w[-1] + momentum * displacement(w) - lr * g[-1], lr


def adagrad_step(w, g, lr, epsilon=1e-10):
    size = lr / (np.sqrt(sum(squares(g))) + epsilon)
    return w[-1] - size * g[-1], size


def rmsprop_step(w, g, lr, rho=0.9, epsilon=1e-8):
    size = lr / (np.sqrt(decaying_mean(squares(g), rho)) + epsilon)
    return w[-1] - size * g[-1], size


def adam_size(second_moment, t, lr, beta_2, epsilon):
    return lr / (np.sqrt(second_moment / (1 - beta_2**t)) + epsilon)


def adam_step(w, g, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    t = len(g)
    size = adam_size(decaying_mean(squares(g), beta_2), t, lr, beta_2, epsilon)
    return w[-1] - size * decaying_mean(g, beta_1) / (1 - beta_1**t), size


def amsgrad_step(w, g, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    t = len(g)
    largest = np.max([decaying_mean(squares(g[:k]), beta_2) for k in range(1, t + 1)], axis=0)
    size = adam_size(largest, t, lr, beta_2, epsilon)
    return w[-1] - size * decaying_mean(g, beta_1) / (1 - beta_1**t), size


def nadam_step(w, g, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    t = len(g)
    size = adam_size(decaying_mean(squares(g), beta_2), t, lr, beta_2, epsilon)
    ahead = beta_1 * decaying_mean(g, beta_1) / (1 - beta_1 ** (t + 1))
    return w[-1] - size * (ahead + (1 - beta_1) * g[-1] / (1 - beta_1**t)), size


STEPS = {
    "gd": gradient_descent_step,
    "momentum": heavy_ball_step,
    "nesterov": nesterov_step,
    "adagrad": adagrad_step,
    "rmsprop": rmsprop_step,
    "adam": adam_step,
    "amsgrad": amsgrad_step,
    "nadam": nadam_step,
}


# A descent of any loss, rule and penalty --------------------------------------------------


def descent(
    X, y, weights, slope, rule, prox, rates, orders, batch_size, start=None, reduced=False
):
    """Parameters before the first and after every update, for one target.

    Parameters
    ----------
    slope : callable
        ``slope(y, z)``, the derivative of the loss of one row.
    rule : callable
        One of `STEPS`.
    prox : callable
        ``prox(w, step, j)`` of coefficient j; the intercept, which comes last, is not penalised.
    rates : callable
        ``rates(count)``, the learning rate after so many updates.
    orders : list
        The order of the rows in each epoch.
    reduced : bool
        Reduce the variance: a batch gives the change of its gradient since the epoch began, which
        is added to the gradient over all rows there.
    """
    p = X.shape[1]
    path, gradients = [np.zeros(p + 1) if start is None else start], []
    for order in orders:
        began = path[-1]
        over_all = sloping_gradient(X, y, weights, slope, range(len(y)), began)
        for rows, share in mini_batches(order, batch_size):
            point = path[-1]
            if rule is nesterov_step:
                point = point + 0.9 * displacement(path)
            gradient = sloping_gradient(X, y, weights, slope, rows, point)
            if reduced:
                gradient += over_all - sloping_gradient(X, y, weights, slope, rows, began)
            gradients.append(gradient)
            moved, sizes = rule(path, gradients, rates(len(gradients) - 1) * share)
            sizes = np.broadcast_to(sizes, p + 1)
            coef = [prox(moved[j], sizes[j], j) for j in range(p)]
            path.append(np.array([*coef, moved[p]]))
    return path


def variance_reduced_descent(X, y, weights, slope, prox, rate, orders, batch_size):
    """SVRG: parameters at the start and after every epoch; arguments as for `descent`.

    g = (mean over the batch at w) - (mean over the batch at the snapshot)
        + (mean over all rows at the snapshot), the snapshot being where the epoch starts.
    """
    p = X.shape[1]
    path = [np.zeros(p + 1)]
    for order in orders:
        snapshot = w = path[-1]
        full = sloping_gradient(X, y, weights, slope, range(len(y)), snapshot)
        for rows, share in mini_batches(order, batch_size):
            here = sloping_gradient(X, y, weights, slope, rows, w)
            there = sloping_gradient(X, y, weights, slope, rows, snapshot)
            step = rate * share
            moved = w - step * (here - there + full)
            w = np.array([*(prox(moved[j], step, j) for j in range(p)), moved[p]])
        path.append(w)
    return path


def sloping_gradient(X, y, weights, slope, rows, params):
    """Mean over some rows of s_i L'(y_i, z_i) a_i; the s_i have mean 1 over all rows."""
    total = [0.0] * len(params)
    for i in rows:
        z = sum(float(x) * float(w) for x, w in zip(X[i], params[:-1], strict=True)) + params[-1]
        r = float(weights[i]) / float(np.mean(weights)) * slope(float(y[i]), float(z))
        for j in range(len(params) - 1):
            total[j] += r * float(X[i, j])
        total[-1] += r
    return np.array(total) / len(rows)


def class_descent(X, y, n_classes, weights, slopes, rule, prox, rates, orders, batch_size, start):
    """As `descent`, for y = 0, 1, ..: one row of parameters for each class.

    ``slopes(y, z)`` gives the derivatives of the loss of one row by its raw predictions z.
    """
    p = X.shape[1]
    path, gradients = [start], []
    for order in orders:
        for rows, share in mini_batches(order, batch_size):
            point = path[-1]
            if rule is nesterov_step:
                point = point + 0.9 * displacement(path)
            total = np.zeros((n_classes, p + 1))
            for i in rows:
                z = [
                    sum(float(X[i, j]) * float(row[j]) for j in range(p)) + float(row[p])
                    for row in point
                ]
                for t, slope in enumerate(slopes(int(y[i]), z)):
                    r = float(weights[i]) / float(np.mean(weights)) * slope
                    total[t] += np.array([*(r * X[i]), r])
            gradients.append(total / len(rows))
            moved, sizes = rule(path, gradients, rates(len(gradients) - 1) * share)
            sizes = np.broadcast_to(sizes, moved.shape)
            rows_of_parameters = [
                [*(prox(moved[t, j], sizes[t, j], j) for j in range(p)), moved[t, p]]
                for t in range(n_classes)
            ]
            path.append(np.array(rows_of_parameters))
    return path


def averaged(path, average):
    """The mean of the parameters after some updates, `path` as `descent` gives it.

    A number averages all after it. True averages those after the largest power of two that is
    at most half of their number.
    """
    updates = len(path) - 1
    after = average
    if average is True:
        after = 1
        while 2 * after <= updates / 2:
            after *= 2
        after = 0 if updates < 2 else after
    return np.mean(path[after + 1 :], axis=0) if updates > after else path[-1]


def best_validated(history):
    """The epoch of the best validation score and, of equal scores, of the lowest objective."""
    return np.lexsort((np.negative(history["objective"]), history["validation_score"]))[-1]


# Penalties --------------------------------------------------------------------------------


def l1_value(w, alpha):
    return alpha * sum(abs(float(u)) for u in w)


def l2_value(w, alpha):
    return alpha * sum(float(u) ** 2 for u in w) / 2


def elasticnet_value(w, alpha, l1_ratio):
    return l1_value(w, alpha * l1_ratio) + l2_value(w, alpha * (1 - l1_ratio))


def l1_prox(w, step, alpha):
    """Move one number towards zero by step * alpha, and stop there."""
    if w > step * alpha:
        return w - step * alpha
    if w < -step * alpha:
        return w + step * alpha
    return 0.0


def l2_prox(w, step, alpha):
    return w / (1 + step * alpha)


def elasticnet_prox(w, step, alpha, l1_ratio):
    return l2_prox(l1_prox(w, step, alpha * l1_ratio), step, alpha * (1 - l1_ratio))


def box_prox(w, lower, upper):
    return min(max(w, lower), upper)


# Losses of one prediction -----------------------------------------------------------------


def huber_loss(y, z, epsilon=1.35):
    r = abs(z - y)
    return r**2 / 2 if r <= epsilon else epsilon * r - epsilon**2 / 2


def quantile_loss(y, z, quantile=0.5):
    return quantile * (y - z) if y > z else (1 - quantile) * (z - y)


def log_cosh_in_many_digits(r):
    with localcontext(prec=400):
        r = Decimal(r)
        return float(((r.exp() + (-r).exp()) / 2).ln())


def exp_remainder_in_many_digits(d):
    """e^d - 1 - d."""
    with localcontext(prec=400):
        d = Decimal(d)
        return float(d.exp() - 1 - d)


def poisson_loss(y, z):
    return math.exp(z) - y - y * z + (y * math.log(y) if y > 0 else 0.0)


def gamma_loss(y, z):
    return z - math.log(y) + y / math.exp(z) - 1


def tweedie_loss(y, z, p=1.5):
    """Half the deviance, see scikit-learn's user guide on generalised linear models."""
    m = math.exp(z)
    at_y = y ** (2 - p) / ((1 - p) * (2 - p)) if y > 0 else 0.0
    return at_y - y * m ** (1 - p) / (1 - p) + m ** (2 - p) / (2 - p)


def negative_binomial_loss(y, z, a=1.0):
    """Minus the log-likelihood that `scipy.stats.nbinom` has, and that of the best mean, y."""
    m = math.exp(z)
    log_share = y * (math.log(y / m) if y > 0 else 0.0)
    return log_share - (y + 1 / a) * math.log((1 + a * y) / (1 + a * m))


def cauchy_loss(y, z, epsilon=2.385):
    return epsilon**2 / 2 * math.log(1 + ((z - y) / epsilon) ** 2)


LOSSES = {
    "squared_error": lambda y, z: (z - y) ** 2 / 2,
    "huber": huber_loss,
    "absolute_error": lambda y, z: abs(z - y),
    "log_cosh": lambda y, z: math.log(math.cosh(z - y)),
    "quantile": quantile_loss,
    "epsilon_insensitive": lambda y, z: max(0.0, abs(z - y) - 0.1),
    "squared_epsilon_insensitive": lambda y, z: max(0.0, abs(z - y) - 0.1) ** 2,
    "poisson": poisson_loss,
    "gamma": gamma_loss,
    "tweedie": tweedie_loss,
    "negative_binomial": negative_binomial_loss,
    "cauchy": cauchy_loss,
}


def sign(r):
    return (r > 0) - (r < 0)


def beyond(r, epsilon=0.1):
    """By how much a residual exceeds epsilon, with its sign."""
    return sign(r) * max(0.0, abs(r) - epsilon)


SLOPES = {
    "squared_error": lambda y, z: z - y,
    "huber": lambda y, z: z - y if abs(z - y) <= 1.35 else 1.35 * sign(z - y),
    "absolute_error": lambda y, z: sign(z - y),
    "log_cosh": lambda y, z: math.sinh(z - y) / math.cosh(z - y),
    "quantile": lambda y, z: sign(z - y) / 2,
    "epsilon_insensitive": lambda y, z: sign(beyond(z - y)),
    "squared_epsilon_insensitive": lambda y, z: 2 * beyond(z - y),
    "poisson": lambda y, z: math.exp(z) - y,
    "gamma": lambda y, z: 1 - y / math.exp(z),
    "tweedie": lambda y, z: (math.exp(z) - y) / math.sqrt(math.exp(z)),
    "negative_binomial": lambda y, z: (math.exp(z) - y) / (1 + math.exp(z)),
    "cauchy": lambda y, z: (z - y) * 2.385**2 / (2.385**2 + (z - y) ** 2),
}


def mean_loss(name, y, z, weights=None):
    """Weighted mean of a loss over arrays."""
    losses = np.vectorize(LOSSES[name], otypes=[float])(y, z)
    return float(np.average(losses, weights=weights))


# Losses of one label, which is -1 or 1, and of several classes ----------------------------

CLASSIFICATION_LOSSES = {
    "log_loss": lambda y, z: math.log(1 + math.exp(-y * z)),
    "hinge": lambda y, z: max(0.0, 1 - y * z),
    "squared_hinge": lambda y, z: max(0.0, 1 - y * z) ** 2,
    "modified_huber": lambda y, z: -4 * y * z if y * z < -1 else max(0.0, 1 - y * z) ** 2,
    "perceptron": lambda y, z: max(0.0, -y * z),
}

CLASSIFICATION_SLOPES = {
    "log_loss": lambda y, z: -y / (1 + math.exp(y * z)),
    "hinge": lambda y, z: -y if y * z < 1 else 0.0,
    "squared_hinge": lambda y, z: -2 * y * max(0.0, 1 - y * z),
    "modified_huber": lambda y, z: -4 * y if y * z < -1 else -2 * y * max(0.0, 1 - y * z),
    "perceptron": lambda y, z: -y if y * z <= 0 else 0.0,
}


def own_or_other(y, n_classes):
    """Labels of the problems of one class against the rest, for a row of class y."""
    return [1.0 if t == y else -1.0 for t in range(n_classes)]


def one_vs_rest_loss(name, y, z):
    """Of one row, y being the number of its class and z one raw prediction for each."""
    labels = own_or_other(y, len(z))
    return sum(CLASSIFICATION_LOSSES[name](*pair) for pair in zip(labels, z, strict=True))


def one_vs_rest_slopes(name, y, z):
    labels = own_or_other(y, len(z))
    return [CLASSIFICATION_SLOPES[name](*pair) for pair in zip(labels, z, strict=True)]


def softmax(z):
    total = sum(math.exp(a) for a in z)
    return [math.exp(a) / total for a in z]


def softmax_loss(y, z):
    """Of one row, y being the number of its class and z one raw prediction for each."""
    return -math.log(softmax(z)[y])


def softmax_slopes(y, z):
    return [probability - (t == y) for t, probability in enumerate(softmax(z))]
