"""What scikit-learn's HTML representation links to and shows."""

# where the site is served
DOCUMENTATION = "https://gdregress.readthedocs.io/en/stable"


class Uncut(str):
    """A text that the table of fitted attributes does not cut to nine characters."""


class LinkedHTML:
    """Mixin of the estimators: links to their pages of the site, and why the run ended."""

    _doc_link_module = "gdregress"
    _doc_link_template = f"{DOCUMENTATION}/api/generated/gdregress.{{estimator_name}}.html"

    def _get_fitted_attr_html(self, doc_link=""):
        attributes = super()._get_fitted_attr_html(doc_link)
        if "stop_reason_" in attributes:
            attributes["stop_reason_"]["value"] = Uncut(self.stop_reason_)
        return attributes
