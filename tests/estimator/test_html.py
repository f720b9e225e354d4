"""The HTML representation links to the site and says why the run ended."""

import tomllib

import pytest
from libraries import needed_version
from pages import ROOT

import gdregress
from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.export import html


def test_the_address_of_the_site_is_that_which_the_project_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert html.documentation_url() == project.get("urls", {}).get("Documentation", "").rstrip("/")


METADATA = """Metadata-Version: 2.4
Name: gdregress
Version: 9.9
Project-URL: Source, https://example.org/source
Project-URL: Documentation, https://example.org/stable/
"""


def test_the_address_is_read_from_the_metadata_of_the_installed_package(tmp_path, monkeypatch):
    folder = tmp_path / "gdregress-9.9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(html, "documentation_url", html.documentation_url.__wrapped__)
    page = "https://example.org/stable/api/generated/gdregress.GDRegressor.html"
    assert GDRegressor()._get_doc_link() == page
    assert page in GDRegressor()._repr_html_()


def test_without_a_site_there_is_no_link(monkeypatch):
    monkeypatch.setattr(html, "documentation_url", lambda: "")
    assert not GDRegressor()._get_doc_link()
    assert "api/generated" not in GDRegressor()._repr_html_()


@pytest.mark.parametrize("estimator", [GDRegressor(), GDClassifier()])
def test_it_links_to_a_page_of_the_site(estimator, monkeypatch):
    monkeypatch.setattr(html, "documentation_url", lambda: "https://example.org/stable")
    link = estimator._get_doc_link()
    assert link.startswith("https://example.org/stable/")
    folder, _, page = link.removesuffix(".html").rpartition("/")
    assert folder.endswith("/api/generated") and link in estimator._repr_html_()
    package, name = page.split(".")
    assert package == "gdregress" and getattr(gdregress, name) is type(estimator)
    assert f"   {name}\n" in (ROOT / "docs/api/estimators.rst").read_text(encoding="utf-8")


def test_a_class_of_a_user_has_no_page(monkeypatch):
    monkeypatch.setattr(html, "documentation_url", lambda: "https://example.org/stable")

    class Mine(GDRegressor):
        pass

    assert not Mine()._get_doc_link()


def test_the_reason_of_the_end_is_readable(small_data):
    needed_version("scikit-learn", "1.9")  # which shows attributes of a fit
    model = GDRegressor().fit(*small_data)
    assert f"<td>&#x27;{model.stop_reason_}&#x27;</td>" in model._repr_html_()
    assert type(model.stop_reason_) is str
