"""Opt-in tests on a whole machine with a kernel of its own: see README.md."""
