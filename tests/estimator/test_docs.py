"""Docstrings that share parts are complete: help() shows every parameter, and no braces."""

import inspect
import re

import pytest

from gdregress import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV
from gdregress._utils.docstrings import filled_in

ESTIMATORS = [GDRegressor, GDClassifier, GDRegressorCV, GDClassifierCV]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_is_documented_in_the_order_of_the_signature(estimator):
    section = inspect.getdoc(estimator).partition("Parameters\n-")[2].partition("Attributes\n-")[0]
    assert re.findall(r"^(\w+) : ", section, re.MULTILINE) == [
        *inspect.signature(estimator).parameters
    ]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_part_is_left_open(estimator):
    documented = [estimator, *(vars(base).get("fit") for base in estimator.__mro__)]
    for one in filter(None, documented):
        assert not re.search(r"^\s*\{\w+\}$", inspect.getdoc(one), re.MULTILINE)


def test_parts_are_as_deep_as_their_names():
    @filled_in(rest="\nb : int\n    Second.\n")
    class Documented:
        """One.

        a : int
            First.
        {rest}
        """

    assert Documented.__doc__.splitlines()[2:6] == [
        "        a : int",
        "            First.",
        "        b : int",
        "            Second.",
    ]


def test_without_docstrings_nothing_is_filled_in():
    class Silent:
        pass

    assert filled_in(rest="text")(Silent).__doc__ is None


def test_a_name_that_has_no_part_is_an_error():
    def misspelt():
        """{reast}"""

    with pytest.raises(KeyError, match="reast"):
        filled_in(rest="text")(misspelt)
