"""What is known of one arm while a session goes on, and the row it ends as."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.core.ceiling import Ceiling, Work
from harness.measure.validity import Doubt, can_exceed, check_ceiling, check_parallelism
from harness.store.record import Failure, Measurement, Outcome, Sample

if TYPE_CHECKING:
    from datetime import datetime

    from harness.run.plan import Arm
    from harness.workloads.base import Workload

LEAST_FOR_P95 = 130  # samples below which a 95th percentile cannot be bounded (docs/method.md)
LEAST_ROUNDS = 5  # fewer say nothing of a time


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What all rows of a run share."""

    run_id: str
    started_at: datetime
    suite: str
    suite_hash: str
    reference: str
    seed: int
    threads: int


@dataclass(kw_only=True)
class ArmState:
    """The one mutable thing of a session: what an arm has shown so far."""

    arm: Arm
    outcome: Outcome | None = None  # settled, once it is
    detail: str = ""
    inner: int | None = None
    call_ns: float | None = None
    rounds_a_set: int = 0
    pairing: str = ""
    attempts: int = 0
    proved_sets: set[int] = field(default_factory=set)
    throughput: list[Sample] = field(default_factory=list)
    latency: list[Sample] = field(default_factory=list)
    timings: dict[str, list[float]] = field(default_factory=dict)  # import_s, prepare_s, first_call_s by set
    answer: dict[str, Any] = field(default_factory=dict)  # max_error, effective_bits, hashes
    facts: dict[str, Any] = field(default_factory=dict)
    spent_ns: dict[str, int] = field(default_factory=dict)  # waited for its worker, by command
    env_id: str | None = None
    ceiling: Ceiling | None = None
    doubts: list[Doubt] = field(default_factory=list)
    checks: set[str] = field(default_factory=set)
    peak_memory_bytes: int | None = None

    @property
    def live(self) -> bool:
        """Whether it has not ended yet."""
        return self.outcome is None

    @property
    def bad(self) -> bool:
        """Whether it has failed, or a check refuses it."""
        return self.outcome in (Outcome.FAILED, Outcome.INVALID) or bool(self.failed_checks)

    @property
    def timed(self) -> bool:
        """Whether there are rounds enough that were proved."""
        return sum(map(self.stands, self.throughput)) >= LEAST_ROUNDS

    @property
    def wanted(self) -> bool:
        """Whether another process-set would say more of it."""
        return self.live and not self.failed_checks

    def settle(self, outcome: Outcome, detail: str) -> None:
        """End this arm; the first reason stands."""
        if self.live:
            self.outcome, self.detail = outcome, detail

    def fail(self, kind: str, detail: str, phase: str) -> None:
        """End this arm as failed, naming the kind and the phase."""
        self.settle(Outcome.FAILED, f"{Failure(kind)}: {detail} (while {PHASES.get(phase, phase)})")

    def prepared(self, reply: dict[str, Any]) -> None:
        """Take up what `prepare` found; a wrong answer is never timed."""
        for name in ("prepare_s", "first_call_s"):
            self.timings.setdefault(name, []).append(reply[name])
        worst = {
            "max_error": max(reply["max_error"], self.answer.get("max_error", 0.0)),
            "effective_bits": min(reply["effective_bits"], self.answer.get("effective_bits", 99.0)),
        }
        self.answer = {**reply, **worst}
        self.take_doubts(reply)
        if any(doubt.code == "V1" for doubt in self.failed_checks):
            self.settle(Outcome.FAILED, f"{Failure.WRONG}: {self.failed_checks[0].detail}")
        elif self.failed_checks:
            self.settle(Outcome.INVALID, self._doubt_words())

    def stands(self, sample: Sample) -> bool:
        """Whether what was timed together with `sample` was proved afterwards."""
        return sample.set in self.proved_sets

    def lost_before_proof(self, set_index: int) -> None:
        """Say of blocks that their worker was lost, through another arm, before it proved its last answer."""
        count = sum(sample.set == set_index for sample in self.throughput)
        if count:
            words = f"the worker of {count} blocks of set {set_index + 1} was lost before it proved its last answer"
            self.doubts.append(Doubt(code="V1", detail=words, warning=True))

    def take_doubts(self, reply: dict[str, Any]) -> None:
        """Take up the outcome of checks."""
        self.checks.update(reply["checks"])
        self.doubts += [Doubt(**doubt) for doubt in reply["doubts"]]

    @property
    def failed_checks(self) -> list[Doubt]:
        """The doubts that refuse this arm."""
        return [doubt for doubt in self.doubts if not doubt.warning]

    def _doubt_words(self) -> str:
        """What failed; the codes stand in a column of their own."""
        return "; ".join(dict.fromkeys(doubt.detail for doubt in self.failed_checks))

    def finished(self, set_index: int, reply: dict[str, Any], threads: int) -> None:
        """Take up what the checks after timing found; check the processors used (V8) and the speed itself (V6)."""
        self.take_doubts(reply)
        timed = [sample for sample in self.throughput if sample.set == set_index]
        wide = check_parallelism(
            [(sample.cpu_ns or 0, sample.wall_ns) for sample in timed], self.arm.threads or threads
        )
        self.take_doubts({"checks": ["V8"], "doubts": [asdict(wide)] if wide else []})
        work = work_of(self.arm.case.workload)
        if timed and self.ceiling is not None and can_exceed(work, self.ceiling):
            above = check_ceiling(work, self.ceiling, median(sample.wall_ns / sample.inner for sample in timed) * 1e-9)
            self.take_doubts({"checks": ["V6"], "doubts": [asdict(above)] if above else []})
        peak = reply.get("peak_memory_bytes")
        if peak is not None:
            self.peak_memory_bytes = max(peak, self.peak_memory_bytes or 0)
        self.proved_sets.add(set_index)

    def measurement(self, run: RunFacts) -> Measurement:
        """Return the row this arm ends as, if the session ended now."""
        outcome, detail = self._verdict()
        return Measurement(**_identity(self.arm, run), **self._body(), **self._times(outcome, detail))

    def _verdict(self) -> tuple[Outcome, str]:
        if self.outcome is not None:
            return self.outcome, self.detail
        if self.failed_checks:
            return Outcome.INVALID, self._doubt_words()
        if not self.timed:
            return Outcome.NOT_RUN, "the run ended before this arm was timed and proved"
        return Outcome.MEASURED, "; ".join(dict.fromkeys(f"{doubt.code}: {doubt.detail}" for doubt in self.doubts))

    def _body(self) -> dict[str, Any]:
        workload = self.arm.case.workload
        items = workload.items()
        typical = {name: median(values) for name, values in self.timings.items()}
        names = ("max_error", "effective_bits", "tolerance", "input_hash", "output_hash")
        return {
            "device_name": self.facts.get("device_name"),
            "framework_version": self.facts.get("framework_version"),
            "checks_run": tuple(sorted(self.checks, key=lambda code: int(code[1:]))),
            "pairing": self.pairing,
            "inner": self.inner,
            **typical,
            "compile_s": self.answer.get("compile_s"),
            **{name: self.answer.get(name) for name in names},
            "flops": workload.flops(),
            "bytes": workload.moved_bytes(),
            "items": items[0] if items else None,
            "items_name": items[1] if items else None,
            "peak_memory_bytes": self.peak_memory_bytes,
            "env_id": self.env_id,
            "attempts": self.attempts,
            "tags": self._tags() if self.answer else None,
        }

    def _tags(self) -> tuple[str, ...]:
        """What a reader of the number should know: the layout, an algorithm, and when V6 had to be lenient."""
        lenient = ["winograd-possible"] if self.arm.case.workload.least_flops_share() < 1 else []
        return tuple(dict.fromkeys([*self.answer.get("tags", ()), *lenient]))

    def _times(self, outcome: Outcome, detail: str) -> dict[str, Any]:
        """Return the columns that only proved arms fill; a rejected time stands in a column of its own."""
        codes = tuple(sorted({doubt.code for doubt in self.failed_checks}))
        head: dict[str, Any] = {"outcome": str(outcome), "detail": detail, "validity": codes}
        proved = [sample for sample in self.throughput if self.stands(sample)]
        head |= {"sets": len({s.set for s in proved}), "rounds": len(proved)}
        if outcome is Outcome.INVALID and proved:
            return {**head, "rejected_s": _summary(proved).time_s}
        if outcome is not Outcome.MEASURED:
            return head
        time = _summary(proved)
        single = [sample for sample in self.latency if self.stands(sample)]
        if not single and self.inner == 1:  # a long call's blocks are single calls with a fence each
            single = proved
        workload = self.arm.case.workload
        flops, items = workload.flops(), workload.items()
        return {
            **head,
            "time_s": time.time_s,
            "time_low_s": time.low_s,
            "time_high_s": time.high_s,
            "time_min_s": time.min_s,
            "time_p95_s": time.p95_s,
            **(_latency(single) if single else {}),
            "flops_per_s": flops / time.time_s if flops else None,
            "bytes_per_s": workload.moved_bytes() / time.time_s,
            "items_per_s": items[0] / time.time_s if items else None,
            "ceiling_share": work_of(workload).share(self.ceiling, time.time_s) if self.ceiling else None,
        }


def work_of(workload: Workload) -> Work:
    """Return what one call does, as ceilings see it."""
    flops, moved = workload.flops(), workload.moved_bytes()
    return Work(
        flops=flops,
        least_flops=None if flops is None else flops * workload.least_flops_share(),
        bytes=moved,
        footprint_bytes=min(moved, workload.input_bytes() + workload.output_bytes()),
    )


PHASES = {
    "start": "starting",
    "bundle": "making inputs",
    "prepare": "preparing",
    "calibrate": "calibrating",
    "prove": "checking",
    "throughput": "timing",
    "latency": "timing latency",
    "finish": "checking after timing",
}


def unmeasured(arm: Arm, run: RunFacts, outcome: Outcome, detail: str) -> Measurement:
    """Return the row of an arm that ended, or stands, without a time."""
    workload = arm.case.workload
    return Measurement(
        **_identity(arm, run), outcome=str(outcome), detail=detail, flops=workload.flops(), bytes=workload.moved_bytes()
    )


def _identity(arm: Arm, run: RunFacts) -> dict[str, Any]:
    workload, target = arm.case.workload, arm.target
    return {
        "run_id": run.run_id,
        "started_at": run.started_at,
        "suite": run.suite,
        "suite_hash": run.suite_hash,
        "case": arm.case.name,
        "case_key": arm.case.key,
        "target": str(target),
        "label": target.label,
        "replica": arm.replica,
        "reference": run.reference,
        "workload": workload.name,
        "params": json.dumps(workload.params(), sort_keys=True),
        "dtype": workload.dtype,
        "math": workload.math,
        "direction": workload.direction,
        "cache": workload.cache,
        "backend": target.backend,
        "mode": target.mode,
        "mode_class": arm.mode_class,
        "device": str(target.device),
        "harness_version": __version__,
        "seed": run.seed,
        "threads": arm.threads or run.threads,
    }


def _summary(samples: list[Sample]) -> Any:
    import numpy as np

    from harness.stats.estimate import summarise

    return summarise(
        np.array([sample.set for sample in samples]),
        np.array([sample.wall_ns / sample.inner * 1e-9 for sample in samples]),
    )


def _latency(samples: list[Sample]) -> dict[str, Any]:
    found = _summary(samples)
    return {
        "latency_s": found.time_s,
        "latency_low_s": found.low_s,
        "latency_high_s": found.high_s,
        "latency_p95_s": found.p95_s if found.count >= LEAST_FOR_P95 else None,
        "latency_count": found.count,
    }
