"""The contents of a release, without building one: sources and metadata."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_requirements_state_their_lowest_versions(project):
    for requirement in project["dependencies"]:
        assert requirement.count(">=") == 1, requirement


def test_optional_libraries_of_the_readme_have_extras(project):
    assert {"plot", "torch", "jax", "test", "dev", "examples"} <= set(
        project["optional-dependencies"]
    )


def test_classifiers_begin_with_the_lowest_python(project):
    lowest = project["requires-python"].removeprefix(">=")
    versions = [c for c in project["classifiers"] if "Python :: 3." in c]
    assert versions[0].endswith(lowest)
    assert project["authors"]
