"""The version of podstead, from the installed package: one place, ``pyproject.toml``."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("podstead")
except PackageNotFoundError:  # run from a source tree that was never installed
    VERSION = "0+unknown"
