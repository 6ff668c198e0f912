"""The ratios with which the script takes another reference, short enough to travel in the page.

Targets and words are listed once and named by number. The ratios of a contest are a square: row by reference, column
by the arm that is compared with it; a place is null where nothing may be said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from harness.report.content import Contest
from harness.report.escape import visible
from harness.report.render.html_shared import LONGEST_NAME, Shared
from harness.report.render.html_text import identifier

_Field: TypeAlias = list[float | int | None] | None
_DIGITS = 7  # of a ratio; three or four are shown


def contests_of(contests: Sequence[Contest], shared: Shared) -> dict[str, object]:
    """Return what the script reads."""
    targets: dict[str, int] = {}
    words: dict[str, int] = {}
    listed: list[dict[str, object]] = []
    for contest in contests:
        names = list(contest.arms)
        arms = [[_number(visible(name, LONGEST_NAME), targets), _rows(contest.arms[name], shared)] for name in names]
        square = [[_field(contest, a, b, words) for b in names] for a in names]
        listed.append({"key": visible(contest.key, LONGEST_NAME), "arms": arms, "ratios": square})
    return {"targets": list(targets), "words": list(words), "contests": listed}


def _rows(anchors: Sequence[str], shared: Shared) -> list[str]:
    return [found for found in map(identifier, anchors) if found in shared.anchors]


def _field(contest: Contest, a: str, b: str, words: dict[str, int]) -> _Field:
    found = contest.ratios.get(a, {}).get(b)
    if found is None or a == b:
        return None
    ratio, low, high, word = found
    if not math.isfinite(ratio):
        return None
    return [_short(ratio), _short(low), _short(high), _number(visible(word), words)]


def _short(value: float | None) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if value is not None and math.isfinite(value) else None


def _number(text: str, known: dict[str, int]) -> int:
    return known.setdefault(text, len(known))
