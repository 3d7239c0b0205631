"""Judges: from what a probe saw to findings."""
