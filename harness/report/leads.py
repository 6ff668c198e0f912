"""Who is ahead in a class, how far, and whether that is a verdict: one judgement for all sentences about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.report.findings import Board, Overall, RunFindings, Standing
from harness.report.sentences import times
from harness.stats.combine import Combined
from harness.stats.verdict import LEAST_SETS

NO_BLOCKS = "the blocks of this run are missing or cannot be read"
_CLASSES = {"as-written": "used as written", "compiled": "compiled"}


class Claim(StrEnum):
    """What may be said of the first two of a class."""

    AHEAD = "ahead"
    TIE = "tie"
    INDICATIVE = "indicative"
    WITHHELD = "withheld"


@dataclass(frozen=True, kw_only=True)
class Lead:
    """The first two of a class over the cases that count; `beside` is the second's time over the first's."""

    first: Overall
    second: Overall
    beside: Combined
    claim: Claim
    scope: str  # over which cases
    others: bool  # whether more targets come after these two
    without: tuple[tuple[str, float], ...] = ()  # cases that the mean hangs on, and what it is without each
    rival: Overall | None = None  # who wins more cases than the first: a mean may rest on a few large differences

    @property
    def times(self) -> str:
        """How many times as fast."""
        return times(self.beside.ratio, self.beside.low, self.beside.high)[0]

    @property
    def won(self) -> tuple[int, int]:
        """How many cases the rival wins, and how many the first."""
        return (wins(self.rival) if self.rival else 0), wins(self.first)

    @property
    def rests(self) -> str:
        """The ends of the interval, where there is one, and the cases that all of it rests on."""
        span = times(self.beside.ratio, self.beside.low, self.beside.high)[1]
        return ", ".join(filter(None, (span, self.scope)))


def lead_of(run: RunFindings, board: Board) -> Lead | None:
    """Return who leads a class, or nothing where no two of it have a ratio."""
    timed = [one for one in board.overall if one.measured]
    if len(timed) < 2 or (beside := timed[1].beside_fastest) is None:  # noqa: PLR2004  (two to compare)
        return None
    return Lead(
        first=timed[0],
        second=timed[1],
        beside=beside,
        claim=_claim(run, beside),
        scope=scope_of(board, reason=False),
        others=len(timed) > 2,  # noqa: PLR2004  (more than those two)
        rival=rival_of(board),
        without=board.carried,
    )


def rival_of(board: Board) -> Overall | None:
    """Return who wins more cases than the first by the mean, where anybody does."""
    most = max(board.overall, key=wins, default=None)
    return most if most is not None and wins(most) > wins(board.overall[0]) else None


def wins(one: Overall) -> int:
    """Return in how many cases a target was faster than every other."""
    return one.standings.get(Standing.WINS, 0)


def ranked(run: RunFindings) -> list[Board]:
    """Return the classes in which anybody may come first."""
    return [board for board in run.boards if board.ranked]


def scope_of(board: Board, *, reason: bool = True) -> str:
    """Say over which cases a class has one ratio, and why over those."""
    if len(board.cases) == 1:
        return "one case"
    if board.common == len(board.cases):
        return f"geometric mean over all {board.common} cases"
    if not reason:
        return f"geometric mean over {board.common} of {len(board.cases)} cases"
    held = " and whose self-check held" if board.withheld else ""
    return f"geometric mean over the {board.common} of {len(board.cases)} cases that all measured{held}"


def why_no_mean(run: RunFindings, board: Board) -> str:
    """Say why a class in which several targets have times has no ratio over its cases."""
    if not run.blocks_read:
        return NO_BLOCKS
    if not board.common:
        held = " with a self-check that held" if board.withheld else ""
        return f"no case{held} was measured by all targets"
    return "not all targets were measured side by side"


def class_of(board: Board) -> str:
    """Return what a class is called."""
    return _CLASSES.get(board.mode_class, board.mode_class)


def capital(text: str) -> str:
    """Return words of ours as a sentence begins."""
    return f"{text[:1].upper()}{text[1:]}"


def _claim(run: RunFindings, beside: Combined) -> Claim:
    if beside.sets < LEAST_SETS[beside.pairing] or beside.covers_one is None:
        return Claim.INDICATIVE
    if run.self_check.passed is not True:
        return Claim.WITHHELD
    return Claim.TIE if beside.covers_one else Claim.AHEAD
