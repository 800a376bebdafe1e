"""The documents' commands run like those of the command line's tests."""

from tests.cli.conftest import environment

__all__ = ["environment"]
