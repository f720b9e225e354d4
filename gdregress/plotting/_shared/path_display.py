"""The base class of the displays of paths on a function of one or two variables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from gdregress.plotting._shared.display import AnimatedDisplay
from gdregress.plotting._shared.legend import draw_legend
from gdregress.plotting._shared.marks import END, KEPT, MINIMUM, START, legend_entry


class PathDisplay(AnimatedDisplay):
    """Paths by label, each on axes of its own or all on the same."""

    paths: Mapping[str, np.ndarray]

    @abstractmethod
    def _is_inside(self, points: np.ndarray) -> np.ndarray:
        """Which points lie in the window."""

    @property
    def n_frames(self) -> int:
        """Count of the points of the longest path; 0 without paths."""
        return max(map(len, self.paths.values()), default=0)

    def _groups(self, side_by_side):
        """The labels of the paths on each of the axes."""
        return (
            [[label] for label in self.paths] if side_by_side and self.paths else [[*self.paths]]
        )

    def _name(self, label, note=""):
        """The legend's text for a path."""
        path = self.paths[label]
        outside = int(np.sum(~self._is_inside(path)))
        seen = f" ({outside} of {len(path)} points outside)" if outside else ""
        return f"{label}{note}{seen}"

    def _draw_legend(self, lines, minimum, shows_kept, **options):
        """Draw the legend of the first axes.

        Parameters
        ----------
        lines : dict of str to Line2D
            Of the paths on the first axes alone, by label.
        minimum : str
            What the minimum is called, "" where it is not shown.
        shows_kept : bool
        **options
            Passed to `draw_legend`.
        """
        marks = {}
        if self.paths:
            marks |= {"start": START, self._head_name: END}
        if shows_kept:
            marks["returned"] = KEPT
        if minimum:
            marks[minimum] = MINIMUM
        handles = [*lines.values(), *(legend_entry(*item) for item in marks.items())]
        labels = [handle.get_label() for handle in handles]
        draw_legend(self.ax_, handles, labels, [*lines, *marks], **options)
