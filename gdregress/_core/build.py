"""How setuptools builds the kernels: named in pyproject.toml, imported by nobody else."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HEADER = """\
# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, infer_types=True, freethreading_compatible=True
"""
TYPES_HEADER = "cimport cython\n"
# Where it is set, a build that fails is an error: for releases and their checks.
REQUIRED = "GDREGRESS_REQUIRE_CORE"
# What a build leaves beside the kernels; `_core/core.py` reads it.
REPORT = "build.json"
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
# Beside the package, what a release holds: all that its tests need.
FOLDERS = {
    "tests": ("*.py",),
    "docs": ("*.md", "*.rst", "*.py", "*.png", "*.gif", "*.css", "*.svg", "*.cff"),
    "examples": ("*.py", "*.c", "*.rst"),
}


class TolerantBuildExt(build_ext):
    """Build the extension, or leave it out where that fails and write down why.

    Without a C compiler the package works all the same, and says at the first stochastic fit
    that it is slow, and for which reason.
    """

    def run(self):
        self.failure = None
        super().run()
        report = {"compiler": _version(self.compiler), "failure": self.failure}
        for ext in self.extensions or []:
            # the same folder as that of the extension, or where it would be
            path = Path(self.get_ext_fullpath(ext.name)).with_name(REPORT)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(report), encoding="utf-8")

    def build_extension(self, ext):
        try:
            folder = Path(self.build_temp) / "joined"
            if len(ext.sources) > 1:  # not yet joined
                ext.sources = [join(ext, folder)]
            self.cython_include_dirs = [str(folder)]  # where Cython finds the .pxd of the module
            _suit_compiler(ext, self.compiler.compiler_type)
            super().build_extension(ext)
        except Exception as error:  # whatever a missing or broken compiler raises
            if os.environ.get(REQUIRED):
                raise
            self.failure = f"{type(error).__name__}: {_shortened(str(error))}"
            print(f"gdregress: {ext.name} is installed uncompiled: {error}", file=sys.stderr)
            ext.optional = True


def _shortened(message, most=200):
    """The beginning and the end of a message: in between stand the options of the compiler."""
    half = most // 2
    return message if len(message) <= most else f"{message[:half]} ... {message[-half:]}"


def _suit_compiler(ext, kind):
    """Options that depend on the compiler and the interpreter."""
    if kind == "msvc":
        ext.extra_compile_args = ["/O2", "/std:c11"]  # C11 for _Generic
    elif sys.platform == "linux":
        ext.extra_link_args = ["-s"]  # no symbols for debuggers: a fifth of the size
    if FREE_THREADED:  # which has no stable ABI
        ext.py_limited_api = False
        ext.define_macros = [pair for pair in ext.define_macros if pair[0] != "Py_LIMITED_API"]


def _version(compiler):
    """Name and version of a compiler, as it tells them; its kind where it does not."""
    command = getattr(compiler, "compiler", None)
    if not command:
        return getattr(compiler, "compiler_type", None)
    try:
        told = subprocess.run([command[0], "--version"], capture_output=True, text=True)
    except OSError:
        return None
    lines = told.stdout.splitlines()
    return lines[0] if told.returncode == 0 and lines else None


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
    """One wheel for every Python from 3.11, or for every platform where nothing is compiled."""

    def finalize_options(self):
        if not FREE_THREADED:
            self.py_limited_api = "cp311"  # the extension keeps to the stable ABI
        super().finalize_options()

    def run(self):
        self.run_command("build")
        if self.get_finalized_command("build_ext").failure is not None:
            self.distribution.ext_modules = []
            self.root_is_pure = True
        self.skip_build = True  # bdist_wheel would build again
        super().run()


class CompleteSdist(sdist):
    """The sources with the tests, what they need, the examples and the documents."""

    def make_distribution(self):
        for folder, patterns in FOLDERS.items():
            for pattern in patterns:
                self.filelist.extend(sorted(map(str, Path(folder).rglob(pattern))))
        super().make_distribution()
