"""The process that libFuzzer takes over."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["podstead"]):
    from tests.fuzz.target import once

if __name__ == "__main__":
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
