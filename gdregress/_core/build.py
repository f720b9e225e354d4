"""How setuptools builds the compiled epoch: named in pyproject.toml, imported by nobody else."""

import sys

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext


class TolerantBuildExt(build_ext):
    """Build the extension, or install its interpreted twin where that fails.

    Without a C compiler the package works all the same, and says at the first stochastic fit
    that it is slow.
    """

    def build_extension(self, ext):
        try:
            super().build_extension(ext)
        except Exception as error:  # whatever a missing or broken compiler raises
            print(f"gdregress: {ext.name} is installed uncompiled: {error}", file=sys.stderr)
            ext.optional = True


class AbiWheel(bdist_wheel):
    """One wheel for every Python from 3.11: the extension keeps to the stable ABI."""

    def finalize_options(self):
        self.py_limited_api = "cp311"
        super().finalize_options()
