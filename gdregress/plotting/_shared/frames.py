"""Which points of a path become frames, and the animation made of them."""

from numbers import Integral

import numpy as np


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


def animation_of(figure, show, indices, interval):
    from matplotlib.animation import FuncAnimation

    show(indices[-1])
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # or the axes would move with every title, at some cost
    animation = FuncAnimation(
        figure, show, frames=indices, interval=interval, cache_frame_data=False, blit=False
    )
    figure.canvas.draw()  # which starts it; matplotlib warns of one that has never been drawn
    return animation
