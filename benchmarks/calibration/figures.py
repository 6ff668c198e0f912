"""Shares, spreads and promises: what the scripts of this folder say of their sessions.

A share is told with two intervals. Clopper and Pearson's takes every comparison for a draw of its own;
the other takes whole sessions, for what disturbs one case of a session may disturb its neighbours too.
A promise that the share alone breaks, but not its interval, is *open*: more sessions would tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ExitCode, first_of

CONFIDENCE = 0.95


class State(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    OPEN = "open"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many of so many, with an interval; the ends by session are missing where sessions show no spread."""

    count: int
    of: int
    low: float
    high: float
    low_by_session: float | None = None
    high_by_session: float | None = None

    @property
    def share(self) -> float:
        """The share itself; nothing of nothing is nothing."""
        return self.count / self.of if self.of else 0.0

    def __str__(self) -> str:
        if not self.of:
            return "none so far"
        text = f"{self.count} of {self.of} ({percent(self.share)}; {percent(self.low)} to {percent(self.high)}"
        if self.low_by_session is None or self.high_by_session is None:
            return f"{text})"
        return f"{text}, by whole sessions {percent(self.low_by_session)} to {percent(self.high_by_session)})"


def percent(share: float) -> str:
    """Return a share as people read it, to one place or, below one per cent, to two."""
    return f"{round(share * 100, 2 if share < 0.01 else 1):g} %"  # noqa: PLR2004  (one per cent)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What was promised, what was found, and what follows."""

    words: str
    found: str
    state: State

    def __str__(self) -> str:
        return f"{self.state}: {self.words}: {self.found}"


def share_of(sessions: Sequence[tuple[int, int]]) -> Share:
    """Return the share of a count, from (count, of) of each session."""
    count, of = sum(hits for hits, _ in sessions), sum(asked for _, asked in sessions)
    low, high = binomial_interval(count, of)
    half = _half_by_session([pair for pair in sessions if pair[1]])
    centre = count / of if of else 0.0
    return Share(
        count=count,
        of=of,
        low=low,
        high=high,
        low_by_session=None if half is None else max(0.0, centre - half),
        high_by_session=None if half is None else min(1.0, centre + half),
    )


def binomial_interval(count: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Clopper and Pearson's interval for a share."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return low, high


def _half_by_session(sessions: Sequence[tuple[int, int]]) -> float | None:
    """Return half of Student's interval for the ratio of two sums over sessions."""
    from scipy.special import stdtrit

    number = len(sessions)
    if number < 2:  # noqa: PLR2004  (one session has no spread)
        return None
    centre = sum(hits for hits, _ in sessions) / sum(asked for _, asked in sessions)
    beside = sum((hits - centre * asked) ** 2 for hits, asked in sessions)
    if beside == 0:  # nobody was hit, or everybody: that says nothing of a spread
        return None
    error = math.sqrt(number / (number - 1) * beside) / sum(asked for _, asked in sessions)
    return float(stdtrit(number - 1, 0.5 + CONFIDENCE / 2)) * error


def at_most(words: str, share: Share, limit: float, *, least: int = 1) -> Promise:
    """Judge the promise that a share is at most `limit`, among at least `least`."""
    lowest = min(share.low, share.low if share.low_by_session is None else share.low_by_session)
    state = _state(broken=lowest > limit, holds=share.share <= limit and share.of >= least)
    return Promise(words=words, found=str(share), state=state)


def at_least(words: str, share: Share, limit: float, *, least: int = 1) -> Promise:
    """Judge the promise that a share is at least `limit`, among at least `least`."""
    highest = max(share.high, share.high if share.high_by_session is None else share.high_by_session)
    state = _state(broken=highest < limit, holds=share.share >= limit and share.of >= least)
    return Promise(words=words, found=str(share), state=state)


def no_more_than(words: str, share: Share, number: int, *, least: int = 1) -> Promise:
    """Judge the promise that a count is at most `number`, among at least `least`: no chance is a reason there."""
    return Promise(words=words, found=str(share), state=_state(broken=share.count > number, holds=share.of >= least))


def _state(*, broken: bool, holds: bool) -> State:
    if broken:
        return State.BROKEN
    return State.KEPT if holds else State.OPEN


def exit_code(promises: Sequence[Promise]) -> ExitCode:
    """Return how a script ends: 1 where a promise is broken, 4 where one is open."""
    codes = {State.BROKEN: ExitCode.CASES_FAILED, State.OPEN: ExitCode.UNDECIDED, State.KEPT: ExitCode.FINE}
    return first_of([codes[promise.state] for promise in promises])


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far values lie apart, as the standard deviation of logarithms."""

    sd: float
    count: int

    def __str__(self) -> str:
        return f"{percent(self.sd)} over {self.count} sessions"


def spread_of(logs: Sequence[float]) -> Spread | None:
    """Return the spread of logarithms; nothing of fewer than two."""
    import statistics

    return Spread(sd=statistics.stdev(logs), count=len(logs)) if len(logs) > 1 else None


def times_narrower(ours: Spread, theirs: Spread, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Return their spread over ours, and the ends of the interval of that, as if both were normal."""
    from scipy.special import fdtri

    if ours.sd == 0:
        return math.inf, math.inf, math.inf
    found = theirs.sd / ours.sd
    tail = (1 - confidence) / 2
    degrees = theirs.count - 1, ours.count - 1
    low = found / math.sqrt(float(fdtri(*degrees, 1 - tail)))
    high = found / math.sqrt(float(fdtri(*degrees, tail)))
    return found, low, high
