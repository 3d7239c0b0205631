"""Hosts broken on purpose, each in exactly one known way."""
