"""Why the core is not compiled, and what to do."""

import json
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
KERNELS = Path("_core", "kernels")


def build_report(package=PACKAGE):
    """What the build has left: its compiler and its failure, each None where it is not known."""
    path = package / KERNELS / "build.json"
    nothing = {"compiler": None, "failure": None}
    if not path.exists():
        return nothing
    return nothing | json.loads(path.read_text(encoding="utf-8"))


def why_uncompiled(package=PACKAGE, search=None):
    """The reason, and what to do about it.

    Parameters
    ----------
    package : Path
        The folder of the package that has been imported.
    search : sequence of str or None
        Where Python looks for packages; ``sys.path`` without it.
    """
    is_source = (package.parent / "pyproject.toml").exists()
    hidden = _installed_elsewhere(package, sys.path if search is None else search)
    if is_source and hidden is not None:
        return (
            f"the source tree in {package.parent}, which holds none, hides the gdregress that is "
            f"installed in {hidden}. Start Python in another folder, or run pip install -e . there"
        )
    failure = build_report(package)["failure"]
    again = "pip install -e ." if is_source else "reinstall gdregress"
    if failure is not None:
        return f"its build has failed ({failure}). Install a C compiler, then {again}"
    if is_source:
        return f"nothing has been built in the source tree {package.parent}. Run {again} there"
    return f"it was installed without one. Install a C compiler, then {again}"


def _installed_elsewhere(package, search):
    """The folder of another gdregress that has a compiled core; None if there is none."""
    for folder in map(Path, search):
        other = folder / "gdregress"
        files = (other / KERNELS).glob("compiled*")
        is_other = other.exists() and not other.samefile(package)
        if is_other and any(path.suffix in (".so", ".pyd") for path in files):
            return folder
    return None
