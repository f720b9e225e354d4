"""The choice of points of a path as frames, and the animation of these frames."""

import numpy as np

from gdregress.plotting._shared.arguments import check_count


def chosen_frames(n_points: int, frames: int) -> list[int]:
    """Choose the points of a path that become frames.

    All points are frames if they are few enough. Otherwise frame i of k is the point at the share
    i^2 / (k - 1)^2 of the path, or point i if that comes later: a descent is fastest at first.

    Parameters
    ----------
    n_points : int
        At least 1.
    frames : int
        Largest count of frames.

    Returns
    -------
    indices : list of int
        In increasing order, from 0 to n_points - 1.

    Examples
    --------
    >>> from gdregress.plotting.animation import chosen_frames
    >>> chosen_frames(101, 6)
    [0, 4, 16, 36, 64, 100]
    """
    check_count("frames", frames, 2)
    if n_points <= frames:
        return list(range(n_points))
    i = np.arange(frames)
    along = np.round((i / (frames - 1)) ** 2 * (n_points - 1)).astype(int)
    return np.maximum(i, along).tolist()


def animation_of(figure, show, indices, interval):
    """An animation that calls ``show`` with each index in turn, in a figure of fixed layout."""
    from matplotlib.animation import FuncAnimation

    figure = figure.figure  # of a subfigure the whole one, which has canvas and layout
    show(indices[-1])
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # a layout engine would move the axes with every title
    animation = FuncAnimation(
        figure, show, frames=indices, interval=interval, cache_frame_data=False, blit=False
    )
    figure.canvas.draw()  # starts the animation; matplotlib warns if it was never drawn
    return animation
