"""pyright in strict mode accepts correct code of users, and finds their mistakes."""

import inspect
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import user_code
from libraries import needed
from pages import BLOCK, PAGES

import gdregress

# what is known of packages that state no types is none of ours
THIRD_PARTY = {
    "reportMissingTypeStubs": False,
    "reportUnknownArgumentType": False,
    "reportUnknownMemberType": False,
    "reportUnknownVariableType": False,
    "useLibraryCodeForTypes": False,
}
# the pages show code without annotations, whose blocks all have an X
UNANNOTATED = {
    "reportConstantRedefinition": False,
    "reportMissingParameterType": False,
    "reportUnknownParameterType": False,
}


def complaints(folder, code, **rules):
    """What pyright says of code that stands outside of the package, as its users' does."""
    needed("pyright")
    config = {"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": True, **rules}
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(code, encoding="utf-8")
    root = str(Path(gdregress.__file__).parents[1])
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]
    environment = {**os.environ, "PYTHONPATH": root, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode in (0, 1), result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["summary"]["filesAnalyzed"] == 1
    return [
        f"line {found['range']['start']['line'] + 1}: {found['message']}"
        for found in report["generalDiagnostics"]
    ]


def test_annotated_code(tmp_path):
    code = Path(user_code.__file__).read_text(encoding="utf-8")
    assert not complaints(tmp_path, code, reportMissingTypeStubs=False)


def test_the_readme_and_every_page_of_the_guide(tmp_path):
    for library in ("torch", "tensorboard", "optuna", "pyarrow", "dask"):
        needed(library)
    code = [code for page in PAGES.values() for code, _ in BLOCK.findall(page)]
    assert not complaints(tmp_path, "\n\n".join(code), **THIRD_PARTY, **UNANNOTATED)


def test_a_mistake_in_unannotated_code(tmp_path):
    code = "from gdregress import GDRegressor\nGDRegressor(tol='small').fit([[1.0]], [1.0]).coef\n"
    found = complaints(tmp_path, code, **THIRD_PARTY, **UNANNOTATED)
    assert found and "line 2" in found[0] and '"tol"' in found[0]


# Which signatures are annotated


def public_functions():
    """Functions and methods with public names of all public modules, by their qualified names."""
    modules = [gdregress, *(getattr(gdregress, name) for name in gdregress._SUBMODULES)]
    for value in (value for module in modules for value in vars(module).values()):
        if inspect.isfunction(value) and value.__module__.startswith("gdregress"):
            yield value
        elif inspect.isclass(value):
            bases = [b for b in value.__mro__ if b.__module__.startswith("gdregress")]
            for name, method in ((n, m) for base in bases for n, m in vars(base).items()):
                method = getattr(method, "fget", getattr(method, "__func__", method))
                method = getattr(method, "__wrapped__", method)  # of available_if
                if inspect.isfunction(method) and (name == "__init__" or name[0] != "_"):
                    yield method


def test_every_public_signature_is_annotated():
    functions = {function for function in public_functions() if function.__name__[0] != "<"}
    assert len(functions) > 150
    missing = {}
    for function in functions:
        names = set(inspect.signature(function).parameters) - {"self", "cls"} | {"return"}
        missing[f"{function.__module__}.{function.__qualname__}"] = (
            names - function.__annotations__.keys()
        )
    assert not {name: names for name, names in missing.items() if names}


@pytest.mark.parametrize("estimator", [gdregress.GDRegressor, gdregress.GDClassifier])
def test_every_documented_attribute_is_annotated(estimator):
    section = estimator.__doc__.partition("Attributes\n")[2].partition("See Also")[0]
    documented = set(re.findall(r"^    (\w+_) : ", section, flags=re.MULTILINE))
    hints = [vars(base).get("__annotations__", {}) for base in estimator.__mro__]
    assert documented == {name for names in hints for name in names if name.endswith("_")}


# What is annotated runs

RUNS = [
    user_code.parameters,
    user_code.regressor,
    user_code.classifier,
    user_code.components,
    user_code.functions,
    user_code.displays,
    user_code.choosing,
]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_what_is_annotated_runs(run):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run()
