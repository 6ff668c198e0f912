"""When a session has measured enough. The simplest answer: after a number of sets fixed beforehand.

`harness.run.looks` has the other: after looking a few times, and within the time that there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.run.endings import Endings
from harness.run.state import ArmState


class Stopping(Protocol):
    """Decides, set by set, which cases are measured again."""

    def admits(self, shard: Sequence[ArmState], states: Sequence[ArmState]) -> bool:
        """Whether to begin with these arms in the set that is under way; `states` are all arms there are."""

    def after(self, set_index: int, states: Sequence[ArmState]) -> frozenset[str]:
        """Return the keys of the cases that have part in the next set; none is the end."""

    def where(self, set_index: int) -> str:
        """Return how far the session is, in words."""

    def share(self, set_index: int, part: float) -> float:
        """Return how much of the session is done when `part` of a set is."""

    def ends(self, states: Sequence[ArmState]) -> Endings | None:
        """Return where every case stands when the session is over; nothing where nobody looked."""


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """All cases are measured in `sets` process-sets."""

    sets: int

    def admits(self, shard: Sequence[ArmState], states: Sequence[ArmState]) -> bool:
        """Begin with whatever comes."""
        del shard, states
        return True

    def after(self, set_index: int, states: Sequence[ArmState]) -> frozenset[str]:
        """Go on with everything until the number is reached."""
        wanted = {state.arm.case.key for state in states if state.wanted}
        return frozenset(wanted if set_index + 1 < self.sets else ())

    def where(self, set_index: int) -> str:
        """Name the set, and how many there will be."""
        return f"set {set_index + 1} of {self.sets}"

    def share(self, set_index: int, part: float) -> float:
        """All sets are equal."""
        return (set_index + part) / self.sets

    def ends(self, states: Sequence[ArmState]) -> Endings | None:
        """Nobody looked."""
        del states
        return None
