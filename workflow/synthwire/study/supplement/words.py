"""Numbers in the supplement's tables."""

from __future__ import annotations

import math


def tenths(value: float | None) -> str:
    """A number with one decimal; a dash for none."""
    return "–" if value is None or math.isnan(value) else f"{value:.1f}"
