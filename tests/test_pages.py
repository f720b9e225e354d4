"""The code of the README and of the pages of the site prints what they show."""

import doctest
import inspect
import re

import pytest
from components import REGISTRIES
from libraries import needed
from pages import API, BLOCK, GUIDE, PAGES, ROOT, printed_by
from sklearn.base import BaseEstimator

import gdregress

SAME = doctest.OutputChecker().check_output
LOOSELY = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("page", PAGES)
def test_the_code_prints_what_is_shown(page):
    """One block after the other, as who pastes a page from top to bottom."""
    names = {}
    for library in re.findall(
        r"^(?:import|from) (torch|optuna|pyarrow|dask)", PAGES[page], re.MULTILINE
    ):
        needed(library)
    if "tensorboard" in PAGES[page]:
        needed("tensorboard")
    for code, shown in BLOCK.findall(PAGES[page]):
        printed = printed_by(code, names)
        assert SAME(shown, printed, LOOSELY), f"{code}\nprints\n{printed}\nnot\n{shown}"


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", PAGES["README.md"])
    assert len(links) > 5
    assert not [link for link in links if not (ROOT / link).exists()]


# what a column of a table is about, by its title
COLUMNS = {
    "`loss`": {*REGISTRIES["loss"], *REGISTRIES["loss of labels"]},
    "`optimizer`": {*REGISTRIES["optimizer"], "cg"},
    "`penalty`": REGISTRIES["penalty"],
    "`schedule`": REGISTRIES["schedule"],
    "`solver`": REGISTRIES["sampler"],
}


def test_the_tables_of_the_guide_name_components():
    """Those that they do not name are listed in the suite's summary."""
    listed = 0
    for table in re.findall(r"(?:^\|.*\n)+", GUIDE, flags=re.MULTILINE):
        titles, _, *rows = (line.split("|") for line in table.splitlines())
        for title, *cells in zip(titles, *rows, strict=True):
            names = set(re.findall(r'`"([\w-]+)"`', "".join(cells)))
            if title.strip() in COLUMNS:
                assert names <= set(COLUMNS[title.strip()])
                listed += len(names)
    assert listed > 40


def test_every_public_name_has_an_entry_in_the_api():
    """Registered components without one are listed in the suite's summary."""
    modules = [gdregress, *(getattr(gdregress, name) for name in gdregress._SUBMODULES)]
    public = {name for module in modules for name in public_names(module)}
    registered = {cls.__name__ for registry in REGISTRIES.values() for cls in registry.values()}
    assert len(API) > 50
    assert public - registered <= set(API) <= public


def public_names(module):
    """Names of the classes and functions that users import from a module of the package."""
    if hasattr(module, "__all__"):
        values = {name: getattr(module, name) for name in module.__all__}
        ours = {name: getattr(value, "__module__", "") for name, value in values.items()}
        return {name for name, home in ours.items() if home.startswith("gdregress")}
    classes = inspect.getmembers(module, inspect.isclass)
    components = [cls for _, cls in classes if issubclass(cls, BaseEstimator)]
    names = {cls.__name__ for cls in components if cls.__module__ == module.__name__}
    return {name for name in names if name[0] != "_"}
