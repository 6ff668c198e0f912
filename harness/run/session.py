"""The measuring session: process-sets, rounds, and one token.

Exactly one worker runs at a time; the others are stopped. For each process-set fresh workers are
started, cases are prepared and proved, and then rounds go by. Which cases the next set measures, and
whether there is one, a stopping rule says; what is done in a set is the same under each of them.

The session knows workers only as a `Line`, so that a script can stand in for every one of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from harness.run.endings import Endings
from harness.run.launch import Interrupted
from harness.run.ledger import Ledger
from harness.run.noise import Noise
from harness.run.plan import Arm, Plan
from harness.run.rounds import run_rounds
from harness.run.row import RunFacts, measurement_of
from harness.run.shards import by_case, case_by_case, shards, shuffled, teams
from harness.run.state import ArmState
from harness.run.steps import Steps
from harness.run.stopping import Fixed, Stopping
from harness.run.team import Team
from harness.run.terms import Deadlines, Efficiency, Fleet, Observer, Pace, Sink, Stop, memory_needed
from harness.store.record import UNPROVED, Outcome, Sample

LEFT_OUT = "the time budget has no room for as many process-sets of it as a verdict needs"


@dataclass(kw_only=True)
class Session:
    """One run over the arms of a plan. Without a stopping rule all cases get as many sets as the pace says."""

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
    stopping: Stopping | None = None
    ledger: Ledger | None = None
    noise: Noise | None = None  # what watches the machine meanwhile

    def __post_init__(self) -> None:
        self.states = [ArmState(arm=arm) for arm in self.plan.arms]
        self._by_case = by_case(self.states)
        self.efficiency = Efficiency()
        self.endings: Endings | None = None
        self._set = 0
        self._behind = self._in_shard = self._of_set = 0  # arms of this set: measured, being measured, all
        self._over = False  # by the stopping rule, and not because somebody asked
        self._rule: Stopping = self.stopping or Fixed(sets=self.pace.sets)
        self._costs = self.ledger or Ledger(clock=self.clock)
        self._team = Team(
            fleet=self.fleet,
            states=self.states,
            stop=self.stop,
            deadlines=self.deadlines,
            together=self.pace.together,
            prepare_again=self._prepare_again,
            clock=self.clock,
        )
        self._steps = Steps(
            team=self._team,
            fleet=self.fleet,
            pace=self.pace,
            deadlines=self.deadlines,
            observer=self.observer,
            run_facts=self.run_facts,
            clock=self.clock,
            efficiency=self.efficiency,
        )

    # -- the table of contents -------------------------------------------------------------------

    def run(self) -> None:
        """Measure everything, or as much as there is time for; every state is settled afterwards."""
        try:
            self._measure_machine()
            going = frozenset(state.arm.case.key for state in self.states)
            while going:
                self._measure_set(going)
                going = self._rule.after(self._set, self.states)
                self._set += 1
            self._over = True
        except Interrupted:
            pass
        finally:
            self._team.close()
            for state in self.states:
                if state.live and not state.timed and not state.bad:
                    why = LEFT_OUT if self._over and not state.attempts else self.stop.words
                    state.settle(Outcome.NOT_RUN, f"not reached: {why}")
                self.sink.record(measurement_of(state, self.run_facts))
        self.endings = self._rule.ends(self.states)

    def _measure_machine(self) -> None:
        """See what the CPU can do while it is all ours; the checks on time hold its arms to it."""
        if not any(state.arm.target.device.kind == "cpu" for state in self.states) or self.stop.asked():
            return
        self.observer.phase("measuring what this machine can do")
        with self._spent("measuring the machine"):
            self.sink.note({"cpu_speed": self.fleet.speed(deadline_s=self.deadlines.speed_s)})

    def _measure_set(self, going: frozenset[str]) -> None:
        """Measure the cases that go on, by fresh processes."""
        self._steps.set_index, self._steps.where = self._set, self._rule.where(self._set)
        self._costs.begin(self.states)
        wanted = [state for state in self.states if state.wanted and state.arm.case.key in going]
        self._behind, self._of_set = 0, len(wanted)
        with self.noise.over(self._blocks, self.sink.note) if self.noise else nullcontext():
            for team in teams(wanted, self.rng):
                self._measure_team(team)
        self._costs.end(self.states)

    def _measure_team(self, team: list[ArmState]) -> None:
        """Start the workers of `team`, measure its cases shard by shard, let the workers go."""
        self._team.watch()
        if self.stop.asked():
            raise Interrupted
        self.observer.phase(f"{self._steps.where}: starting workers")
        try:
            with self._spent("starting"):
                self._team.start(shuffled(team, self.rng), self._set)
            self._keep([state for state in team if not state.live])
            for shard in shards(team, self.pace, self._memory, self.rng):
                live = [state for state in shard if state.live]
                if not self._rule.admits(live, self.states):
                    break
                self._in_shard = len(live)
                self.observer.begins(self._share(1.0))
                self._measure_shard(live)
                self._behind += len(live)
        finally:
            self._team.close()

    def _measure_shard(self, shard: list[ArmState]) -> None:
        """Prepare, prove, time and prove again the arms of one shard."""
        begun: list[ArmState] = []
        try:
            with self._spent("preparing"):
                for state in case_by_case(shard, self.rng):
                    if self._steps.prepare(state):
                        begun.append(state)  # noqa: PERF401  (kept as it grows: an interruption finishes them)
            with self._spent("calibrating"):
                self._steps.warm(case_by_case(begun, self.rng))
            with self._spent("measuring"):
                self.observer.phase(f"{self._steps.where}: measuring")
                run_rounds(self._steps, [state for state in begun if state.live], self.rng, self._advance)
        except Interrupted:
            self._end_shard(begun, shard)
            raise
        self._end_shard(begun, shard)

    def _end_shard(self, begun: list[ArmState], shard: list[ArmState]) -> None:
        """Bring to its end what was begun, whoever asks to stop meanwhile: a time is worth nothing unproved."""
        self.stop.draining = True
        with self._spent("finishing"):
            self._steps.finish(begun)
            self._keep(shard)
        self.stop.draining = False

    def _prepare_again(self, state: ArmState) -> None:
        self._steps.prepare(state)

    # -- keeping count ---------------------------------------------------------------------------

    def _keep(self, states: Sequence[ArmState]) -> None:
        """Put what is known of these arms on record: who is killed later loses nothing of it."""
        self.sink.samples([sample for state in states for sample in self._of_this_set(state)])
        for state in states:
            self.sink.record(measurement_of(state, self.run_facts))
        for case in {state.arm.case.key: state.arm.case for state in states}.values():
            self.observer.case_done(case, self._by_case[case.key], self._set)

    def _blocks(self) -> Iterator[Sample]:
        """Return the blocks of all arms in this set."""
        return (sample for state in self.states for sample in self._of_this_set(state))

    def _of_this_set(self, state: ArmState) -> list[Sample]:
        return [
            sample if state.stands(sample) else replace(sample, flags=UNPROVED)
            for sample in state.samples
            if sample.set == self._set
        ]

    def _memory(self, arm: Arm) -> int:
        return memory_needed(arm, self.fleet.cold_bytes(arm) if arm.case.workload.cache == "cold" else 0)

    def _advance(self, part: float, state: ArmState | None) -> None:
        self.observer.advance(self._share(part), state)

    def _share(self, part: float) -> float:
        """Return how much of the session is done when `part` of a shard is."""
        done = (self._behind + part * self._in_shard) / max(1, self._of_set)
        return self._rule.share(self._set, min(1.0, done))

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
