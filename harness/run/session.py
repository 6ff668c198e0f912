"""The measuring session: process-sets, rounds, and one token.

Exactly one worker runs at a time; the others are stopped. For each process-set fresh workers are
started, cases are prepared and proved, and then rounds go by: in each, every case and every arm of
it has one block, in random order, so that arms of a case stand next to each other in time and the
drift of the machine falls on all of them alike.

The session knows workers only as a `Line`, so that a script can stand in for every one of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness.run.launch import Interrupted, WorkerLost
from harness.run.plan import Arm, Plan
from harness.run.state import LEAST_ROUNDS, ArmState, RunFacts
from harness.run.team import Team
from harness.run.terms import (
    LATENCY_CALLS,
    LATENCY_ROUNDS,
    LATENCY_TURN_NS,
    Deadlines,
    Efficiency,
    Fleet,
    Observer,
    Pace,
    Sink,
    Stop,
    describe_case,
    memory_needed,
    rounds_within,
)
from harness.store.record import UNPROVED, Outcome, Sample

PROOF_BLOCKS = 400  # more than the checks on time ever take, in all their looks


@dataclass(kw_only=True)
class Session:
    """One run over the arms of a plan."""

    plan: Plan
    run_facts: RunFacts
    pace: Pace
    fleet: Fleet
    sink: Sink
    observer: Observer
    rng: random.Random
    stop: Stop = field(default_factory=Stop)
    deadlines: Deadlines = field(default_factory=Deadlines)
    clock: Callable[[], int] = time.perf_counter_ns

    def __post_init__(self) -> None:
        self.states = [ArmState(arm=arm) for arm in self.plan.arms]
        self.efficiency = Efficiency()
        self._set = 0
        self._team = Team(
            fleet=self.fleet,
            states=self.states,
            stop=self.stop,
            deadlines=self.deadlines,
            together=self.pace.together,
            prepare_again=self._prepare,
            clock=self.clock,
        )

    # -- the table of contents -------------------------------------------------------------------

    def run(self) -> None:
        """Measure everything, or as much as there is time for; every state is settled afterwards."""
        try:
            self._measure_machine()
            for number in range(self.pace.sets):
                self._set = number
                for team in self._teams():
                    self._measure_team(team)
        except Interrupted:
            pass
        finally:
            self._team.close()
            for state in self.states:
                if state.live and not state.timed and not state.bad:
                    state.settle(Outcome.NOT_RUN, f"not reached: {self.stop.words}")
                self.sink.record(state.measurement(self.run_facts))

    def _measure_machine(self) -> None:
        """See what the CPU can do while it is all ours; the checks on time hold its arms to it."""
        if not any(state.arm.target.device.kind == "cpu" for state in self.states) or self.stop.asked():
            return
        self.observer.phase("measuring what this machine can do")
        with self._spent("measuring the machine"):
            self.sink.note({"cpu_speed": self.fleet.speed(deadline_s=self.deadlines.speed_s)})

    def _measure_team(self, team: list[ArmState]) -> None:
        """Start the workers of `team`, measure its cases shard by shard, let the workers go."""
        self._team.watch()
        if self.stop.asked():
            raise Interrupted
        self.observer.phase(f"{self._where()}: starting workers")
        try:
            with self._spent("starting"):
                self._team.start(self._shuffled(team), self._set)
            self._keep([state for state in team if not state.live])
            for shard in self._shards(team):
                self._measure_shard([state for state in shard if state.live])
        finally:
            self._team.close()

    def _measure_shard(self, shard: list[ArmState]) -> None:
        """Prepare, prove, time and prove again the arms of one shard."""
        begun: list[ArmState] = []
        try:
            with self._spent("preparing"):
                for state in self._case_by_case(shard):
                    if self._prepare(state):
                        begun.append(state)  # noqa: PERF401  (kept as it grows: an interruption finishes them)
            with self._spent("calibrating"):
                for state in self._case_by_case(begun):
                    self._warm(state)
            with self._spent("measuring"):
                self._rounds([state for state in begun if state.live])
        except Interrupted:
            self._end_shard(begun, shard)
            raise
        self._end_shard(begun, shard)

    def _end_shard(self, begun: list[ArmState], shard: list[ArmState]) -> None:
        """Bring to its end what was begun, whoever asks to stop meanwhile: a time is worth nothing unproved."""
        self.stop.draining = True
        with self._spent("finishing"):
            self._finish(begun)
            self._keep(shard)
        self.stop.draining = False

    @contextmanager
    def _spent(self, phase: str) -> Iterator[None]:
        """Add up how long each phase of the session takes."""
        begin = self.clock()
        try:
            yield
        finally:
            took = self.clock() - begin
            phases = self.efficiency.phases_s
            phases[phase] = phases.get(phase, 0.0) + took / 1e9
            if phase == "measuring":
                self.efficiency.measuring_ns += took

    def _where(self) -> str:
        return f"set {self._set + 1} of {self.pace.sets}"

    # -- who runs with whom ----------------------------------------------------------------------

    def _teams(self) -> list[list[ArmState]]:
        """Split the arms to measure into those that can hold their devices at once; a TPU is held alone."""
        wanted = [state for state in self.states if state.wanted]
        alone: dict[tuple[str, str, int], list[ArmState]] = {}
        together = [state for state in wanted if state.arm.target.device.kind != "tpu"]
        for state in wanted:
            if state.arm.target.device.kind == "tpu":
                alone.setdefault(state.arm.crew, []).append(state)
        teams = [team for team in (together, *alone.values()) if team]
        self.rng.shuffle(teams)
        for team in teams:
            for state in team:
                # Once measured by whole processes, always compared so: other sets may fit into memory together.
                state.pairing = "round" if team is together and state.pairing != "process" else "process"
        return teams

    def _shards(self, team: list[ArmState]) -> Iterator[list[ArmState]]:
        """Group a team's arms so that what is held in memory at once stays within bounds.

        A case whose arms do not fit together is measured worker by worker.
        """
        by_case: dict[str, list[ArmState]] = {}
        for state in team:
            by_case.setdefault(state.arm.case.key, []).append(state)
        shard: list[list[ArmState]] = []
        held = 0
        for arms in by_case.values():
            need = sum(self._memory(state.arm) for state in arms)
            if need > self.pace.shard_bytes:
                yield from self._one_by_one(arms)
                continue
            if shard and (held + need > self.pace.shard_bytes or len(shard) == self.pace.shard_cases):
                yield [state for case in shard for state in case]
                shard, held = [], 0
            shard.append(arms)
            held += need
        if shard:
            yield [state for case in shard for state in case]

    def _memory(self, arm: Arm) -> int:
        return memory_needed(arm, self.fleet.cold_bytes(arm) if arm.case.workload.cache == "cold" else 0)

    def _one_by_one(self, arms: list[ArmState]) -> Iterator[list[ArmState]]:
        for state in self._shuffled(arms):
            state.pairing = "process"
            yield [state]

    def _shuffled(self, states: Iterable[ArmState]) -> list[ArmState]:
        shuffled = list(states)
        self.rng.shuffle(shuffled)
        return shuffled

    def _case_by_case(self, states: Sequence[ArmState]) -> list[ArmState]:
        """Return arms in random order, those of one case next to each other."""
        by_case: dict[str, list[ArmState]] = {}
        for state in states:
            by_case.setdefault(state.arm.case.key, []).append(state)
        cases = list(by_case.values())
        self.rng.shuffle(cases)
        return [state for arms in cases for state in self._shuffled(arms)]

    # -- one arm ---------------------------------------------------------------------------------

    def _prepare(self, state: ArmState) -> bool:
        """Bring a case to its worker and prove it; return whether it is to be timed."""
        case = state.arm.case
        self.observer.phase(f"{self._where()}: preparing {case.name} on {state.arm.target.name}")
        try:
            folder = self.fleet.bundle(case, deadline_s=self.deadlines.bundle_s)
        except WorkerLost as lost:
            state.fail(lost.kind, lost.detail, "bundle")
            return False
        state.attempts += 1
        reply = self._team.ask(
            state,
            "prepare",
            self.deadlines.prepare_s + self._longest_s,
            bundle=str(folder),
            cold_bytes=self.fleet.cold_bytes(state.arm),
            **describe_case(case),
        )
        if reply is None:
            return False
        state.prepared(reply)
        if not state.live:
            self._team.forget(state)
            return False
        self._team.holds(state)
        return True

    def _warm(self, state: ArmState) -> None:
        """On the first set choose the block and prove that time can be believed; later only warm up."""
        if state.inner is not None:
            reply = self._team.ask(state, "throughput", self._block_deadline(state), inner=state.inner)
            if reply is not None:
                state.take_doubts(reply)
            return
        pace = self.pace
        self.observer.phase(
            f"{self._where()}: calibrating and checking {state.arm.case.name} on {state.arm.target.name}"
        )
        reply = self._team.ask(
            state,
            "calibrate",
            self.deadlines.calibrate_s + self._longest_s,
            least_ns=pace.least_block_ns,
            most_ns=pace.most_block_ns,
        )
        if reply is None:
            return
        inner, call_ns = reply["inner"], reply["call_ns"]
        rounds = rounds_within(pace, inner=inner, call_ns=call_ns)
        if rounds < LEAST_ROUNDS:
            detail = f"a call takes {call_ns / 1e9:.3g} s: {LEAST_ROUNDS} rounds pass max_time"
            state.fail("timeout", detail, "calibrate")
            self._team.forget(state)
            return
        state.inner, state.call_ns, state.rounds_a_set = inner, call_ns, rounds
        deadline_s = self.deadlines.prove_s + PROOF_BLOCKS * (inner + 1) * call_ns / 1e9
        reply = self._team.ask(state, "prove", deadline_s, inner=inner)
        if reply is not None:
            state.take_doubts(reply)

    @property
    def _longest_s(self) -> float:
        """What an arm's calls may take in one set: a phase of a few calls is not to end one that `max_time` allows."""
        return self.pace.max_time_s / self.pace.sets

    def _block_deadline(self, state: ArmState) -> float:
        expected = (state.call_ns or 0) * ((state.inner or 1) + 1) / 1e9
        return self.deadlines.block_s + 20 * expected

    # -- rounds ----------------------------------------------------------------------------------

    def _rounds(self, states: list[ArmState]) -> None:
        """Time one block of every arm a round; then single calls, for latency."""
        self.observer.phase(f"{self._where()}: measuring")
        for number in range(self.pace.rounds):
            due = [state for state in states if state.live and _takes_part(state, number, self.pace.rounds)]
            for order, state in enumerate(self._case_by_case(due)):
                self._time(state, "throughput", number, order, inner=state.inner)
            self.observer.advance((self._set + (number + 1) / self.pace.rounds) / self.pace.sets, None)
        short = [state for state in states if state.live and (state.call_ns or 0) < LATENCY_TURN_NS]
        for number in range(LATENCY_ROUNDS):
            for order, state in enumerate(self._case_by_case([state for state in short if state.live])):
                count = int(max(1, min(LATENCY_CALLS, LATENCY_TURN_NS // max(1.0, state.call_ns or 1.0))))
                self._time(state, "latency", number, order, count=count)

    def _time(self, state: ArmState, quantity: str, number: int, order: int, **message: Any) -> None:
        reply = self._team.ask(state, quantity, self._block_deadline(state), **message)
        if reply is None:
            return
        state.take_doubts(reply)
        inner = message.get("inner", 1)
        kept = state.throughput if quantity == "throughput" else state.latency
        for block in reply["blocks"]:
            self.efficiency.timed_ns += block.pop("primer_ns") + block["wall_ns"]
            kept.append(
                Sample(
                    run_id=self.run_facts.run_id,
                    case_key=state.arm.case.key,
                    target=str(state.arm.target),
                    label=state.arm.target.label,
                    replica=state.arm.replica,
                    quantity=quantity,
                    set=self._set,
                    round=number,
                    order=order,
                    inner=inner,
                    **block,
                )
            )
        if quantity == "throughput" and order == 0:
            self.observer.advance((self._set + number / self.pace.rounds) / self.pace.sets, state)

    def _finish(self, states: list[ArmState]) -> None:
        """Prove what was timed, and free the memory."""
        for state in states:
            if not state.live:
                continue
            reply = self._team.ask(state, "finish", self.deadlines.finish_s)
            self._team.released(state)
            if reply is not None:
                state.finished(self._set, reply, self.run_facts.threads)

    def _keep(self, states: list[ArmState]) -> None:
        """Put what is known of these arms on record: who is killed later loses nothing of it."""
        self.sink.samples([sample for state in states for sample in self._of_this_set(state)])
        for state in states:
            self.sink.record(state.measurement(self.run_facts))
        for case in {state.arm.case.key: state.arm.case for state in states}.values():
            of_case = [state for state in self.states if state.arm.case.key == case.key]
            self.observer.case_done(case, of_case, self._set)

    def _of_this_set(self, state: ArmState) -> list[Sample]:
        return [
            sample if state.stands(sample) else replace(sample, flags=UNPROVED)
            for sample in (*state.throughput, *state.latency)
            if sample.set == self._set
        ]


def _takes_part(state: ArmState, number: int, rounds: int) -> bool:
    """Whether an arm with fewer rounds has one now; they are spread evenly over the set."""
    share = state.rounds_a_set
    return (number + 1) * share // rounds > number * share // rounds
