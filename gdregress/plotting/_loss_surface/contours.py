"""The surface alone, without paths: contours from above, or hills in three dimensions."""

import numpy as np

from gdregress.plotting._shared.figure import foreground, pyplot

LEVELS = 16
# Share of the window inside the lowest contour; the flat part of the surface does not count.
INNERMOST = 0.01
# Heights below this share of the highest belong to the flat part.
SMALLEST = 1e-9
# Smallest ratio of the highest to the lowest contour at which powers of ten suffice as ticks.
FEW = 1e3
# Left, bottom, width and height of the colour bar, in those of its axes.
BAR = (1.04, 0.0, 0.05, 1.0)


def gap_levels(gaps, n_levels=LEVELS):
    """Heights of the contours; equal ratios make a valley visible between high walls.

    Parameters
    ----------
    gaps : ndarray
        Heights above the lowest point; NaN or infinite outside the function's domain.
    n_levels : int

    Returns
    -------
    levels : ndarray of shape (n_levels,), or of shape (0,) for a level plane
    """
    finite = gaps[np.isfinite(gaps)]
    highest = finite.max(initial=0.0)
    if highest <= 0:
        return np.empty(0)
    rising = finite[finite > SMALLEST * highest]
    lowest = min(np.quantile(rising, INNERMOST), highest / 2)
    return np.geomspace(lowest, highest, n_levels)


def draw_contours(ax, x, y, gaps, n_levels, contour_kw):
    """Draw filled contours with lines between them; the lowest region stays unfilled.

    Returns
    -------
    filled : matplotlib.contour.QuadContourSet or None
        None for a level plane.
    """
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgba

    levels = gap_levels(gaps, n_levels)
    if not levels.size:
        return None
    ink = foreground()
    ends = [to_rgba(ink, alpha) for alpha in (0.0, 0.45)]
    shades = LinearSegmentedColormap.from_list("shades", ends)
    style = {"cmap": shades, "norm": LogNorm(levels[0], levels[-1]), "extend": "min"}
    heights = np.ma.masked_invalid(np.maximum(gaps, levels[0] / 2))
    filled = ax.contourf(x, y, heights, levels, **style | contour_kw)
    ax.contour(x, y, heights, levels, colors=[ink], linewidths=0.5, alpha=0.35)
    return filled


def draw_colorbar(filled, axes, label):
    """Draw the colour bar of some axes, which all have these contours, beside the rightmost.

    It is an inset there, so that it is as high as axes whose units are equal.
    """
    from matplotlib.ticker import LogLocator

    lowest, highest = filled.levels[[0, -1]]
    subs = (1.0, 2.0, 5.0) if highest < FEW * lowest else (1.0,)
    place = max(axes, key=lambda ax: tuple(ax.get_position().max)).inset_axes(BAR)
    bar = axes[0].figure.colorbar(filled, cax=place, format="%g")
    bar.set_label(label, fontsize="small")
    bar.set_ticks(LogLocator(subs=subs, numticks=8))
    bar.minorticks_off()


def draw_hills(ax, x, y, values, gaps, n_levels, surface_kw):
    """Draw the surface in three dimensions, coloured by the same heights as the contours."""
    from matplotlib.colors import LogNorm

    levels = gap_levels(gaps, n_levels)
    style = {"alpha": 0.85, "linewidth": 0, "antialiased": False}
    style |= {"rcount": len(y), "ccount": len(x), **surface_kw}
    colours = pyplot().get_cmap(style.pop("cmap", "viridis"))
    if levels.size:
        shade = LogNorm(levels[0], levels[-1], clip=True)
        faces = colours(shade(np.where(np.isfinite(gaps), gaps, levels[-1])))
        style = {"facecolors": faces, "shade": False, **style}
    heights = np.where(np.isfinite(values), values, np.nan)
    ax.computed_zorder = False  # a computed order would draw all of a path behind the surface
    ax.plot_surface(*np.meshgrid(x, y), heights, **style)
