"""The workers of one process-set, and the token: exactly one of them runs at a time.

A worker that is lost ends the arm it was working on, and a new one takes up what the old one held.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.run.launch import Interrupted, Line, WorkerLost
from harness.run.state import ArmState
from harness.run.terms import Deadlines, Fleet, Stop
from harness.store.record import Outcome

Crew = tuple[str, str, int]


@dataclass(kw_only=True)
class Team:
    """One worker for each target and replica. `prepare_again` brings an arm to a worker that replaced a lost one."""

    fleet: Fleet
    states: list[ArmState]
    stop: Stop
    deadlines: Deadlines
    together: int
    prepare_again: Callable[[ArmState], object]

    def __post_init__(self) -> None:
        self._lines: dict[Crew, Line] = {}
        self._ready: dict[Crew, dict[int, ArmState]] = {}
        self._set = 0

    def holds(self, state: ArmState) -> None:
        """Note that an arm is prepared on its worker."""
        self._ready.setdefault(state.arm.crew, {})[id(state)] = state

    def released(self, state: ArmState) -> None:
        """Note that it no longer is."""
        self._ready.get(state.arm.crew, {}).pop(id(state), None)

    def start(self, members: list[ArmState], set_index: int) -> None:
        """Start one worker for each crew of `members`, a few at a time, in their order."""
        self._set = set_index
        crews: dict[Crew, ArmState] = {}
        for state in members:
            crews.setdefault(state.arm.crew, state)
        waiting: list[tuple[Line, ArmState]] = []
        for state in crews.values():
            if len(waiting) >= self.together:
                self._await_start(*waiting.pop(0))
            waiting.append((self._launch(state), state))
        while waiting:
            self._await_start(*waiting.pop(0))

    def _launch(self, state: ArmState) -> Line:
        line = self.fleet.launch(state.arm, self._set)
        self._lines[state.arm.crew] = line
        return line

    def _await_start(self, line: Line, first: ArmState) -> None:
        crew = [state for state in self.states if state.arm.crew == first.arm.crew and state.live]
        try:
            reply = self.fleet.started(line, first.arm, deadline_s=self.deadlines.start_s)
        except WorkerLost as lost:
            reply = {"failed": lost.kind, "detail": lost.detail}
        if "unavailable" in reply:
            for state in crew:
                state.settle(Outcome.UNAVAILABLE, reply["unavailable"])
        elif "failed" in reply:
            for state in crew:
                state.fail(reply["failed"], reply["detail"], "start")
        else:
            line.hold()
            self._ready[first.arm.crew] = {}
            facts = reply["facts"]
            for state in crew:
                state.facts = facts
                state.env_id = self.fleet.env_id(facts)
                state.timings.setdefault("import_s", []).append(reply["import_s"])
            return
        self._drop(first.arm.crew)

    def _drop(self, crew: Crew) -> None:
        self._ready.pop(crew, None)
        line = self._lines.pop(crew, None)
        if line is not None:
            with suppress(WorkerLost):
                line.close()

    def close(self) -> None:
        """Let all workers go."""
        for crew in list(self._lines):
            self._drop(crew)

    def _replace(self, crew: Crew) -> None:
        """Start a new worker where one was lost, and prepare again what it held."""
        held = [state for state in self._ready.get(crew, {}).values() if state.live]
        self._drop(crew)
        heirs = [state for state in self.states if state.arm.crew == crew and state.live]
        if not heirs or self.stop.reason:
            return
        self._await_start(self._launch(heirs[0]), heirs[0])
        for state in held:
            if state.live:
                self.prepare_again(state)

    def ask(self, state: ArmState, op: str, deadline_s: float, **message: Any) -> dict[str, Any] | None:
        """Give the token to an arm's worker for one command; nothing comes back where the arm ended."""
        if self.stop.asked():
            raise Interrupted
        line = self._lines.get(state.arm.crew)
        if line is None or not state.live:
            return None
        line.wake()
        try:
            reply = line.request({"op": op, "arm": id(state), **message}, deadline_s=deadline_s)
        except WorkerLost as lost:
            state.fail(lost.kind, lost.detail, op)
            self._replace(state.arm.crew)
            return None
        line.hold()
        if "failed" in reply:
            state.fail(reply["failed"], reply["detail"], op)
            # Out of memory, or an error on an accelerator, can leave the process unfit for anything else.
            if reply["failed"].startswith("oom") or state.arm.target.device.kind != "cpu":
                self._replace(state.arm.crew)
            return None
        return reply
