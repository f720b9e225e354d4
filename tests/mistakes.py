"""Data for tests of mistakes, and the checks of every answer."""

import re

import numpy as np
import pandas as pd
import pytest

rng = np.random.RandomState(0)
X = rng.normal(size=(30, 3))
y = X @ [1.0, 2.0, 3.0] + 1
labels = (y > 1).astype(int)
counts = np.floor(abs(y))
frame = pd.DataFrame(X, columns=["age", "size", "dose"])

ERRORS = (ValueError, TypeError, AttributeError, RuntimeError, KeyError, OSError)


def assert_the_last_line_answers(do, answer):
    """The mistake raises, and the last line of what is said holds the answer."""
    with pytest.raises(ERRORS) as caught:
        do()
    last = str(caught.value).strip().splitlines()[-1]
    assert answer in last
    assert not re.search(r"BaseGD|\b_[A-Z]\w+", str(caught.value)), "names of private classes"
