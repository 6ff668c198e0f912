"""How the cases of a session ended that was to go on until enough is known: as values, and in words.

A case without an ending is undecided: the time was spent before it was known well enough. What is told
of it is how wide its interval is, and how much longer it would take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.run.ratios import CaseLook
from harness.stats.sequential import LOOKS, Ending

MOST_NAMED = 10  # cases that are told one by one
MINUTE_S = 60


@dataclass(frozen=True, kw_only=True)
class CaseEnd:
    """Where a case stands; `more_s` is what it would still need by itself: its own sets, and starting their workers."""

    key: str
    name: str
    sets: int
    look: CaseLook
    more_sets: int = 0
    more_s: float = 0.0

    @property
    def ending(self) -> Ending | None:
        """Why nothing more was measured of it."""
        return self.look.ending


@dataclass(frozen=True, kw_only=True)
class Endings:
    """All cases of a session: what was asked for, and what came of each."""

    target: float  # half of an interval, as a share
    cases: tuple[CaseEnd, ...]
    together_s: float = 0.0  # what the undecided ones would need if they were measured in the same sets

    @property
    def undecided(self) -> tuple[CaseEnd, ...]:
        """The cases for which the time did not do, the least certain first."""
        open_cases = [case for case in self.cases if case.ending is None]
        return tuple(sorted(open_cases, key=lambda case: -case.look.uncertainty))

    def values(self) -> dict[str, Any]:
        """Return what the manifest of the run keeps."""
        return {
            "endings": {case.key: str(case.ending) for case in self.cases if case.ending is not None},
            "undecided": [
                {
                    "case_key": case.key,
                    "case": case.name,
                    "target": case.look.target,
                    "sets": case.sets,
                    "half_width": case.look.half,
                    "more_sets": case.more_sets,
                    "more_s": case.more_s,
                }
                for case in self.undecided
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person should know of it, in sentences."""
        yield f"{_cases(len(self.cases))}, ratios to be known within {_width(self.target)}: {self._counts()}"
        for ending in (Ending.HOPELESS, Ending.EXHAUSTED):
            yield from _listed([case for case in self.cases if case.ending is ending], _unreached)
        if self.undecided:
            yield from _listed(self.undecided, _undecided)
        if len(self.undecided) > 1 and self.together_s:
            yield f"{_cases(len(self.undecided))} undecided; {duration(self.together_s)} more may decide them"

    def _counts(self) -> str:
        counted = Counter(case.ending for case in self.cases)
        return ", ".join(f"{counted[ending]} {words}" for ending, words in _WORDS.items() if counted[ending])


_WORDS = {
    Ending.PRECISE: "known that well",
    Ending.DECIDED: "decided before that",
    Ending.HOPELESS: "too noisy to get there",
    Ending.EXHAUSTED: "not there at the last look",
    Ending.MISSING: "with nothing to compare",
    None: "undecided",
}


def _listed(cases: Sequence[CaseEnd], words: Any) -> Iterator[str]:
    for case in cases[:MOST_NAMED]:
        yield f"  {case.name}: {words(case)}"
    if len(cases) > MOST_NAMED:
        yield f"  and {len(cases) - MOST_NAMED} more like these"


def _unreached(case: CaseEnd) -> str:
    if case.ending is Ending.HOPELESS:
        return f"{_known(case)}; more sets would hardly help"
    return f"{_known(case)}; {'that was the last look' if case.sets >= LOOKS['round'][-1] else 'its max_time is spent'}"


def _undecided(case: CaseEnd) -> str:
    if not case.more_s:  # nothing was measured from which that could be told
        return _known(case)
    return f"{_known(case)}; {_sets(case.more_sets)} more, {duration(case.more_s)}, may decide it"


def _known(case: CaseEnd) -> str:
    if not case.sets:
        return "not measured"
    if case.look.half is None:
        return f"{_sets(case.sets)}, too few to conclude anything"
    return f"{case.look.target} known within {_width(case.look.half)} after {_sets(case.sets)}"


def duration(seconds: float) -> str:
    """Return a rough duration in words."""
    if seconds < 2 * MINUTE_S:
        return f"about {max(1, round(seconds))} s"
    return f"about {seconds / MINUTE_S:.0f} minutes"


def _width(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else f"a factor of {1 + share:.3g}"


def _sets(count: int) -> str:
    return f"{count} process-set{'s' if count != 1 else ''}"


def _cases(count: int) -> str:
    return f"{count} case{'s' if count != 1 else ''}"
