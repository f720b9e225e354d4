"""Links and texts of the HTML representation of the estimators."""

from functools import cache
from importlib.metadata import PackageNotFoundError, metadata


@cache
def documentation_url() -> str:
    """The address of the site: "Documentation" under ``project.urls`` in pyproject.toml.

    Returns
    -------
    str
        Empty if none is declared or the package is not installed.
    """
    try:
        declared = metadata("gdregress").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    urls = dict(line.split(", ", 1) for line in declared)
    return urls.get("Documentation", "").rstrip("/")


class Uncut(str):
    """A text that the table of fitted attributes does not cut to nine characters."""


class LinkedHTML:
    """Mixin of the estimators: links to their pages of the site, and why the run ended."""

    _doc_link_module = "gdregress"
    _page = "gdregress.{estimator_name}"

    @property
    def _doc_link_template(self):
        return f"{documentation_url()}/api/generated/{self._page}.html"

    def _get_doc_link(self):
        return super()._get_doc_link() if documentation_url() else ""

    def _get_fitted_attr_html(self, doc_link=""):
        attributes = super()._get_fitted_attr_html(doc_link)
        if "stop_reason_" in attributes:
            attributes["stop_reason_"]["value"] = Uncut(self.stop_reason_)
        return attributes
