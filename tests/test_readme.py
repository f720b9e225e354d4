"""What the README shows is what happens."""

import re
import warnings

import pytest
from libraries import needed
from readme import BLOCKS, README

from gdregress import DivergenceWarning
from gdregress.losses import LOSSES
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import PENALTIES
from gdregress.samplers import SAMPLERS
from gdregress.schedules import SCHEDULES


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


@pytest.mark.parametrize(
    "names", [LOSSES, CLASSIFICATION_LOSSES, OPTIMIZERS, PENALTIES, SAMPLERS, SCHEDULES]
)
def test_every_name_is_listed(names):
    for name in filter(None, names):
        assert f'`"{name}"`' in README
