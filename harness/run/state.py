"""What is known of one arm while a session goes on; `harness.run.row` makes the row of it that it ends as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from statistics import median
from typing import TYPE_CHECKING, Any

from harness.core.ceiling import Ceiling, Work
from harness.measure.validity import Doubt, can_exceed, check_ceiling, check_parallelism
from harness.store.record import Failure, Outcome, Sample

if TYPE_CHECKING:
    from harness.run.plan import Arm
    from harness.workloads.base import Workload

LEAST_ROUNDS = 5  # fewer say nothing of a time


@dataclass(kw_only=True)
class ArmState:
    """The one mutable thing of a session: what an arm has shown so far."""

    arm: Arm
    outcome: Outcome | None = None  # settled, once it is
    detail: str = ""
    inner: int | None = None
    call_ns: float | None = None
    primer_ns: float | None = None  # of what is called untimed before each block
    rounds_a_set: int = 0
    pairing: str = ""
    attempts: int = 0
    proved_sets: set[int] = field(default_factory=set)
    throughput: list[Sample] = field(default_factory=list)
    latency: list[Sample] = field(default_factory=list)
    phases: list[Sample] = field(default_factory=list)  # of a training's steps, by the phase's name
    timings: dict[str, list[float]] = field(default_factory=dict)  # import_s, prepare_s, first_call_s, compile_s by set
    answer: dict[str, Any] = field(default_factory=dict)  # max_error, effective_bits, hashes
    facts: dict[str, Any] = field(default_factory=dict)
    spent_ns: dict[str, int] = field(default_factory=dict)  # waited for its worker, by command
    env_id: str | None = None
    ceiling: Ceiling | None = None
    doubts: list[Doubt] = field(default_factory=list)
    checks: set[str] = field(default_factory=set)
    peak_memory_bytes: int | None = None
    peak_host_bytes: int | None = None

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

    @property
    def samples(self) -> Iterator[Sample]:
        """All that was timed of it."""
        return chain(self.throughput, self.latency, self.phases)

    def kept(self, quantity: str) -> list[Sample]:
        """Return where blocks of this quantity are kept."""
        return {"throughput": self.throughput, "latency": self.latency}.get(quantity, self.phases)

    def spent(self, op: str, took_ns: int) -> None:
        """Note how long everybody waited for a command of this arm."""
        self.spent_ns[op] = self.spent_ns.get(op, 0) + took_ns

    def settle(self, outcome: Outcome, detail: str) -> None:
        """End this arm; the first reason stands."""
        if self.live:
            self.outcome, self.detail = outcome, detail

    def fail(self, kind: str, detail: str, phase: str) -> None:
        """End this arm as failed, naming the kind and the phase."""
        self.settle(Outcome.FAILED, f"{Failure(kind)}: {detail} (while {PHASES.get(phase, phase)})")

    def prepared(self, reply: dict[str, Any]) -> None:
        """Take up what `prepare` found; a wrong answer is never timed."""
        for name in ("prepare_s", "first_call_s", "compile_s"):
            if (took_s := reply.get(name)) is not None:
                self.timings.setdefault(name, []).append(took_s)
        worst = {
            "max_error": max(reply["max_error"], self.answer.get("max_error", 0.0)),
            "effective_bits": min(reply["effective_bits"], self.answer.get("effective_bits", 99.0)),
        }
        self.answer = {**reply, **worst}
        self.take_doubts(reply)
        if any(doubt.code == "V1" for doubt in self.failed_checks):
            detail, unprovable = self.failed_checks[0].detail, reply.get("unprovable")
            kind = Failure.UNPROVABLE if unprovable else Failure.WRONG
            self.settle(Outcome.FAILED, "; ".join([f"{kind}: {detail}", *([unprovable] if unprovable else [])]))
        elif self.failed_checks:
            self.settle(Outcome.INVALID, self._doubt_words())
        elif reply.get("unreached"):
            self.settle(Outcome.FAILED, f"{Failure.UNREACHED}: {reply['unreached']}")

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
        for name in ("peak_memory_bytes", "peak_host_bytes"):
            peak = reply.get(name)
            if peak is not None:
                setattr(self, name, max(peak, getattr(self, name) or 0))
        self.proved_sets.add(set_index)

    def verdict(self) -> tuple[Outcome, str]:
        """Return how this arm ends, and why, if the session ended now."""
        if self.outcome is not None:
            return self.outcome, self.detail
        if self.failed_checks:
            return Outcome.INVALID, self._doubt_words()
        if not self.timed:
            return Outcome.NOT_RUN, "the run ended before this arm was timed and proved"
        return Outcome.MEASURED, "; ".join(dict.fromkeys(f"{doubt.code}: {doubt.detail}" for doubt in self.doubts))


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
    "phase": "timing a phase",
    "finish": "checking after timing",
}
