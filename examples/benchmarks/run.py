"""Benchmarks of GDRegressor and GDClassifier against their peers.

``python examples/benchmarks/run.py [names] [--quick] [--json FILE] [--plot DIR]`` runs the suites
named, or all of them, and prints medians of alternated runs in one process as ratios: "4.00 x"
took four times as long as ours. ``finishing`` and ``cluster`` stand for all suites whose names
begin so.
``--quick`` uses a fraction of the rows and fewer repeats.
"""

import argparse
import json
from importlib.util import find_spec

import machine
import plots
from suites import GROUPS, SUITES


def main():
    arguments = parse()
    facts = machine.facts()
    machine.print_facts(facts)
    results = []
    names = [suite for name in arguments.names for suite in GROUPS.get(name, [name])]
    for name in names or SUITES:
        print(f"\n=== {name}: {SUITES[name].__doc__.splitlines()[0]}", flush=True)
        results += SUITES[name](arguments.quick)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"machine": facts, "results": results}, file, indent=1)
    if arguments.plot:
        plots.draw(results, arguments.plot)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="names", help=", ".join([*SUITES, *GROUPS]))
    parser.add_argument("--quick", action="store_true", help="fewer rows and repeats")
    parser.add_argument("--json", metavar="FILE", help="write the reports to this file as well")
    parser.add_argument("--plot", metavar="DIR", help="draw curves and scaling into this folder")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SUITES and name not in GROUPS]
    if unknown:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join([*SUITES, *GROUPS])}")
    if arguments.plot and find_spec("matplotlib") is None:
        parser.error('--plot needs matplotlib: pip install ".[plot]"')
    return arguments


if __name__ == "__main__":
    main()
