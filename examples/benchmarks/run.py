"""Benchmarks of GDRegressor against its peers.

``python examples/benchmarks/run.py [names] [--quick] [--json FILE]`` runs the suites named, or
all of them, and prints medians of alternated runs in one process as ratios: "4 x" took four
times as long as ours. ``--quick`` uses a tenth of the rows and fewer repeats.
"""

import argparse
import json

import suites
from timing import machine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *suites.SUITES], default=[])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--json", help="write the medians to this file as well")
    arguments = parser.parse_args()
    facts = machine()
    print("\n".join(facts))
    results = []
    for name in arguments.names or suites.SUITES:
        results += suites.SUITES[name](arguments.quick)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"machine": facts, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()
