"""A fleet of scripted workers on one virtual clock: a whole session without a process."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.backends.base import AS_WRITTEN, BackendInfo, Mode
from harness.core.ceiling import Ceiling
from harness.core.device import Device
from harness.core.target import Target
from harness.run.launch import WorkerLost
from harness.run.plan import Arm, Plan, make_plan
from harness.run.progress import Silent
from harness.run.row import RunFacts
from harness.run.session import Session
from harness.run.terms import Pace, Stop
from harness.store.record import Measurement, Sample
from harness.suite.model import Case, Measure, Suite
from harness.workloads.registry import make_workload

RUN = "20261121T000000000Z-000000000000"


@dataclass
class Clock:
    """Nanoseconds that pass only when a worker spends them."""

    time_ns: int = 0

    def now(self) -> int:
        return self.time_ns


@dataclass
class Script:
    """How the worker of one target behaves. `faults` maps an op to what happens, for each (case, set)."""

    call_ns: int = 1_000_000
    parallel: float = 1.0
    drift: Callable[[int], float] = lambda now: 1.0
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[tuple[str, str], Exception | dict[str, Any]] = field(default_factory=dict)  # (op, case name)
    late: dict[str, Any] | None = None
    by_set: Callable[[str, int], float] = lambda case, number: 1.0  # how lucky this process is with its memory, say
    prepare_ns: int = 0
    phases_ns: dict[str, int] = field(default_factory=dict)  # of a training, from the start of a step


@dataclass
class ScriptedLine:
    """A worker that answers by its script, and remembers whether it was awake when it did."""

    script: Script
    fleet: ScriptedFleet
    name: str
    set_index: int = 0
    held: bool = False
    closed: bool = False
    cases: dict[int, str] = field(default_factory=dict)

    def request(self, message: dict[str, Any], *, deadline_s: float) -> dict[str, Any]:
        assert deadline_s > 0
        assert not self.held, f"{self.name} was asked to {message['op']} while it was stopped"
        assert not self.closed, f"{self.name} was asked to {message['op']} after it was closed"
        awake = [line.name for line in self.fleet.lines if not line.held and not line.closed and line is not self]
        assert not awake, f"{awake} ran beside {self.name}"
        op = message["op"]
        if op == "prepare":
            self.cases[message["arm"]] = message["bundle"].rsplit("/", 1)[-1]
        case = self.cases[message["arm"]]
        self.fleet.log.append((op, self.name, case))
        self.fleet.deadlines[op, self.name] = deadline_s
        fault = self.script.faults.get((op, case))
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return fault
        return {**getattr(self, f"_{op}")(message), **self.script.replies.get(op, {})}

    def _prepare(self, message: dict[str, Any]) -> dict[str, Any]:
        self.fleet.clock.time_ns += self.script.prepare_ns
        return {
            "prepare_s": 0.1,
            "first_call_s": 0.2,
            "max_error": 1e-8,
            "effective_bits": 22.0,
            "tolerance": 1e-6,
            "input_hash": "in",
            "output_hash": "out",
            "doubts": [],
            "checks": ["V1", "V2", "V7", "V10"],
            "phases": list(self.script.phases_ns),
        }

    def _calibrate(self, message: dict[str, Any]) -> dict[str, Any]:
        inner = max(1, -(-message["least_ns"] // self.script.call_ns))
        call_ns = float(self.script.call_ns)
        return {"inner": inner, "call_ns": call_ns, "primer_ns": call_ns}

    def _prove(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"doubts": [], "checks": ["V2", "V4", "V5"]}

    def _block(self, calls: int, case: str) -> dict[str, Any]:
        clock = self.fleet.clock
        start = clock.time_ns
        luck = self.script.by_set(case, self.set_index)
        wall = round(calls * self.script.call_ns * self.script.drift(start) * luck)
        clock.time_ns += wall
        cpu = round(wall * self.script.parallel)
        return {"start_ns": start, "wall_ns": wall, "cpu_ns": cpu, "runq_ns": 0, "switches": 0, "primer_ns": 0}

    def _throughput(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"blocks": [self._block(message["inner"], self.cases[message["arm"]])], "doubts": [], "checks": ["V9"]}

    def _latency(self, message: dict[str, Any]) -> dict[str, Any]:
        case = self.cases[message["arm"]]
        return {"blocks": [self._block(1, case) for _ in range(message["count"])], "doubts": [], "checks": ["V9"]}

    def _phase(self, message: dict[str, Any]) -> dict[str, Any]:
        spent = self.script.phases_ns[message["name"]] * message["inner"]
        block = self._block(message["inner"], self.cases[message["arm"]])
        return {"blocks": [{**block, "wall_ns": spent, "cpu_ns": spent}], "doubts": [], "checks": ["V9"]}

    def _finish(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"doubts": [], "checks": ["V1", "V9", "V10"], "peak_memory_bytes": 1000}

    def _forget(self, message: dict[str, Any]) -> dict[str, Any]:
        return {}

    def answer(self, *, deadline_s: float) -> dict[str, Any]:
        """What was under way when somebody asked to stop: late, or never."""
        if self.script.late is None:
            raise WorkerLost("timeout", "no answer")
        return self.script.late

    def hold(self) -> None:
        self.held = True

    def wake(self) -> None:
        self.held = False

    def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedFleet:
    """Workers by target name."""

    scripts: dict[str, Script]
    clock: Clock = field(default_factory=Clock)
    lines: list[ScriptedLine] = field(default_factory=list)
    log: list[tuple[str, str, str]] = field(default_factory=list)
    deadlines: dict[tuple[str, str], float] = field(default_factory=dict)  # of the last command, by (op, worker)
    start: dict[str, Exception | dict[str, Any]] = field(default_factory=dict)
    bundle_fault: Exception | None = None
    ceilings: dict[str, Ceiling] = field(default_factory=dict)
    start_ns: int = 0  # what starting one worker takes
    stalls: set[tuple[str, int]] = field(default_factory=set)  # workers, by name and set, that cannot be started

    def launch(self, arm: Arm, set_index: int) -> Any:
        name = arm.target.name + ("'" if arm.replica else "")
        # A worker counts as stopped until it is up: imports may overlap, measuring may not.
        script = self.scripts.get(name) or self.scripts[arm.target.name]
        line = ScriptedLine(script, self, name, set_index=set_index, held=True)
        self.lines.append(line)
        self.log.append(("start", name, str(set_index)))
        return line

    def first(self, lines: Sequence[Any], *, deadline_s: float) -> int:
        return 0

    def started(self, line: Any, arm: Arm, *, deadline_s: float) -> dict[str, Any]:
        self.clock.time_ns += self.start_ns
        if (line.name, line.set_index) in self.stalls:
            raise lost("timeout", "no answer within 180 s")
        verdict = self.start.get(arm.target.name)
        if isinstance(verdict, Exception):
            raise verdict
        return verdict or {"import_s": 1.0, "facts": {"framework_version": "1.0", "device_name": "virtual"}}

    def bundle(self, case: Case, *, deadline_s: float) -> Path:
        if self.bundle_fault is not None:
            raise self.bundle_fault
        return Path("/bundles") / case.name

    def env_id(self, facts: dict[str, Any], arm: Arm) -> str:
        return "env"

    def speed(self, *, deadline_s: float) -> dict[str, float]:
        self.log.append(("speed", "", ""))
        return {"float32": 1e9}

    def ceiling(self, arm: Arm, facts: dict[str, Any]) -> Ceiling | None:
        return self.ceilings.get(arm.target.name)

    def cold_bytes(self, arm: Arm) -> int:
        return 1000


@dataclass
class Rows:
    """A sink in memory."""

    rows: dict[tuple[str, str, int], Measurement] = field(default_factory=dict)
    kept: list[Sample] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def record(self, measurement: Measurement) -> None:
        self.rows[measurement.case, measurement.label or measurement.target, measurement.replica] = measurement

    def samples(self, samples: Sequence[Sample]) -> None:
        self.kept.extend(samples)

    def note(self, manifest_updates: Mapping[str, Any]) -> None:
        self.notes.update(manifest_updates)


def info(name: str, **facts: Any) -> BackendInfo:
    return BackendInfo(
        **{
            "name": name,
            "modes": (Mode(name="plain", mode_class=AS_WRITTEN),),
            "implementation": "nowhere:Nothing",
            "requires": (),
            "devices": ("cpu", "tpu", "gpu"),
            **facts,
        }
    )


def suite(*sizes: int, targets: Sequence[str] = ("a@cpu", "b@cpu"), measure: Measure | None = None) -> Suite:
    return Suite(
        name="test",
        cases=tuple(
            Case(name=f"m{size}", workload=make_workload("matmul", {"m": size, "n": size, "k": size})) for size in sizes
        ),
        targets=tuple(Target.parse(text) for text in targets),
        measure=measure or Measure(profile="quick"),
        hash="hash",
    )


def plan(*sizes: int, targets: Sequence[str] = ("a@cpu", "b@cpu"), **options: Any) -> Plan:
    return make_plan(suite(*sizes, targets=targets), find=info, kinds=lambda: ("cpu", "tpu", "gpu"), **options)


PACE = Pace(sets=2, rounds=6, max_time_s=20.0, shard_bytes=10**9)


def session(
    planned: Plan, fleet: ScriptedFleet, *, pace: Pace = PACE, seed: int = 1, stop: Stop | None = None, **rest: Any
) -> tuple[Session, Rows]:
    rows = Rows()
    facts = fakes_facts(seed=seed, reference=planned.reference.name)
    made = Session(
        plan=planned,
        run_facts=facts,
        pace=pace,
        fleet=fleet,
        sink=rows,
        observer=rest.pop("observer", Silent()),
        rng=random.Random(seed),  # noqa: S311  (an order that repeats)
        stop=stop or Stop(),
        clock=fleet.clock.now,
        **rest,
    )
    return made, rows


def fakes_facts(*, seed: int = 1, reference: str = "a.plain@cpu") -> RunFacts:
    return RunFacts(
        run_id=RUN,
        started_at=datetime(2026, 11, 21, tzinfo=UTC),
        suite="test",
        suite_hash="hash",
        reference=reference,
        seed=seed,
        threads=1,
    )


def lost(kind: str = "crashed", detail: str = "ended by SIGSEGV") -> WorkerLost:
    return WorkerLost(kind, detail)


def device(text: str) -> Device:
    return Device.parse(text)
