"""What a warning advises and predicts, read from its text.

Advice is one line that can be pasted, the last that begins with "Try: ", such as
``Try: GDRegressor(learning_rate="auto", standardize=True)``; it names the settings that change.
"""

import ast
import re

PREDICTED = re.compile(r"about ([\d,]+) more\b")


def advised(text):
    """The settings that a warning advises, a dict, or None where it advises nothing.

    Raises
    ------
    SyntaxError, ValueError
        Where the line cannot be pasted.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("Try: ")]
    if not lines:
        return None
    call = ast.parse(lines[-1].removeprefix("Try: ").rstrip("."), mode="eval").body
    if not isinstance(call, ast.Call):
        raise ValueError(f"not a call: {lines[-1]}")
    settings = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    if call.args:
        settings["loss"] = ast.literal_eval(call.args[0])
    return settings


def predicted(text):
    """The epochs that a warning says are still needed, or None."""
    found = PREDICTED.search(text)
    return int(found[1].replace(",", "")) if found else None
