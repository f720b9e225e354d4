"""Coefficients along epochs or strengths: the largest with names, the others in the background."""

import numpy as np

from gdregress.plotting._shared.figure import foreground
from gdregress.plotting._shared.legend import legend_beside
from gdregress.plotting._shared.lines import line_styles

# Opacity of the lines without a name.
FAINT = 0.3
# Most lines without a name; more of them are a band.
MOST_FAINT = 30


class DrawnCoefficients:
    """The artists of some coefficients.

    Parameters
    ----------
    ax : matplotlib Axes
    x : ndarray of shape (n_points,)
    paths : ndarray of shape (n_points, n_coefficients)
        NaN where they are not finite.
    names : dict of int to str
        Of some columns.
    line_kw : dict or None
        The user's keywords of ``Axes.plot`` for these, as in `keywords_by_label`.

    Attributes
    ----------
    lines : dict of int to Line2D
        By column.
    band : Band or None
    """

    def __init__(self, ax, x, paths, names, line_kw=None):
        self.ax, self.names = ax, names
        styles = dict(zip(names, line_styles(list(names.values()), line_kw), strict=True))
        self.others = [j for j in range(paths.shape[1]) if j not in names]
        self.band = None
        if len(self.others) > MOST_FAINT:
            self.band = Band(ax, x, paths[:, self.others])
        drawn = range(paths.shape[1]) if self.band is None else sorted(names)
        faint = {"color": foreground(), "alpha": FAINT, "linewidth": 0.8, "zorder": 1}
        self.lines = {j: ax.plot(x, paths[:, j], **styles.get(j, faint))[0] for j in drawn}

    def draw_legend(self, more=None):
        """Write the names of the columns beside the axes, in the order of their ends.

        Parameters
        ----------
        more : dict of str to artist
            Further entries.
        """
        ends = {j: _last_finite(self.lines[j].get_ydata()) for j in self.names}
        entries = {self.names[j]: self.lines[j] for j in sorted(ends, key=lambda j: -ends[j])}
        text = f"{len(self.others)} smaller coefficients"
        if self.band is not None:
            entries |= {text: self.band.range, "their middle half": self.band.half}
        elif self.others:
            entries[text] = self.lines[self.others[0]]
        legend_beside(self.ax, entries | (more or {}))


def largest(coef, n):
    """Numbers of the n largest coefficients by magnitude, from the largest on."""
    return np.argsort(-np.abs(coef), kind="stable")[:n].tolist()


def _last_finite(values):
    return values[np.isfinite(values)][-1]


class Band:
    """Two shades over the epochs.

    Parameters
    ----------
    ax : matplotlib Axes
    epochs : ndarray of shape (n_epochs + 1,)
    paths : ndarray of shape (n_epochs + 1, n_coefficients)
        NaN where they are not finite.
    """

    def __init__(self, ax, epochs, paths):
        self.ax, self.epochs = ax, epochs
        known = ~np.isnan(paths).all(axis=1)
        heights = np.full((4, len(epochs)), np.nan)
        heights[:, known] = np.nanquantile(paths[known], [0, 0.25, 0.75, 1], axis=1)
        style = {"color": foreground(), "linewidth": 0, "zorder": 0.5}
        self.range = ax.fill_between(epochs, heights[0], heights[3], alpha=0.15, **style)
        self.half = ax.fill_between(epochs, heights[1], heights[2], alpha=0.3, **style)

    def show(self, index):
        """Show the band up to one of the epochs."""
        from matplotlib.patches import Rectangle

        start, end = self.epochs[[0, min(index, len(self.epochs) - 1)]]
        low, high = self.ax.get_ylim()
        shown = Rectangle((start, low), end - start, high - low, transform=self.ax.transData)
        for shade in (self.range, self.half):
            shade.set_clip_path(shown)
