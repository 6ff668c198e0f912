"""What a person sees while a run goes on: a bar on a terminal, a heartbeat line elsewhere.

Everything here goes to standard error; results alone go to standard output.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from harness.core import units
from harness.run.state import ArmState
from harness.store.record import Outcome
from harness.suite.model import Case

BAR = 24
REDRAW_S = 0.2
HEARTBEAT_S = 30.0
TOO_EARLY = 0.02  # of the whole: what is left cannot be told from so little
BAD = (Outcome.FAILED, Outcome.INVALID, Outcome.UNAVAILABLE)


class Silent:
    """Says nothing."""

    def phase(self, text: str) -> None:
        """Ignore it."""

    def begins(self, share: float) -> None:
        """Ignore it."""

    def advance(self, share: float, arm: ArmState | None) -> None:
        """Ignore it."""

    def case_done(self, case: Case, states: Sequence[ArmState], set_index: int) -> None:
        """Ignore it."""

    def close(self) -> None:
        """Nothing to clear."""


class Progress(Silent):
    """A bar with phase, the latest estimate and the time left; or now and then a line."""

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic, lines: bool | None = None
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._lines = not _can_redraw(self._stream) if lines is None else lines
        self._start = clock()
        self._shown = self._start - HEARTBEAT_S
        self._share = self._until = 0.0  # of the whole: what is done, and what is made ready
        self._measured, self._last = 0.0, -1.0  # seconds of it, and when it went on; negative where it does not
        self._phase = ""
        self._estimate = ""
        self._told: set[tuple[str, str, str, int]] = set()

    def phase(self, text: str) -> None:
        """Show what is being done."""
        self._phase, self._last = text, -1.0
        self._show()

    def begins(self, share: float) -> None:
        """Keep how far what is made ready now will bring us."""
        self._until = share

    def advance(self, share: float, arm: ArmState | None) -> None:
        """Show how far the session is and what the last block said."""
        self._share, now = max(self._share, share), self._clock()
        self._measured += now - self._last if self._last >= 0 else 0.0
        self._last = now
        if arm is not None and arm.throughput:
            last = arm.throughput[-1]
            call = units.seconds(last.wall_ns / last.inner / 1e9)
            self._estimate = f"{arm.arm.case.name} {arm.arm.target.name} {call}"
        self._show()

    def case_done(self, case: Case, states: Sequence[ArmState], set_index: int) -> None:
        """Say at once what did not work."""
        del set_index
        for state in states:
            if state.outcome in BAD and state.arm.key not in self._told:
                self._told.add(state.arm.key)
                self._say(f"{case.name} on {state.arm.target.name}: {state.outcome}: {state.detail}")

    def close(self) -> None:
        """Clear the line."""
        if not self._lines:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _show(self) -> None:
        now = self._clock()
        if now - self._shown < (HEARTBEAT_S if self._lines else REDRAW_S):
            return
        self._shown = now
        if self._lines:
            self._stream.write(f"{self._summary()}\n")
        else:
            done = round(self._share * BAR)
            text = f"[{'#' * done}{'.' * (BAR - done)}] {self._summary()}"
            self._stream.write(f"\r{text[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        self._stream.flush()

    def _summary(self) -> str:
        parts = [f"{self._share:4.0%}", self._phase, self._estimate, self._left()]
        return "  ".join(part for part in parts if part)

    def _left(self) -> str:
        """What was measured, and what was made ready for it, take as long for each part of the whole that is left."""
        share, until = self._share, max(self._until, self._share)
        if share < TOO_EARLY:
            return ""
        ready = self._clock() - self._start - self._measured
        left = self._measured * (1 - share) / share + ready * (1 - until) / until
        return f"about {_clock_words(left)} left"

    def _say(self, text: str) -> None:
        self.close()
        self._stream.write(f"{text}\n")


def _can_redraw(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _clock_words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
