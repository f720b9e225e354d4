"""The band of many coefficients: their range, and their middle half."""

import numpy as np

from gdregress.plotting._shared.figure import foreground


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
        self.ax = ax
        self.epochs = epochs
        known = ~np.isnan(paths).all(axis=1)
        heights = np.full((4, len(epochs)), np.nan)
        heights[:, known] = np.nanquantile(paths[known], [0, 0.25, 0.75, 1], axis=1)
        style = {"color": foreground(), "linewidth": 0, "zorder": 0.5}
        self.range = ax.fill_between(epochs, heights[0], heights[3], alpha=0.15, **style)
        self.half = ax.fill_between(epochs, heights[1], heights[2], alpha=0.3, **style)

    def show(self, index):
        """Show the band up to one of the epochs."""
        from matplotlib.patches import Rectangle

        x, (low, high) = self.epochs[min(index, len(self.epochs) - 1)], self.ax.get_ylim()
        corner, width = (self.epochs[0], low), x - self.epochs[0]
        shown = Rectangle(corner, width, high - low, transform=self.ax.transData)
        for shade in (self.range, self.half):
            shade.set_clip_path(shown)
