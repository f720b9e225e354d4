"""The sums over rows of the method of multipliers, against the formulas row by row."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress._engines.multiplier_rows import Rows, joined
from gdregress.losses.pieces import Pieces

PIECES = {
    "absolute error": Pieces(-1.0, 1.0),
    "quantile": Pieces(-0.2, 0.8),
    "epsilon": Pieces(-1.0, 1.0, -0.5, 0.5),
    "hinge": Pieces(-1.0, 0.0, 1.0, 1.0),
}
WIDTH, DAMPING, SCALE = 0.7, 0.3, 2.0


def some(name, rows=slice(None)):
    """Rows with slopes of an earlier round, and a direction."""
    rng = np.random.RandomState(0)
    u, du, candidate = rng.normal(size=(3, 40))
    shares, centre = rng.uniform(size=40), PIECES[name].slope(rng.normal(size=40), 1.0)
    whole = Rows(PIECES[name], u[rows], 1.0, shares[rows], centre[rows], WIDTH)
    return whole, du[rows], candidate[rows]


@pytest.mark.parametrize("name", PIECES)
def test_the_sums_are_those_of_the_formulas(name):
    rows, du, candidate = some(name)
    pieces, s, u, c, c0 = rows.pieces, rows.shares, rows.u, rows.slopes_at(rows.u), rows.centres
    found = rows.along(du, candidate, DAMPING, SCALE)
    ends = c + (pieces.is_bent(c) / WIDTH + DAMPING) * du
    scale, kept = 1.0, np.clip(ends, pieces.lower, pieces.upper)
    cut = s @ (abs(ends - kept) * (abs(u) + abs(du) + SCALE))
    if name != "hinge":
        scale = 1 / max(1.0, found.reach)
        kept, cut = scale * ends, 0.0
        assert (kept <= pieces.upper + 1e-15).all() and (kept >= pieces.lower - 1e-15).all()
    losses = pieces.value(u)
    assert found.loss == pytest.approx(s @ losses)
    assert found.candidate == pytest.approx(s @ pieces.value(candidate))
    assert found.cut == pytest.approx(cut)
    gap = s @ (losses + pieces.conjugate(kept) - kept * u)
    assert found.gap + (1 - scale) * found.dual == pytest.approx(gap)
    assert found.missed == pytest.approx(s @ (losses + pieces.conjugate(c) - c * u))
    moved = s @ ((kept - c0) ** 2 - (c - c0) ** 2)
    assert found.moved_squares(scale) == pytest.approx(moved)


@pytest.mark.parametrize("name", PIECES)
def test_the_sums_of_parts_are_those_of_all(name):
    rows, du, candidate = some(name)
    whole = rows.along(du, candidate, DAMPING, SCALE)
    parts = []
    for part in (slice(15), slice(15, 40)):
        rows, du, candidate = some(name, part)
        parts.append((rows.along(du, candidate, DAMPING, SCALE),))
    (found,) = joined(*parts)
    for one, other in zip(found, whole, strict=True):
        assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("name", PIECES)
def test_slopes_are_derivatives_of_the_envelope(name):
    rows, du, _ = some(name)
    pieces, step = rows.pieces, 1e-6

    def envelope(length):
        """F_t, the largest over the slopes, on a grid of them."""
        u = (rows.u + length * du)[:, None]
        d = np.linspace(pieces.lower, pieces.upper, 20001)
        values = d * u - pieces.conjugate(d) - WIDTH / 2 * (d - rows.centres[:, None]) ** 2
        return rows.shares @ values.max(axis=1)

    assert rows.derivative(du, 0.0) == pytest.approx((rows.shares * rows.slopes_at(rows.u)) @ du)
    slope = (envelope(0.5 + 1e-3) - envelope(0.5 - 1e-3)) / 2e-3
    assert rows.derivative(du, 0.5) == pytest.approx(slope, rel=1e-2, abs=1e-3)
    bent = (rows.slopes_at(rows.u + step) - rows.slopes_at(rows.u - step)) / (2 * step)
    assert_allclose(rows.curvature(), rows.shares * bent, atol=1e-6)


@pytest.mark.parametrize("name", PIECES)
def test_blocks_of_rows_are_all_rows(name, monkeypatch):
    rows, du, candidate = some(name)
    calls = [
        lambda: rows.along(du, candidate, DAMPING, SCALE),
        lambda: rows.along(du, None, DAMPING, SCALE),
        rows.gradient,
        rows.curvature,
        lambda: rows.slopes_at(candidate),
        lambda: rows.derivative(du, 0.4),
    ]
    whole = [call() for call in calls]
    monkeypatch.setattr("gdregress._engines.multiplier_rows.BLOCK", 7)
    for call, known in zip(calls, whole, strict=True):
        found = call()
        pairs = zip(found, known, strict=True) if isinstance(known, tuple) else [(found, known)]
        for one, other in pairs:
            assert_allclose(one, other, rtol=1e-12)
