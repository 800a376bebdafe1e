"""Compiles the decoders in `headrace.sources.wire`, and packs the page beside the code.

Everything else is in pyproject.toml.
"""

import shutil
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CCompilerError, ExecError, PlatformError

MODULES = ("columns", "copy_binary", "binary_rows")


class BuildDecoders(build_ext):
    """Says what to install when there is no compiler."""

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except (CCompilerError, ExecError, PlatformError) as error:
            raise SystemExit(
                "Headrace's decoders could not be compiled: a C compiler and Python's headers are "
                f"needed. On Debian: apt-get install gcc python3-dev\n({error})"
            ) from error


class PackPage(build_py):
    """Takes web/ along as headrace/web; an editable install reads it where it lies."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            packed = Path(self.build_lib) / "headrace" / "web"
            shutil.rmtree(packed, ignore_errors=True)
            shutil.copytree("web", packed, ignore=shutil.ignore_patterns("*.py", "__pycache__"))


setup(
    cmdclass={"build_ext": BuildDecoders, "build_py": PackPage},
    ext_modules=cythonize(
        [
            Extension(
                f"headrace.sources.wire.{name}",
                [f"src/headrace/sources/wire/{name}.pyx"],
                extra_compile_args=["-O3"],
            )
            for name in MODULES
        ],
        build_dir="build/cython",
        language_level=3,
    ),
)
