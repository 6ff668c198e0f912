"""What is asked of one arm in one process-set: made ready, proved, warmed up, timed, and proved again.

Each step is one command to the arm's worker, with a deadline. Whatever an arm answers, or does not,
touches no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.run.launch import WorkerLost
from harness.run.row import RunFacts
from harness.run.state import LEAST_ROUNDS, ArmState
from harness.run.team import Team
from harness.run.terms import Deadlines, Efficiency, Fleet, Observer, Pace, describe_case, rounds_within
from harness.store.record import Sample

PROOF_BLOCKS = 400  # more than the checks on time ever take, in all their looks
UNLIKE = 8  # twins that differ by more times are no twins in speed: a block of one would be far too long for the other


@dataclass(kw_only=True)
class Steps:
    """The steps of every arm. `set_index` and `where` say how far the session is."""

    team: Team
    fleet: Fleet
    pace: Pace
    deadlines: Deadlines
    observer: Observer
    run_facts: RunFacts
    clock: Callable[[], int] = time.perf_counter_ns
    efficiency: Efficiency = field(default_factory=Efficiency)
    set_index: int = 0
    where: str = ""

    def prepare(self, state: ArmState) -> bool:
        """Bring a case to its worker and prove it; return whether it is to be timed."""
        case = state.arm.case
        self.observer.phase(f"{self.where}: preparing {case.name} on {state.arm.target.name}")
        begin = self.clock()
        try:
            folder = self.fleet.bundle(case, deadline_s=self.deadlines.bundle_s)
        except WorkerLost as lost:
            state.fail(lost.kind, lost.detail, "bundle")
            return False
        finally:
            state.spent("bundle", self.clock() - begin)
        state.attempts += 1
        reply = self.team.ask(
            state,
            "prepare",
            self.deadlines.prepare_s + self._longest_s(state),
            bundle=str(folder),
            cold_bytes=self.fleet.cold_bytes(state.arm),
            **describe_case(case),
        )
        if reply is None:
            return False
        state.prepared(reply)
        if not state.live:
            self.team.forget(state)
            return False
        self.team.holds(state)
        return True

    def warm(self, states: Sequence[ArmState]) -> None:
        """On the first set choose blocks and prove that time can be believed; later only warm up."""
        fresh = [state for state in states if state.inner is None]
        for state in states:
            if state.inner is None:
                self._calibrate(state)
            else:
                self._warm_up(state)
        self._agree([state for state in fresh if state.live])
        for state in fresh:
            if state.live:
                self._prove(state)

    def _warm_up(self, state: ArmState) -> None:
        reply = self.team.ask(state, "throughput", self._block_deadline(state), inner=state.inner)
        if reply is not None:
            state.take_doubts(reply)

    def _calibrate(self, state: ArmState) -> None:
        pace, name = self.pace, f"{state.arm.case.name} on {state.arm.target.name}"
        self.observer.phase(f"{self.where}: calibrating and checking {name}")
        deadline_s = self.deadlines.calibrate_s + self._longest_s(state)
        bounds = {"least_ns": pace.least_block_ns, "most_ns": pace.most_block_ns}
        reply = self.team.ask(state, "calibrate", deadline_s, **bounds)
        if reply is not None:
            state.inner, state.call_ns, state.primer_ns = reply["inner"], reply["call_ns"], reply["primer_ns"]

    def _agree(self, states: Sequence[ArmState]) -> None:
        """Have twins make blocks of equally many calls.

        Twins are one mode of one backend, labelled differently or measured twice: identical arms whose
        blocks differ come out different, for what a block costs once is shared by more calls in one.
        Noise only lengthens, so the longest block is the one that was chosen at the quietest moment.
        """
        most: dict[tuple[Any, ...], int] = {}
        for state in states:
            most[_twins(state)] = max(state.inner or 1, most.get(_twins(state), 1))
        for state in states:
            if most[_twins(state)] <= UNLIKE * (state.inner or 1):
                state.inner = most[_twins(state)]

    def _prove(self, state: ArmState) -> None:
        """See how many rounds there is time for, and have the worker prove that time can be believed."""
        self.team.go_on()
        inner, call_ns = state.inner or 1, state.call_ns or 0.0
        block_ns = inner * call_ns + (state.primer_ns or call_ns)
        state.rounds_a_set = rounds_within(self.pace, self.pace.shared_by(state.pairing), block_ns)
        if state.rounds_a_set < LEAST_ROUNDS:
            detail = f"a call takes {call_ns / 1e9:.3g} s: {LEAST_ROUNDS} rounds pass max_time"
            state.fail("timeout", detail, "calibrate")
            self.team.forget(state)
            return
        deadline_s = self.deadlines.prove_s + PROOF_BLOCKS * (inner + 1) * call_ns / 1e9
        reply = self.team.ask(state, "prove", deadline_s, inner=inner)
        if reply is not None:
            state.take_doubts(reply)

    def _longest_s(self, state: ArmState) -> float:
        """What an arm's calls may take in one set: a phase of a few calls is not to end one that `max_time` allows."""
        return self.pace.max_time_s / self.pace.shared_by(state.pairing)

    def _block_deadline(self, state: ArmState) -> float:
        expected = (state.call_ns or 0) * ((state.inner or 1) + 1) / 1e9
        return self.deadlines.block_s + 20 * expected

    def time(self, state: ArmState, quantity: str, number: int, order: int, *, op: str = "", **message: Any) -> None:
        """Time a block, or single calls, in round `number`, and keep what was read; `op` is the command."""
        reply = self.team.ask(state, op or quantity, self._block_deadline(state), **message)
        if reply is None:
            return
        state.take_doubts(reply)
        arm, inner = state.arm, message.get("inner", 1)
        kept = state.kept(quantity)
        for block in reply["blocks"]:
            self.efficiency.timed_ns += block.pop("primer_ns") + block["wall_ns"]
            kept.append(
                Sample(
                    run_id=self.run_facts.run_id,
                    case_key=arm.case.key,
                    target=str(arm.target),
                    label=arm.target.label,
                    replica=arm.replica,
                    quantity=quantity,
                    set=self.set_index,
                    round=number,
                    order=order,
                    inner=inner,
                    **block,
                )
            )

    def finish(self, states: Sequence[ArmState]) -> None:
        """Prove what was timed, and free the memory."""
        for state in states:
            if not state.live:
                continue
            reply = self.team.ask(state, "finish", self.deadlines.finish_s)
            self.team.released(state)
            if reply is not None:
                state.finished(self.set_index, reply, self.run_facts.threads)


def _twins(state: ArmState) -> tuple[Any, ...]:
    """What arms have in common that run the same code on the same work."""
    return (state.arm.case.key, str(state.arm.target), state.arm.threads)
