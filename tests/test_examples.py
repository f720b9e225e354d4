"""The lessons run as scripts and as notebooks, and print the figures that they repeat."""

import re
import sys
import warnings
from pathlib import Path
from types import ModuleType

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from libraries import needed_version

matplotlib.use("Agg")

EXAMPLES = Path(__file__).parents[1] / "examples"
LESSONS = sorted(path.name for path in EXAMPLES.glob("plot_*.py"))
# the command line of a notebook, which no lesson may take for its own
NOTEBOOK = ["ipykernel_launcher.py", "-f", "kernel-0.json"]

FIGURES = {
    "plot_one_neuron.py": [
        "0.22 0.004 0.1768 0.03856 0.149152 0.0606784",
        "0.0144 0.009216 0.00589824 0.0037748736",
        "0.0999999999694",
        "0.0733333333 -0.0166666667 -0.0133333333",
    ],
    "plot_functions_of_one_variable.py": [
        "3.2 1.048576 0.3435973837 0.1125899907 0.0049517602",
        "2.1819372775 0.0049517602 0.0000000000",
        "2.6704318870 0.0461168602 0.0461168602",
        "8 6.4 5.12 4.096 3.2768",
        "1.4272476927e-04",
        "6.6760797176 0.1152921505 0.0000000000 0.1152921505 383.3759992447",
        "5.29376 3.7516192768 3.2462906046 3.0807045053 3.0264452523 3.0086655803",
        "0.1152921505 -3.4925261659",
    ],
    "plot_geothermal_gradient.py": ["31.8870892042", "79.1249999839", "7279.375", "1.8229166667"],
    "plot_line_through_points.py": [
        "1.9557738086",
        "1.1905091672",
        "26.797497804",
        "3.2922869750",
        "1.9553132008",
        "1.1933785489",
        "3.4136547387",
        "3.2930017396",
        "0.5683603855",
        "57.5581520626",
        "0.0347475",
    ],
    "plot_mini_batches.py": ["60.8442157805", "60.1628268338", "0.1333598098"],
    "plot_batches_and_optimizers.py": [
        "2.9095527605",
        "4.0798045054",
        "0.2018786061",
        "3.0953601687",
        "-2.0860710515",
        "5.0463966906",
        "32.5010583724",
        "0.2775086702",
    ],
}


def cells(lesson):
    """The code of a lesson, divided where its notebook is."""
    code = (EXAMPLES / lesson).read_text(encoding="utf-8")
    return re.split(r"^(?=# %%)", code, flags=re.MULTILINE)


@pytest.fixture
def printed_by(tmp_path, monkeypatch, capsys):
    """What a lesson prints, run where it may leave its pictures; it must not warn.

    It runs as the notebook that the site offers: cell by cell, without a ``__file__``. A script
    has all that a notebook has.
    """
    monkeypatch.chdir(tmp_path)
    state, notebook = np.random.get_state(), ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    monkeypatch.setattr(sys, "argv", NOTEBOOK)

    def printed(lesson):
        with warnings.catch_warnings(record=True) as caught, matplotlib.rc_context():
            for category in (DeprecationWarning, PendingDeprecationWarning):
                warnings.simplefilter("ignore", category)
            for cell in cells(lesson):
                exec(compile(cell, lesson, "exec"), vars(notebook))
        assert not [str(warning.message) for warning in caught]
        return " ".join(capsys.readouterr().out.split())

    yield printed
    plt.close("all")
    np.random.set_state(state)


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_runs_and_prints_its_figures(lesson, printed_by):
    if "sklearn.callback" in (EXAMPLES / lesson).read_text(encoding="utf-8"):
        needed_version("scikit-learn", "1.9")
    printed = printed_by(lesson)
    missing = [figure for figure in FIGURES.get(lesson, []) if figure not in printed]
    assert not missing, f"{missing} not in:\n{printed}"


def test_half_the_loss_by_pytorch(torch, printed_by):
    assert "7.2e-03 7.2e-05 7.2e-07 7.2e-09" in printed_by("plot_one_neuron.py")


def test_every_experiment_has_its_lesson():
    assert set(FIGURES) <= set(LESSONS)
