"""Styles that tell lines apart, and the user's own keywords for all of them or for one."""

from collections.abc import Mapping
from itertools import cycle

from gdregress.plotting._shared.figure import colours

# Unbroken, long dashes, dots, both: neighbours differ in print without colour as well. Plain
# dashes are for rows that were not fitted and for references.
DASHES = ("-", (0, (6, 1)), (0, (1.2, 0.8)), (0, (5, 1, 1.2, 1)))


def by_name(keywords):
    """The user's keywords of ``Axes.plot`` by their names, where some are aliases."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(keywords, Line2D)


def keywords_by_label(keywords, labels):
    """The user's keywords of each line: those of all lines, then those under its label.

    Parameters
    ----------
    keywords : dict or None
        Such as ``{"lw": 1, "momentum": {"lw": 3}}``.
    labels : sequence of str

    Returns
    -------
    list of dict
        One for each label, by name.

    Raises
    ------
    ValueError
        If no line has such a label.
    """
    keywords = keywords or {}
    own = {str(name): kw for name, kw in keywords.items() if isinstance(kw, Mapping)}
    common = {name: kw for name, kw in keywords.items() if not isinstance(kw, Mapping)}
    if unknown := own.keys() - set(labels):
        raise ValueError(
            f"Keywords are given for {min(unknown)!r}, but the lines are {', '.join(labels)}."
        )
    return [by_name(common) | by_name(own.get(label)) for label in labels]


def line_styles(labels, line_kw=None, shades=None):
    """Keywords of ``Axes.plot`` for some lines: colour, dashes, then the user's keywords.

    Parameters
    ----------
    labels : sequence of str
    line_kw : dict or None
        As in `keywords_by_label`.
    shades : list of str or None
        Other colours than those of the palette.
    """
    own, shades = keywords_by_label(line_kw, labels), shades or colours(len(labels))
    looks = zip(shades, cycle(DASHES), own, strict=False)
    return [{"color": colour, "linestyle": dash, **kw} for colour, dash, kw in looks]
