"""Text from hosts and files made harmless for a terminal and a log."""

from __future__ import annotations

import re

#: C0 and C1 controls but tab and newline, and the marks that turn the direction of writing (CVE-2021-42574).
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Every character that a terminal could act on becomes an escape that can be read."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(printable(text).split())
