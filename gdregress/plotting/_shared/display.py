"""The base classes of the displays, and of those that can be animated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, cast

import numpy as np

from gdregress.plotting._shared.frames import animation_of, chosen_frames
from gdregress.plotting._shared.types import Axes, Figure, FuncAnimation, Line2D


class Display:
    """A picture; `plot` sets its axes."""

    axes_: np.ndarray
    lines_: list[Line2D]

    @property
    def ax_(self) -> Axes:
        """The first of the axes."""
        return self.axes_[0]

    @property
    def figure_(self) -> Figure:
        """The figure of the axes."""
        return cast("Figure", self.ax_.figure)


class AnimatedDisplay(Display, ABC):
    """A display that draws a descent up to any of its points."""

    unit: str = "epoch"
    # Name of the head of a path in the legend.
    _head_name = "end"

    @property
    @abstractmethod
    def n_frames(self) -> int:
        """Count of the points of the descent, the start included."""

    @abstractmethod
    def plot(self, ax: Any = None, **plot_options: Any) -> Self:
        """Draw the picture."""

    @abstractmethod
    def _show_frame(self, index: int) -> None:
        """Show the descent up to one of its points."""

    def animate(
        self,
        ax: Axes | None = None,
        *,
        frames: int = 100,
        interval: float = 50,
        **plot_options: Any,
    ) -> FuncAnimation:
        """Draw the picture and animate it, from the start of the descent to its end.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None.
        frames : int, default=100
            Largest count of frames. A longer run skips points, mostly towards its end; the
            first and the last point are always shown.
        interval : float, default=50
            Milliseconds between two frames.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
            Keep it in a variable while it runs. The layout of its figure is fixed. In a
            notebook show it with ``IPython.display.HTML(animation.to_jshtml())``;
            `save_animation` writes files.

        Raises
        ------
        ValueError
            If the display has no path.
        """
        chosen = chosen_frames(self._checked_frames(), frames)
        self._plot_for_animation(ax, **plot_options)

        def show(index):
            self._show_frame(index)
            self._set_title(self._title(index))

        return animation_of(self.figure_, show, chosen, interval)

    def _checked_frames(self):
        if not self.n_frames:
            raise ValueError(
                f"This {type(self).__name__} holds no path that could move. Fit with "
                "store_path=True, or pass a path."
            )
        return self.n_frames

    def _plot_for_animation(self, ax, **plot_options):
        self._head_name = "now"
        try:
            self.plot(ax, **plot_options)
        finally:
            self._head_name = "end"

    def _set_title(self, text):
        if len(self.axes_) > 1:  # the titles of the axes are labels
            self.figure_.suptitle(text)
        else:
            self.ax_.set_title(text)

    def _title(self, index):
        return f"{self.unit} {index} of {self.n_frames - 1}"
