"""How setuptools builds the kernels: named in pyproject.toml, imported by nobody else."""

import sys
from pathlib import Path

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

HEADER = """\
# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, infer_types=True
"""
TYPES_HEADER = "cimport cython\n"


class TolerantBuildExt(build_ext):
    """Build the extension, or leave it out where that fails.

    Without a C compiler the package works all the same, and says at the first stochastic fit
    that it is slow.
    """

    def build_extension(self, ext):
        try:
            folder = Path(self.build_temp) / "joined"
            ext.sources = [join(ext, folder)]
            self.cython_include_dirs = [str(folder)]  # where Cython finds the .pxd of the module
            if self.compiler.compiler_type == "msvc":
                ext.extra_compile_args = ["/O2", "/std:c11"]  # C11 for _Generic
            super().build_extension(ext)
        except Exception as error:  # whatever a missing or broken compiler raises
            print(f"gdregress: {ext.name} is installed uncompiled: {error}", file=sys.stderr)
            ext.optional = True


def join(ext, folder):
    """Write all parts of an extension as one module, and their .pxd as one, and return its path.

    Cython inlines functions within one module only. Parts import each other where they are not
    compiled; here the order of the sources puts each after those that it uses.
    """
    module = folder.joinpath(*ext.name.split(".")).with_suffix(".py")
    parts = [Path(source) for source in ext.sources]
    types = [part.with_suffix(".pxd") for part in parts if part.with_suffix(".pxd").exists()]
    write(module, HEADER, parts)
    write(module.with_suffix(".pxd"), TYPES_HEADER, types)
    return str(module)


def write(path, header, parts):
    """Write what has changed only: the date of a file decides whether it is compiled again."""
    text = "\n\n".join([header, *(part.read_text(encoding="utf-8") for part in parts)])
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class AbiWheel(bdist_wheel):
    """One wheel for every Python from 3.11: the extension keeps to the stable ABI."""

    def finalize_options(self):
        self.py_limited_api = "cp311"
        super().finalize_options()
