"""The message for a missing compiled core states the reason and the remedy."""

import json

import gdregress
from gdregress._core import core
from gdregress._core.origin import build_report, why_uncompiled


def package_in(folder, name=None, **report):
    """A package without anything in it but what a build leaves."""
    package = folder / "gdregress"
    kernels = package / "_core" / "kernels"
    kernels.mkdir(parents=True)
    if name is not None:
        (kernels / name).touch()
    if report:
        (kernels / "build.json").write_text(json.dumps(report), encoding="utf-8")
    return package


def test_a_build_that_has_failed_says_why(tmp_path):
    package = package_in(tmp_path, compiler="gcc 12", failure="CompileError: gcc: not found")
    assert build_report(package)["compiler"] == "gcc 12"
    text = why_uncompiled(package, search=[])
    assert "CompileError: gcc: not found" in text
    assert "Install a C compiler, then reinstall gdregress" in text


def test_a_source_tree_that_hides_the_installed_package_says_so(tmp_path):
    site, tree = tmp_path / "site", tmp_path / "tree"
    package_in(site, "compiled.abi3.so")
    package = package_in(tree)
    (tree / "pyproject.toml").touch()
    text = why_uncompiled(package, search=[str(tree), str(site)])
    assert f"installed in {site}" in text
    assert "Start Python in another folder, or run pip install -e ." in text
    assert "C compiler" not in text


def test_a_source_tree_that_has_not_been_built_says_so(tmp_path):
    package = package_in(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    text = why_uncompiled(package, search=[str(tmp_path)])
    assert "nothing has been built" in text and "pip install -e ." in text


def test_without_a_report(tmp_path):
    assert build_report(package_in(tmp_path)) == {"compiler": None, "failure": None}
    assert "Install a C compiler" in why_uncompiled(tmp_path / "gdregress", search=[])


def test_show_versions_tells_why(capsys, monkeypatch):
    monkeypatch.setattr(core, "kernels", None)
    gdregress.show_versions()
    line = next(line for line in capsys.readouterr().out.splitlines() if "compiled core" in line)
    assert line == f"{'compiled core':<18}none: {why_uncompiled()}"
