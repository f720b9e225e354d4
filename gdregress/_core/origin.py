"""Whether the core is compiled, by what, and if not, why and what to do."""

import json
import sys
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_features__ as features

PACKAGE = Path(__file__).parents[1]
KERNELS = Path("_core", "kernels")
# Of the kernels on x86 processors, the best first, as NumPy names what they need.
GENERATIONS = {"AVX512F": "AVX-512", "AVX2": "AVX2"}


def build_report(package=PACKAGE):
    """What the build has left: its compiler and its failure, each None where it is not known."""
    path = package / KERNELS / "build.json"
    nothing = {"compiler": None, "failure": None}
    if not path.exists():
        return nothing
    return nothing | json.loads(path.read_text(encoding="utf-8"))


def describe(is_compiled):
    """The core in a line, for `show_versions`."""
    report = build_report()
    if is_compiled:
        by = f" by {report['compiler']}" if report["compiler"] else ""
        return f"compiled{by}, {instruction_set()}"
    return f"not compiled: {why_uncompiled()}"


def instruction_set():
    """The instructions that the kernels use on this processor."""
    names = [name for feature, name in GENERATIONS.items() if features.get(feature)]
    return f"with {names[0]}" if names and sys.platform == "linux" else "baseline instructions"


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
