"""How many examples a property is tried with: all of them in ``make test``, a tenth in ``make unit``."""

from __future__ import annotations

from hypothesis import settings


def examples(number: int) -> settings:
    """As ``settings(max_examples=number)``."""
    quick = settings.get_current_profile_name() == "quick"
    return settings(max_examples=max(1, number // 10) if quick else number, deadline=None)
