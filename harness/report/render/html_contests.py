"""The ratios with which the script takes another reference, short enough to travel in the page.

Targets and words are listed once and named by number. Of two arms of a contest there is one ratio, in the row of the
first: that of the second beside it, with the word for the second and that for the first, for the other way round a
ratio is its inverse. A place is null where nothing may be said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from harness.report.content import Contest
from harness.report.escape import visible
from harness.report.render.html_shared import LONGEST_NAME, Shared
from harness.report.render.html_text import identifier

_Beside: TypeAlias = tuple[float, float | None, float | None, str]
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
        half = [[_field(contest, a, b, words) for b in names[at:]] for at, a in enumerate(names[:-1], start=1)]
        listed.append({"key": visible(contest.key, LONGEST_NAME), "arms": arms, "ratios": half})
    return {"targets": list(targets), "words": list(words), "contests": listed}


def _rows(anchors: Sequence[str], shared: Shared) -> list[str]:
    return [found for found in map(identifier, anchors) if found in shared.anchors]


def _field(contest: Contest, a: str, b: str, words: dict[str, int]) -> _Field:
    there, back = contest.ratios.get(a, {}).get(b), contest.ratios.get(b, {}).get(a)
    found = there or (back and _inverse(back))
    if not found or not found[0] or not math.isfinite(found[0]):
        return None
    said = (_number(visible(beside[-1]), words) if beside else None for beside in (there, back))
    return [*map(_short, found[:3]), *said]


def _inverse(beside: _Beside) -> _Beside:
    ratio, low, high, word = beside
    return _over(ratio) or math.nan, _over(high), _over(low), word


def _over(value: float | None) -> float | None:
    return 1 / value if value else None


def _short(value: float | None) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if value is not None and math.isfinite(value) else None


def _number(text: str, known: dict[str, int]) -> int:
    return known.setdefault(text, len(known))
