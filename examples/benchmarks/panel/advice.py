"""The advice and the predictions of a warning, read from its text.

Advice is one line that can be pasted, the last that begins with "Try: ", such as
``Try: GDRegressor(learning_rate="auto", standardize=True)``; it names the settings that change.
"""

import re

from gdregress import losses, optimizers, penalties, schedules

PREDICTED = re.compile(r"about ([\d,]+) more\b")


def advised(text):
    """The settings that a warning advises, a dict, or None where it advises nothing.

    Raises
    ------
    SyntaxError, NameError, TypeError
        Where the line cannot be pasted.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("Try: ")]
    return eval(lines[-1].removeprefix("Try: "), dict(PASTED)) if lines else None


def predicted(text):
    """The epochs that a warning says are still needed, or None."""
    found = PREDICTED.search(text)
    return int(found[1].replace(",", "")) if found else None


def _settings(loss=None, **settings):
    """What a pasted estimator is given."""
    return settings if loss is None else {"loss": loss, **settings}


PASTED = {"GDRegressor": _settings, "GDClassifier": _settings}
for module in (losses, optimizers, penalties, schedules):
    PASTED |= {name: part for name, part in vars(module).items() if name[0].isupper()}
