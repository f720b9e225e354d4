"""The HTML representation links to the site and says why the run ended."""

import pytest
from pages import ROOT

import gdregress
from gdregress import GDClassifier, GDRegressor


@pytest.mark.parametrize("estimator", [GDRegressor(), GDClassifier()])
def test_it_links_to_a_page_of_the_site(estimator):
    link = estimator._get_doc_link()
    folder, _, page = link.removesuffix(".html").rpartition("/")
    assert folder.endswith("/api/generated") and link in estimator._repr_html_()
    package, name = page.split(".")
    assert package == "gdregress" and getattr(gdregress, name) is type(estimator)
    assert f"   {name}\n" in (ROOT / "docs/api/estimators.rst").read_text(encoding="utf-8")


def test_a_class_of_a_user_has_no_page():
    class Mine(GDRegressor):
        pass

    assert not Mine()._get_doc_link()


def test_the_reason_of_the_end_is_readable(small_data):
    model = GDRegressor().fit(*small_data)
    assert f"<td>&#x27;{model.stop_reason_}&#x27;</td>" in model._repr_html_()
    assert type(model.stop_reason_) is str
