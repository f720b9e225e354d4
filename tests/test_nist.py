"""NIST's certified coefficients, as the benchmarks have them, solve the normal equations."""

import importlib.util
import sys
from fractions import Fraction
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / "examples" / "benchmarks" / "panel" / "nist.py"


def load_references():
    spec = importlib.util.spec_from_file_location("nist", FILE)
    module = sys.modules["nist"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.REFERENCES


def solve(A, b):
    """A^-1 b by elimination in exact fractions."""
    rows = [[*row, value] for row, value in zip(A, b, strict=True)]
    for i, pivot in enumerate(rows):
        rows[i] = pivot = [value / pivot[i] for value in pivot]
        for k, row in enumerate(rows):
            if k != i:
                rows[k] = [a - row[i] * p for a, p in zip(row, pivot, strict=True)]
    return [row[-1] for row in rows]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("reference", load_references(), ids=lambda reference: reference.name)
def test_certified_to_fourteen_digits(reference):
    y = [Fraction(number) for number in reference.y.split()]
    columns = [[Fraction(number) for number in text.split()] for text in reference.columns]
    if reference.degree > 1:
        columns = [[x**k for x in columns[0]] for k in range(1, reference.degree + 1)]
    if reference.fit_intercept:
        columns.append([Fraction(1)] * len(y))
    exact = solve([[dot(a, b) for b in columns] for a in columns], [dot(a, y) for a in columns])
    for found, certified in zip(exact, reference.coef, strict=False):
        assert abs(found - Fraction(certified)) <= abs(found) * Fraction(1, 10**14)
