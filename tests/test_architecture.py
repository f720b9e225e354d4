"""Imports inside the package go down only, and importing it loads no optional package."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import gdregress

PACKAGE = Path(gdregress.__file__).parent

# The rules of the house: a room imports from the rooms of the lines above it, never from
# below, and rooms of one line do not know each other.
RULES = [
    {"exceptions"},
    {"_utils"},
    {"_core"},
    {"losses", "penalties", "optimizers", "schedules", "samplers"},
    {"_objective"},
    {"_engines"},
    {"_solver"},
    {"_stream"},
    {"_estimator", "_minimize"},
    {"_paths", "_diagnosis"},
    {"regressors", "classifiers", "callbacks"},
    {"model_selection", "diagnosis"},
    {"plotting", "dask"},
]
LEVEL = {room: level for level, rooms in enumerate(RULES) for room in rooms}
ROOMS = sorted({path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()})
ROOMS = [room for room in ROOMS if not room.startswith("__")]


def imports_of(room):
    """Rooms whose modules a room imports, anywhere in its files."""
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else []
    files += sorted((PACKAGE / room).rglob("*.py"))
    found = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} has a relative import in line {node.lineno}"
                names = [node.module]
                if node.module == "gdregress":
                    names = [f"gdregress.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                package, _, module = name.partition(".")
                if package == "gdregress":
                    found.add(module.partition(".")[0])
    return found - {room}


def test_every_room_has_its_rule():
    assert set(ROOMS) == set(LEVEL)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_down_only(room):
    upward = {other for other in imports_of(room) if LEVEL[other] >= LEVEL[room]}
    assert not upward, f"{room} imports {sorted(upward)}"


def test_every_room_says_what_it_is_for_in_a_sentence():
    for path in sorted(PACKAGE.rglob("__init__.py")):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


# The public names


def test_dir_shows_the_public_names_and_nothing_else():
    components = {"losses", "optimizers", "penalties", "schedules", "samplers"}
    submodules = {*components, "plotting", "dask", "callbacks", "exceptions"}
    assert set(dir(gdregress)) == {*gdregress.__all__, *submodules}
    for name in dir(gdregress):
        assert getattr(gdregress, name) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "from gdregress.classification_losses import Hinge",
        "from gdregress.callable_loss import CallableLoss",
        "from gdregress.functions import minimize",
        "from gdregress.history import History",
        "from gdregress.line_search import LineSearch",
        "import gdregress.multiclass",
        "from gdregress.solver import solve",
    ],
)
def test_earlier_import_paths_lead_to_todays(statement):
    with pytest.warns(DeprecationWarning, match="is now gdregress"):
        sys.modules.pop(statement.split()[1], None)
        names = {}
        exec(statement, names)
    if "minimize" in names:
        assert names["minimize"] is gdregress.minimize


# Optional packages


def loaded_by(statement, but=""):
    """Top-level packages loaded in a fresh interpreter that runs one statement."""
    names = f"{{name.split('.')[0] for name in set(sys.modules) {but}}}"
    code = f"import sys\n{statement}\nprint(*{names})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_loads_no_optional_package():
    """scikit-learn itself loads pandas where it is installed; nothing is added to that."""
    theirs = "import sklearn.linear_model, scipy.sparse.linalg"
    if find_spec("sklearn.callback"):  # from 1.9 on
        theirs += ", sklearn.callback"
    ours = "import gdregress\ngdregress.dask.DaskGDRegressor"
    loaded = loaded_by(f"{theirs}\nbefore = set(sys.modules)\n{ours}", "- before")
    assert "gdregress" in loaded
    optional = {"matplotlib", "dask", "torch", "jax", "polars", "pandas", "rich"}
    assert not loaded & {*optional, "joblib", "threadpoolctl"}


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


# Facts stand on the components ------------------------------------------------------------------

# Where a class of the package is asked for all the same, and how often: what a user hands in may
# be of any kind, and what leaves for scikit-learn needs a class of theirs.
ASKED_FOR = {
    "_estimator/components.py": 2,
    "_estimator/saving/saved_state.py": 3,
    "_estimator/export/twins.py": 2,
    "_minimize/minimize.py": 1,
    "_minimize/tree.py": 1,
    "_objective/jitted.py": 1,
    "_solver/beginning.py": 1,
    "_utils/earlier_paths.py": 1,
    "_utils/facts.py": 1,
    "plotting/_loss_curve/curves.py": 1,
    "plotting/_shared/estimators.py": 1,
    "plotting/learning_rate.py": 1,
}


def own_classes():
    """Names of all classes of the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name


def asks_for_a_class(node, own):
    """Whether an expression decides by a class of the package."""
    if isinstance(node, ast.Compare):
        parts = (node.left, *node.comparators)
        return any(isinstance(p, ast.Call) and ast.unparse(p.func) == "type" for p in parts)
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in (
        "isinstance",
        "issubclass",
    ):
        return False
    return any(isinstance(part, ast.Name) and part.id in own for part in ast.walk(node.args[1]))


def test_nothing_asks_for_the_class_of_a_component():
    own, asked = set(own_classes()), {}
    for path in sorted(PACKAGE.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        count = sum(asks_for_a_class(node, own) for node in nodes)
        if count and path.parent.name not in ("_engines", "kernels"):
            asked[path.relative_to(PACKAGE).as_posix()] = count
    excess = {name: n for name, n in asked.items() if n > ASKED_FOR.get(name, 0)}
    assert not excess, f"let the component state a fact instead: {excess}"
