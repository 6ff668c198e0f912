"""Arms in the order of their speed, those that cannot be told apart in one class.

A list sorted by medians makes a first and a second of what differs by chance. Here an arm is behind
another only where the interval of their ratio says so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from harness.stats.compare import Ratio, Status

Arm = TypeVar("Arm", bound=Hashable)


def tie_classes(arms: Sequence[Arm], ratio: Callable[[Arm, Arm], Ratio]) -> tuple[tuple[Arm, ...], ...]:
    """Return `arms` in classes, the fastest class first; ``ratio(a, b)`` is the time of b over that of a.

    A class is its leader, the fastest of those left, and all that are not proved slower than it. So
    whoever stands in a later class is proved slower than the leader of every class before.
    """
    left = list(arms)
    classes = []
    while left:
        leader = _leader(left, ratio)
        tied = [arm for arm in left if arm == leader or ratio(leader, arm).status is not Status.SLOWER]
        ranked = sorted((arm for arm in tied if arm != leader), key=lambda arm: _log(leader, arm, ratio))
        classes.append((leader, *ranked))
        left = [arm for arm in left if arm not in tied]
    return tuple(classes)


def _leader(arms: Sequence[Arm], ratio: Callable[[Arm, Arm], Ratio]) -> Arm:
    """Return the arm that is ahead of most others: pairs need not agree on one order."""

    def lead(arm: Arm) -> tuple[int, float]:
        beside = [_log(arm, other, ratio) for other in arms if other != arm]
        return sum(log > 0 for log in beside), sum(beside)

    return max(arms, key=lead)


def _log(a: Arm, b: Arm, ratio: Callable[[Arm, Arm], Ratio]) -> float:
    return ratio(a, b).log or 0.0
