"""Descents in motion: frames, two pictures side by side, and files."""

from numbers import Integral
from pathlib import Path

import numpy as np

from gdregress.plotting._figure import pyplot
from gdregress.plotting._progress import progress

WRITERS = {".gif": "pillow", ".mp4": "ffmpeg", ".html": "html"}
# Megabytes of pictures inside an .html file, beyond which frames would be left out silently.
EMBEDDED = 1000


class AnimatedDisplay:
    """A display whose picture can move: it has ``n_frames`` and ``_show_frame``."""

    unit = "epoch"
    # What the legend calls the head of a path.
    _head_name = "end"

    def animate(self, ax=None, *, frames=100, interval=50, **plot_options):
        """Draw the picture and let it move, from the start of the descent to its end.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None.
        frames : int, default=100
            Most frames. A longer run is thinned out, less so at its beginning; the first and
            the last point are always shown.
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
            If the display holds no path.
        """
        chosen = chosen_frames(self._checked_frames(), frames)
        self._plot_to_move(ax, **plot_options)

        def show(index):
            self._show_frame(index)
            self._announce(self._title(index))

        return _animation(self.figure_, show, chosen, interval)

    def _checked_frames(self):
        if not self.n_frames:
            raise ValueError(
                f"This {type(self).__name__} holds no path that could move. Fit with "
                "store_path=True, or pass a path."
            )
        return self.n_frames

    def _plot_to_move(self, ax, **plot_options):
        self._head_name = "now"
        try:
            self.plot(ax, **plot_options)
        finally:
            self._head_name = "end"

    def _announce(self, text):
        self.ax_.set_title(text)

    def _title(self, index):
        return f"{self.unit} {index} of {self.n_frames - 1}"


def animate_side_by_side(left, right, *, frames=100, interval=50, figsize=(11, 4.8)):
    """Two displays of one descent, moving together.

    Parameters
    ----------
    left, right : LossSurfaceDisplay, DescentPathDisplay or FitDisplay
        For instance the surface with the moving point, and the data with the moving line.
    frames : int, default=100
        Most frames, as in ``animate``.
    interval : float, default=50
        Milliseconds between two frames.
    figsize : pair of float, default=(11, 4.8)
        Size of the figure in inches.

    Returns
    -------
    animation : matplotlib.animation.FuncAnimation

    Raises
    ------
    ValueError
        If the displays hold paths of different lengths, or none.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting.animation import animate_side_by_side, save_animation
    >>> from gdregress.plotting.fit import FitDisplay
    >>> from gdregress.plotting.loss_surface import LossSurfaceDisplay
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.5])
    >>> model = GDRegressor(store_path=True).fit(X, y)
    >>> surface = LossSurfaceDisplay.from_estimator(model, X, y)
    >>> fit = FitDisplay.from_estimator(model, X, y)
    >>> animation = animate_side_by_side(surface, fit, frames=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_animation(animation, Path(folder) / "descent.gif")
    """
    lengths = left._checked_frames(), right._checked_frames()
    if lengths[0] != lengths[1]:
        raise ValueError(
            "Both displays must show the same descent: the left one has "
            f"{lengths[0]} points, the right one {lengths[1]}."
        )
    chosen = chosen_frames(lengths[0], frames)
    figure, axes = pyplot().subplots(1, 2, figsize=figsize, layout="constrained")
    left._plot_to_move(axes[0])
    right._plot_to_move(axes[1])

    def show(index):
        left._show_frame(index)
        right._show_frame(index)
        figure.suptitle(left._title(index))

    return _animation(figure, show, chosen, interval)


def chosen_frames(n_points, frames):
    """Which points of a path become frames.

    All if there are few enough; otherwise the i-th of k frames is the point i^2 / (k - 1)^2 of
    the way, or the i-th point where that is further: descents slow down.

    Parameters
    ----------
    n_points : int
        At least 1.
    frames : int
        Most frames.

    Returns
    -------
    indices : list of int
        Increasing, from 0 to n_points - 1.

    Examples
    --------
    >>> from gdregress.plotting.animation import chosen_frames
    >>> chosen_frames(101, 6)
    [0, 4, 16, 36, 64, 100]
    """
    if not isinstance(frames, Integral) or frames < 2:
        raise ValueError(f"frames must be a whole number of at least 2. Got {frames!r}.")
    if n_points <= frames:
        return list(range(n_points))
    i = np.arange(frames)
    along = np.round((i / (frames - 1)) ** 2 * (n_points - 1)).astype(int)
    return np.maximum(i, along).tolist()


def save_animation(animation, filename, *, fps=None, dpi=None):
    """Write an animation to a file, with a progress bar where rich is installed.

    Parameters
    ----------
    animation : matplotlib.animation.FuncAnimation
        As ``animate`` returns it.
    filename : str or path
        Ending with ".gif" (written by Pillow), ".mp4" (by ffmpeg, a program) or ".html" (a page
        with a player, on its own).
    fps : float or None, default=None
        Frames per second; None keeps the animation's own speed.
    dpi : float or None, default=None
        Dots per inch; None is the figure's.

    Raises
    ------
    ValueError
        For another ending.
    RuntimeError
        For ".mp4" without ffmpeg.
    """
    from matplotlib.animation import HTMLWriter, writers

    path = Path(filename)
    if path.suffix.lower() not in WRITERS:
        raise ValueError(f"filename must end with {', '.join(WRITERS)}. Got {str(filename)!r}.")
    name = WRITERS[path.suffix.lower()]
    if not writers.is_available(name):
        raise RuntimeError(
            "Writing .mp4 files needs ffmpeg, a program that was not found: install ffmpeg or "
            "save as .gif."
        )
    options = {"writer": name, "fps": fps}
    if name == "html":
        fps = fps or 1000 / animation.event_source.interval
        writer = HTMLWriter(fps=fps, embed_frames=True, embed_limit=EMBEDDED, default_mode="loop")
        options = {"writer": writer}
    with progress(path.name) as report:
        animation.save(path, dpi=dpi, progress_callback=report, **options)


def _animation(figure, show, indices, interval):
    from matplotlib.animation import FuncAnimation

    show(indices[-1])
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # or the axes would move with every title, at some cost
    animation = FuncAnimation(
        figure, show, frames=indices, interval=interval, cache_frame_data=False, blit=False
    )
    figure.canvas.draw()  # which starts it; matplotlib warns of one that has never been drawn
    return animation
