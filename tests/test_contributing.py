"""The components of docs/contributing.md, added to a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gdregress

ROOT = Path(__file__).parents[1]
PACKAGE = Path(gdregress.__file__).parent
GUIDE = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
BLOCK = r"\n\n```python\n(.*?)```"
STEPS = re.findall(
    rf"In `([\w/.]+)`, before `(\w+)`:{BLOCK}\n\nand in `\2`:{BLOCK}", GUIDE, flags=re.DOTALL
)
REGISTRIES = re.compile(r"\b({})\b".format("|".join(registry for _, registry, _, _ in STEPS)))


def add(root, path, registry, code, line):
    """Put a class before its registry, and its line at the registry's end."""
    file = root / path
    source = file.read_text(encoding="utf-8")
    start = re.search(rf"^{registry}\b.*? = {{\n", source, flags=re.MULTILINE)
    end = source.index("\n}\n", start.start()) + 1
    before, entries, after = source[: start.start()], source[start.start() : end], source[end:]
    file.write_text(f"{before}{code}\n\n{entries}{line}{after}", encoding="utf-8")


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the package and its tests with all components of the guide."""
    root = tmp_path_factory.mktemp("extended")
    junk = shutil.ignore_patterns(
        "__pycache__", ".pytest_cache", ".hypothesis", "_build", "gallery"
    )
    shutil.copytree(PACKAGE, root / "gdregress", ignore=junk)
    for folder in ("tests", "docs", "examples"):
        shutil.copytree(ROOT / folder, root / folder, ignore=junk)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root)
    for step in STEPS:
        add(root, *step)
    return root


def run(root, *command):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])}
    environment.pop("PYTEST_XDIST_WORKER", None)
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-20_000:] + result.stderr[-5_000:]
    return result.stdout


def files_that_read_registries():
    """Those of the tests, by themselves or by a module that several share."""
    folder = ROOT / "tests"
    shared = [file.stem for file in folder.glob("*.py") if not file.stem.startswith("test_")]
    found = [name for name in shared if REGISTRIES.search((folder / f"{name}.py").read_text())]
    imports = re.compile(r"\b(?:from|import) ({})\b".format("|".join(found)))
    for file in sorted(folder.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if (REGISTRIES.search(text) or imports.search(text)) and file != Path(__file__):
            yield file.relative_to(ROOT)


def test_the_guide_shows_a_component_of_each_kind():
    registries = [registry for _, registry, _, _ in STEPS]
    assert set(registries) == {
        "CLASSIFICATION_LOSSES",
        "LOSSES",
        "OPTIMIZERS",
        "PENALTIES",
        "SAMPLERS",
        "SCHEDULES",
    }


@pytest.mark.full
def test_the_style_is_that_of_the_package(extended):
    run(extended, "ruff", "check", "gdregress")
    run(extended, "ruff", "format", "--check", "gdregress")


@pytest.mark.full
def test_tests_of_registries_pass_with_a_component_more_of_each_kind(extended, monkeypatch):
    names = [line.split('"')[1] for _, _, _, line in STEPS]
    classes = [line.split('": ')[1].strip(" ,\n") for _, _, _, line in STEPS]
    monkeypatch.setenv("NEW_COMPONENTS", " ".join(names + classes))
    selection = ["-p", "new_components", "-n", "2", "-k", "not torch and not jax"]
    printed = run(extended, "pytest", "-q", *selection, *map(str, files_that_read_registries()))
    assert int(re.search(r"(\d+) passed", printed)[1]) > 500
    summary = printed[printed.index("registered components") :]
    assert all(name in summary for name in names)
