"""Compiles the decoders in `headrace.sources.wire`; everything else is in pyproject.toml."""

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
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


setup(
    cmdclass={"build_ext": BuildDecoders},
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
