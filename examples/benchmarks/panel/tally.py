"""Counts over many attempts, one line for each solver and kind of columns."""

from itertools import product

from panel.attempt import EXACT, FAR

COUNTS = ("fits", "finished", "within 1e-6", "silent", "false alarms", "below F*")


def tally(title, attempts):
    """Print the counts of attempts and return them for a file.

    "finished" ended by "tolerance" within 1e-6 of the minimum; "silent" are more than 1 % away
    from it without a warning, or call themselves converged; "false alarms" warned within 1e-6;
    "below F*" would say that the reference is wrong.
    """
    print(f"\n{title}\n  {'':<26}" + "".join(f"{name:>14}" for name in COUNTS) + f"{'worst':>10}")
    lines = {}
    for columns, solver in product(*_kinds(attempts)):
        some = [a for a in attempts if (a.columns, a.solver) == (columns, solver)]
        if some:
            lines[f"{columns}, {solver}"] = counts(some)
    for name, line in lines.items():
        cells = "".join(f"{line[count]:>14}" for count in COUNTS)
        print(f"  {name:<26}{cells}{line['worst gap']:>10.1e}")
    return {"title": title, "counts": lines}


def counts(attempts):
    """The numbers of one line."""
    return {
        "fits": len(attempts),
        "finished": sum(a.finished for a in attempts),
        "within 1e-6": sum(a.gap < EXACT for a in attempts),
        "silent": sum(a.silent for a in attempts),
        "false alarms": sum(a.false_alarm for a in attempts),
        "below F*": sum(a.gap < -1e-7 for a in attempts),
        "worst gap": max(a.gap for a in attempts),
    }


def print_worst(title, attempts, most=25):
    """The fits that are far and silent first, then the largest gaps of those unfinished."""
    open_ones = [a for a in attempts if not a.finished and (a.smooth or a.gap > EXACT)]
    open_ones.sort(key=lambda a: (not a.silent, -a.gap))
    print(f"\n{title}: {len(open_ones)}, the worst {min(most, len(open_ones))}")
    for a in open_ones[:most]:
        word = "silent" if a.silent else "far" if a.gap > FAR else ""
        print(
            f"  {a.table:<24}{a.columns:<14}{a.loss:<28}{a.solver:<12}{a.optimizer:<10}"
            f"{a.gap:>9.1e}  {a.stop_reason} {a.epochs}  {word}"
        )


def _kinds(attempts):
    return (
        list(dict.fromkeys(a.columns for a in attempts)),
        list(dict.fromkeys(a.solver for a in attempts)),
    )
