"""Imports inside the package go down only, and importing it loads no optional package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gdregress

PACKAGE = Path(gdregress.__file__).parent

# Each line may import from the lines above it, never from its own or from those below.
LAYERS = [
    {"_version", "_show_versions", "_kernels", "_build", "_transfer"},
    {"_array_api", "exceptions"},
    {"_structure", "_unread", "_recent"},
    {"derivatives"},
    {"_validation"},
    {"losses", "penalties", "optimizers", "schedules", "history", "averaging", "threads"},
    {"classification_losses", "callable_loss", "_finite", "_classes"},
    {"multiclass"},
    {"core"},
    {"samplers"},
    {"stopping", "line_search", "design", "gradient_check", "scores"},
    {"evaluation"},
    {"moments", "look", "jitted"},
    {"objective", "curvature"},
    {"data_objective", "quadratic_objective", "function_objective"},
    {"compiled", "diagnosis", "_outcome"},
    {"jitted_epoch", "compiled_batch", "_ahead"},
    {"_overlap"},
    {"solver"},
    {"_components", "_plan"},
    {"_data", "_start", "_epoch_end"},
    {"_base"},
    {"regressors", "classifiers", "functions"},
    {"plotting"},
    {"__init__"},
]
LEVEL = {module: level for level, layer in enumerate(LAYERS) for module in layer}
FILES = {path.stem: [path] for path in PACKAGE.glob("*.py")}
FILES |= {path.parent.name: sorted(path.parent.glob("*.py")) for path in PACKAGE.glob("*/*.py")}
MODULES = sorted(FILES)


def imports_of(module):
    """Modules of the package that a module, or one of several files, imports anywhere."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES[module]]
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import in line {node.lineno}"
            package, _, name = (node.module or "").partition(".")
            if package == "gdregress":
                found |= {name.split(".")[0]} if name else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                package, _, name = alias.name.partition(".")
                if package == "gdregress":
                    found.add(name or "__init__")
    return {name if name in LEVEL else "__init__" for name in found}


def test_every_module_has_its_layer():
    assert set(MODULES) == set(LEVEL)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module):
    others = imports_of(module) - {module}
    upward = {name for name in others if LEVEL[name] >= LEVEL[module]}
    assert not upward, f"{module} imports {sorted(upward)}"


# Optional packages


def loaded_by(statement):
    """Top-level packages loaded in a fresh interpreter that runs one statement."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_loads_no_optional_package():
    """scikit-learn itself loads pandas where it is installed; nothing is added to that."""
    loaded = loaded_by("import gdregress")
    assert "gdregress" in loaded
    assert not loaded & {"matplotlib", "dask", "torch", "jax", "polars"}
    already = loaded_by("import sklearn.callback, sklearn.linear_model, scipy.sparse.linalg")
    assert not (loaded - already) & {"pandas", "rich", "joblib", "threadpoolctl"}


BLOCK = """
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name in {"matplotlib", "pandas", "dask", "torch", "jax", "polars", "rich", "cython"}:
            raise ImportError(name)

sys.meta_path.insert(0, Blocked())
"""


def test_fitting_works_without_any_optional_package():
    fit = "from gdregress import GDRegressor; GDRegressor().fit([[0.0], [1.0]], [0.0, 1.0])"
    loaded = loaded_by(BLOCK + fit)
    assert "gdregress" in loaded
    assert not loaded & {"pandas", "rich", "cython"}
