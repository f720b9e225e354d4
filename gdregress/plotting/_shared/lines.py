"""Styles that tell lines apart, and the user's own keywords for all of them or for one."""

from collections.abc import Mapping

from gdregress.plotting._shared.figure import colours

DASHES = ("-", "-.", ":")
# Lines that differ by colour alone, dark, light and between; the next ones have other dashes.
ALIKE = 3
# matplotlib's names of the same keyword for lines and for points.
_SAME = {"c": "color", "ls": "linestyle", "lw": "linewidth"}


def with_keywords(style, keywords):
    """Keywords of ``Axes.plot``, of which the user's own come last, by name or alias.

    Parameters
    ----------
    style : dict
    keywords : dict or None
        Of the user, such as ``{"lw": 3}``.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return {**style, **normalize_kwargs(keywords, Line2D)}


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
        One for each label.

    Raises
    ------
    ValueError
        If no line has such a label.
    """
    keywords = keywords or {}
    labels = [str(label) for label in labels]
    own = {str(name): kw for name, kw in keywords.items() if isinstance(kw, Mapping)}
    common = {name: kw for name, kw in keywords.items() if not isinstance(kw, Mapping)}
    if unknown := own.keys() - set(labels):
        raise ValueError(
            f"Keywords are given for {min(unknown)!r}, but the lines are {', '.join(labels)}."
        )
    return [_joined(common, own.get(label, {})) for label in labels]


def _joined(common, own):
    """Both, the own last, whichever alias each of them uses."""
    names = [{_SAME.get(name, name): kw for name, kw in each.items()} for each in (common, own)]
    return {**names[0], **names[1]}


def line_styles(labels, line_kw=None):
    """Keywords of ``Axes.plot`` for some lines: colour, dashes, then the user's keywords.

    Parameters
    ----------
    labels : sequence of str
    line_kw : dict or None
        As in `keywords_by_label`.
    """
    dashes = [DASHES[i // ALIKE % len(DASHES)] for i in range(len(labels))]
    own = keywords_by_label(line_kw, labels)
    return [
        with_keywords({"color": colour, "linestyle": dash}, keywords)
        for colour, dash, keywords in zip(colours(len(labels)), dashes, own, strict=True)
    ]
