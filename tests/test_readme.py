"""What the README shows is what happens."""

import re
import warnings

import pytest
from components import REGISTRIES
from libraries import needed
from readme import BLOCKS, README

from gdregress import DivergenceWarning


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_code_runs(block):
    if "import torch" in block:
        needed("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(block, {})


def test_the_warning_is_the_one_shown():
    code = next(block for block in BLOCKS if "learning_rate=0.1" in block)
    with pytest.warns(DivergenceWarning) as caught:
        exec(code, {})
    shown = re.search(r"```text\nDivergenceWarning: (.*?)\n```", README, flags=re.DOTALL)[1]
    assert str(caught[0].message) == shown


def test_every_name_in_the_tables_is_registered():
    """Names of components stand alone in a cell; the suite's summary lists those that do not."""
    registered = {name for registry in REGISTRIES.values() for name in registry}
    listed = re.findall(r'(?<=\| )`"([\w-]+)"`', README)
    assert len(listed) > 25
    assert set(listed) <= registered
