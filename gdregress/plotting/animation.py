"""Animations of descents: two displays side by side, and files."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

from gdregress.plotting._shared.display import AnimatedDisplay
from gdregress.plotting._shared.figure import pyplot
from gdregress.plotting._shared.frames import animation_of, chosen_frames
from gdregress.plotting._shared.types import FuncAnimation

WRITERS = {".gif": "pillow", ".mp4": "ffmpeg", ".html": "html"}
# Largest size of the pictures in an .html file in megabytes; beyond it matplotlib drops frames.
EMBEDDED = 1000


def animate_side_by_side(
    left: AnimatedDisplay,
    right: AnimatedDisplay,
    *,
    frames: int = 100,
    interval: float = 50,
    figsize: tuple[float, float] = (11, 4.8),
) -> FuncAnimation:
    """Animate two displays of one descent together.

    Parameters
    ----------
    left, right : display with ``animate``
        For example the surface with the moving point, and the data with the moving line. All
        displays but `LearningRateDisplay` move; here each has one panel.
    frames : int, default=100
        Largest count of frames, as in ``animate``.
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
        If a display has no path, or the lengths of the paths differ.

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
    left._plot_for_animation(axes[0])
    right._plot_for_animation(axes[1])

    def show(index):
        left._show_frame(index)
        right._show_frame(index)
        figure.suptitle(left._title(index))

    return animation_of(figure, show, chosen, interval)


def save_animation(
    animation: FuncAnimation,
    filename: str | PathLike[str],
    *,
    fps: float | None = None,
    dpi: float | None = None,
) -> None:
    """Write an animation to a file, with a progress bar where rich is installed.

    Parameters
    ----------
    animation : matplotlib.animation.FuncAnimation
        Result of ``animate`` or `animate_side_by_side`.
    filename : str or path
        Pillow writes ".gif", the program ffmpeg writes ".mp4"; ".html" is a page with a player
        and all pictures.
    fps : float or None, default=None
        Frames per second; None keeps the speed of the animation.
    dpi : float or None, default=None
        Dots per inch; None is the resolution of the figure.

    Raises
    ------
    ValueError
        If the filename has another ending.
    RuntimeError
        For ".mp4" without ffmpeg.
    """
    from matplotlib.animation import writers

    path = Path(filename)
    if path.suffix.lower() not in WRITERS:
        raise ValueError(f"filename must end with {', '.join(WRITERS)}. Got {str(filename)!r}.")
    name = WRITERS[path.suffix.lower()]
    if not writers.is_available(name):
        raise RuntimeError(
            "Writing .mp4 files needs ffmpeg, a program that was not found: install ffmpeg or "
            "save as .gif."
        )
    source: Any = animation.event_source
    page = {"embed_frames": True, "embed_limit": EMBEDDED, "default_mode": "loop"}
    options: Any = page if name == "html" else {}
    rate: Any = fps or 1000 / source.interval
    writer = writers[name](rate, **options)
    with _progress(path.name) as report:
        animation.save(path, writer, dpi=dpi, progress_callback=report)


@contextmanager
def _progress(description):
    """Yield ``report(done, total)``, where done counts from 0; None where no bar is shown.

    Parameters
    ----------
    description : str
        Text before the bar.
    """
    if find_spec("rich") is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done + 1, total=total)
