"""The workers of one process-set, and the token: exactly one of them runs at a time.

A worker that is lost ends the arm it was working on, and a new one takes up what the old one held.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.run.launch import Interrupted, Line, WorkerLost
from harness.run.select import name_of
from harness.run.state import ArmState
from harness.run.terms import Deadlines, Fleet, Stop
from harness.store.record import Outcome

Crew = tuple[str, str, int]

LAST_WORD_S = 1.0  # for a worker that was silent for as long as starting may take
PATIENCE_S = 10.0  # for the answer that is under way when somebody asks to stop
TIMING = ("throughput", "latency", "phase")


@dataclass(kw_only=True)
class Team:
    """One worker for each target and replica. `prepare_again` brings an arm to a worker that replaced a lost one."""

    fleet: Fleet
    states: list[ArmState]
    stop: Stop
    deadlines: Deadlines
    together: int
    prepare_again: Callable[[ArmState], object]
    clock: Callable[[], int] = time.perf_counter_ns

    def __post_init__(self) -> None:
        self._lines: dict[Crew, Line] = {}
        self._ready: dict[Crew, dict[int, ArmState]] = {}
        self._members: list[ArmState] = []
        self._set = 0

    def holds(self, state: ArmState) -> None:
        """Note that an arm is prepared on its worker."""
        self._ready.setdefault(state.arm.crew, {})[id(state)] = state

    def released(self, state: ArmState) -> None:
        """Note that it no longer is."""
        self._ready.get(state.arm.crew, {}).pop(id(state), None)

    def start(self, members: list[ArmState], set_index: int) -> None:
        """Start one worker for each crew of `members`, in their order; a few at a time, the next when one is ready.

        Only they depend on these workers: an arm that was measured before and has no part in this set
        loses nothing where a worker does.
        """
        self._members = members
        self._set = set_index
        crews: dict[Crew, ArmState] = {}
        for state in members:
            crews.setdefault(state.arm.crew, state)
        waiting: list[tuple[Line, ArmState]] = []
        for state in crews.values():
            if len(waiting) >= self.together:
                self._await_first(waiting)
            line = self._launch(state)
            if line is not None:
                waiting.append((line, state))
        while waiting:
            self._await_first(waiting)

    def _await_first(self, waiting: list[tuple[Line, ArmState]]) -> None:
        """Take up the first of these workers that is ready: imports differ by seconds."""
        first = self.fleet.first([line for line, _ in waiting], deadline_s=self.deadlines.start_s)
        left_s = self.deadlines.start_s if first is not None else LAST_WORD_S
        self._await_start(*waiting.pop(first or 0), deadline_s=left_s)

    def _launch(self, state: ArmState) -> Line | None:
        """Start a worker; one that is gone before it was told what to become ends its crew's arms."""
        try:
            line = self.fleet.launch(state.arm, self._set)
        except WorkerLost as lost:
            for member in self._crew_of(state):
                member.fail(lost.kind, lost.detail, "start")
            return None
        self._lines[state.arm.crew] = line
        return line

    def _crew_of(self, first: ArmState) -> list[ArmState]:
        return [state for state in self._members if state.arm.crew == first.arm.crew and state.live]

    def _await_start(self, line: Line, first: ArmState, *, deadline_s: float) -> None:
        crew = self._crew_of(first)
        try:
            reply = self.fleet.started(line, first.arm, deadline_s=deadline_s)
        except WorkerLost as lost:
            reply = {"failed": lost.kind, "detail": lost.detail}
        if "unavailable" in reply or "failed" in reply:
            _end(crew, reply, "start")
            self._drop(first.arm.crew)
            return
        line.hold()
        self._ready[first.arm.crew] = {}
        facts = reply["facts"]
        for state in crew:
            state.facts = facts
            state.env_id = self.fleet.env_id(facts, state.arm)
            state.ceiling = self.fleet.ceiling(state.arm, facts)
            state.timings.setdefault("import_s", []).append(reply["import_s"])

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
        for state in held:
            state.lost_before_proof(self._set)
        heirs = [state for state in self._members if state.arm.crew == crew and state.live]
        self.watch()
        if not heirs or self.stop.reason:
            return
        line = self._launch(heirs[0])
        if line is not None:
            self._await_start(line, heirs[0], deadline_s=self.deadlines.start_s)
        for state in held:
            if state.live:
                self.prepare_again(state)

    def watch(self) -> None:
        """Ask to stop where the first failure is to be the last."""
        if self.stop.first and not self.stop.reason:
            for state in self.states:
                if state.bad:
                    self.stop.saw(name_of(state.arm))
                    return

    def go_on(self) -> None:
        """Raise where somebody asks to stop."""
        self.watch()
        if self.stop.asked():
            raise Interrupted

    def _settle(self, crew: Crew, line: Line, op: str) -> None:
        """Hear the answer under way, or give the worker up: taken for the answer to the next command, it would lie.

        A block is soon over, and all that its worker timed is proved only if the worker lives.
        """
        self.stop.draining, before = True, self.stop.draining
        heard = False
        if op in TIMING:
            with suppress(WorkerLost):
                line.answer(deadline_s=PATIENCE_S)
                line.hold()
                heard = True
        if not heard:
            self._drop(crew)
        self.stop.draining = before

    def forget(self, state: ArmState) -> None:
        """Have an arm's worker let go of what it holds for it: nothing more will be asked of it."""
        line = self._lines.get(state.arm.crew)
        self.released(state)
        if line is None:
            return
        line.wake()
        try:
            line.request({"op": "forget", "arm": id(state)}, deadline_s=self.deadlines.finish_s)
        except WorkerLost:
            self._replace(state.arm.crew)
        except Interrupted:
            self._settle(state.arm.crew, line, "forget")
            raise
        else:
            line.hold()

    def ask(self, state: ArmState, op: str, deadline_s: float, **message: Any) -> dict[str, Any] | None:
        """Give the token to an arm's worker for one command; nothing comes back where the arm ended."""
        self.go_on()
        line = self._lines.get(state.arm.crew)
        if line is None or not state.live:
            return None
        line.wake()
        try:
            reply = self._request(state, line, op, deadline_s, message)
        except WorkerLost as lost:
            state.fail(lost.kind, lost.detail, op)
            self._replace(state.arm.crew)
            return None
        except Interrupted:
            self._settle(state.arm.crew, line, op)
            raise
        line.hold()
        if "failed" in reply or "unavailable" in reply:
            _end([state], reply, op)
            # Out of memory, or an error on an accelerator, can leave the process unfit for anything else.
            if reply.get("failed", "").startswith("oom") or state.arm.target.device.kind != "cpu":
                self._replace(state.arm.crew)
            return None
        return reply

    def _request(
        self, state: ArmState, line: Line, op: str, deadline_s: float, message: dict[str, Any]
    ) -> dict[str, Any]:
        """Send a command and wait for the answer, and note how long that kept everybody waiting."""
        begin = self.clock()
        try:
            return line.request({"op": op, "arm": id(state), **message}, deadline_s=deadline_s)
        finally:
            state.spent(op, self.clock() - begin)


def _end(states: list[ArmState], reply: dict[str, Any], phase: str) -> None:
    """End `states` as a worker's answer says."""
    for state in states:
        if "unavailable" in reply:
            state.settle(Outcome.UNAVAILABLE, reply["unavailable"])
        else:
            state.fail(reply["failed"], reply["detail"], phase)
