"""Arithmetic of subordinate IDs without a host: ranges, the two files, what is free, what is wrong."""
