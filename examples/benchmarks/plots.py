"""Plots of the reports that are curves."""

from pathlib import Path

# Okabe and Ito's colours, which are told apart with any colour vision; markers and dashes help
# in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#888888")
MARKERS = "os^Dv<>PX*hd"
SMALLEST_GAP = 1e-9


def draw(results, folder):
    """Draw what can be drawn, one file per picture.

    Parameters
    ----------
    results : list of dict
        Reports of the suites.
    folder : str
        Made if it is not there.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    curves = [result for result in results if result.get("kind") == "curves"]
    simulations = [result for result in results if result.get("kind") == "simulation"]
    scalings = [result for result in results if result.get("kind") == "scaling"]
    for number, result in enumerate(curves, start=1):
        _save(_draw_curves(result), folder / f"time_to_gap_{number}.png")
    for result in simulations:
        _save(_draw_simulation(result), folder / "scaling_out.png")
    if scalings:
        _save(_draw_scaling(scalings), folder / "scaling.png")


def _draw_curves(result):
    """Ours on the left, the others on the right with our batch descent for comparison."""
    curves = result["curves"]
    ours = [name for name in curves if name.startswith("GDRegressor")]
    others = [name for name in curves if name not in ours]
    figure, axes = _figure(2, (11, 6.5), sharex=True, sharey=True)
    for axis, names in zip(axes, (ours, [ours[0], *others]), strict=True):
        styles = _styles(names)
        for name in names:
            axis.plot(curves[name]["seconds"], curves[name]["gap"], label=name, **styles[name])
        axis.set(xlabel="seconds of a whole fit", ylim=(SMALLEST_GAP, None))
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize="small")
    axes[0].set(ylabel="objective / its minimum - 1")
    figure.suptitle(result["title"])
    return figure


def _draw_simulation(result):
    """Seconds of a fit against the number of workers."""
    figure, (axis,) = _figure(1, (7.2, 4.6))
    styles = _styles(result["seconds"])
    for name, seconds in result["seconds"].items():
        axis.plot(result["workers"], seconds, label=name, **{**styles[name], "markevery": 8})
    axis.set(xlabel="workers of one thread", ylabel="seconds, simulated", title=result["title"])
    axis.legend()
    return figure


def _draw_scaling(results):
    figure, axes = _figure(len(results), (4.2 * len(results), 4.8))
    styles = _styles([name for result in results for name in result["seconds"]])
    for axis, result in zip(axes, results, strict=True):
        for name, seconds in result["seconds"].items():
            label = f"{name}: slope {result['slopes'][name]:.2f}"
            axis.plot(result["sizes"], seconds, label=label, **styles[name])
        axis.set(xlabel=result["axis"], ylabel="seconds per epoch")
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize="small")
    return figure


def _figure(panels, size, **shared):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, panels, figsize=size, layout="constrained", squeeze=False, **shared
    )
    for axis in axes[0]:
        axis.set(xscale="log", yscale="log")
        axis.grid(alpha=0.3)
    return figure, axes[0]


def _styles(names):
    """Colour, marker and dashes of each name; ours are drawn through, the others dashed."""
    return {
        name: {
            "color": COLOURS[number % len(COLOURS)],
            "marker": MARKERS[number % len(MARKERS)],
            "linestyle": "-" if name.startswith("GDRegressor") else "--",
            "linewidth": 1.6,
            "markersize": 5,
        }
        for number, name in enumerate(dict.fromkeys(names))
    }


def _save(figure, path):
    figure.savefig(path, dpi=120)
    print(f"\npicture: {path}")
