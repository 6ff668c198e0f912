"""A whole run: plan in, rows in the store out. The place where everything meets."""

from __future__ import annotations

import random
import secrets
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from harness import __version__
from harness.backends import own
from harness.core import limits
from harness.errors import ExitCode, first_of
from harness.measure.calibrate import LEAST_BLOCK_NS, MOST_BLOCK_NS
from harness.run.durations import Duration, durations_of
from harness.run.fleet import Workers, threads_of
from harness.run.plan import Arm, Plan
from harness.run.session import Session
from harness.run.state import RunFacts, unmeasured
from harness.run.terms import FIRST_FAILURE, SETS, Observer, Pace, Stop
from harness.store.layout import RunPaths
from harness.store.record import METHOD_VERSION, Measurement, Outcome, Sample
from harness.store.run_id import new_run_id
from harness.store.writer import RunWriter

MEMORY_SHARE = 0.4  # of what is free: what the arms of a shard may hold together
DEVICE_BYTES = 16 * 2**30  # assumed of an accelerator whose memory we were not told
REASONS = {"interrupt": ExitCode.INTERRUPTED, "terminated": ExitCode.TERMINATED, "budget": ExitCode.BUDGET}
REASONS |= {FIRST_FAILURE: ExitCode.CASES_FAILED}


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended."""

    run_id: str
    paths: RunPaths
    measurements: tuple[Measurement, ...]
    exit_code: ExitCode
    stopped: str  # "interrupt", "terminated", "budget", "first failure", or nothing
    efficiency: float | None
    durations: tuple[Duration, ...] = ()  # of every arm that a worker was asked for, the longest first


class _Rows:
    """Passes rows on to the store and remembers the last of each arm."""

    def __init__(self, writer: RunWriter, planned: Sequence[Measurement]) -> None:
        self._writer = writer
        self.rows = {row.key: row for row in planned}

    def record(self, measurement: Measurement) -> None:
        self.rows[measurement.key] = measurement
        self._writer.record(measurement)

    def note(self, manifest_updates: Mapping[str, Any]) -> None:
        self._writer.note(manifest_updates)

    def samples(self, samples: Sequence[Sample]) -> None:
        if samples:
            self._writer.samples(samples)


def run_plan(
    plan: Plan,
    *,
    results: Path,
    observer: Observer,
    budget_s: float | None = None,
    required: bool = False,
    pace: Pace | None = None,
    exit_first: bool = False,
    command: str = "",
) -> RunResult:
    """Measure `plan` and keep the results under `results`.

    `required` says that a target which turns out to be unavailable is a failure of the command;
    `exit_first` ends the run with the first arm that fails or is invalid; `command` is what a report
    says to measure it again, the command line if left out.
    """
    measure = plan.suite.measure
    seed = measure.seed if measure.seed is not None else secrets.randbits(32)
    facts = RunFacts(
        run_id=new_run_id(),
        started_at=datetime.now(UTC),
        suite=plan.suite.name,
        suite_hash=plan.suite.hash,
        reference=plan.reference.name,
        seed=seed,
        threads=threads_of(measure.threads),
    )
    planned = planned_rows(plan, facts)
    writer = RunWriter.begin(results, _manifest(plan, facts, command), planned)
    sink = _Rows(writer, planned)
    stop = Stop(deadline=None if budget_s is None else time.monotonic() + budget_s, first=exit_first)
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    workers = Workers(scratch=scratch, seed=seed, threads=facts.threads, interrupted=stop.asked)
    session = Session(
        plan=plan,
        run_facts=facts,
        pace=pace or default_pace(plan),
        fleet=workers,
        sink=sink,
        observer=observer,
        rng=random.Random(seed),  # noqa: S311  (the order of rounds, recorded to be repeatable)
        stop=stop,
    )
    ended = False
    try:
        with _stop_on_signals(stop), workers:
            session.run()
        ended = True
    except KeyboardInterrupt:  # the second signal: at once, with what is on record
        pass
    finally:
        rows = tuple(sink.rows.values())
        short = not ended or stop.reason or any(row.outcome == Outcome.NOT_RUN for row in rows)
        state = "partial" if short else "complete"
        paths = writer.close(state, _ending(session, stop, workers))
    return RunResult(
        run_id=facts.run_id,
        paths=paths,
        measurements=rows,
        exit_code=exit_code_of(rows, stopped=stop.reason, required=required),
        stopped=stop.reason,
        efficiency=session.efficiency.share,
        durations=durations_of(session.states),
    )


def planned_rows(plan: Plan, facts: RunFacts) -> list[Measurement]:
    """Return the row of every arm as it stands before anything has run."""
    settled = [unmeasured(one.arm, facts, one.outcome, one.detail) for one in plan.settled]
    return settled + [unmeasured(arm, facts, Outcome.NOT_RUN, "not reached yet") for arm in plan.arms]


def exit_code_of(rows: Sequence[Measurement], *, stopped: str, required: bool) -> ExitCode:
    """Return how the command ends."""
    outcomes = {row.outcome for row in rows}
    codes = [REASONS[stopped]] if stopped else []
    if outcomes & {Outcome.FAILED, Outcome.INVALID}:
        codes.append(ExitCode.CASES_FAILED)
    if required and Outcome.UNAVAILABLE in outcomes:
        codes.append(ExitCode.UNAVAILABLE)
    return first_of(codes)


def default_pace(plan: Plan) -> Pace:
    """Return how much a suite's profile measures."""
    measure = plan.suite.measure
    return Pace(
        sets=SETS[measure.profile],
        rounds=measure.rounds,
        max_time_s=measure.max_time_s,
        shard_bytes=shard_bytes(plan.arms),
        least_block_ns=LEAST_BLOCK_NS,
        most_block_ns=MOST_BLOCK_NS,
        together=max(1, min(4, threads_of(None))),
    )


def shard_bytes(arms: Sequence[Arm]) -> int:
    """Return how many bytes the arms of a shard may hold at once."""
    host = int(MEMORY_SHARE * limits.free_memory_bytes())
    if all(arm.target.device.kind == "cpu" for arm in arms):
        return host
    return min(host, int(MEMORY_SHARE * (limits.device_memory_bytes() or DEVICE_BYTES)))


def _manifest(plan: Plan, facts: RunFacts, command: str) -> dict[str, Any]:
    measure = plan.suite.measure
    return {
        "run_id": facts.run_id,
        "suite": plan.suite.name,
        "suite_hash": plan.suite.hash,
        "suite_text": plan.suite.source,
        "suite_path": plan.suite.path.name if plan.suite.path else None,
        "started_at": facts.started_at,
        "command": command or shlex.join(["python", "-m", "harness", *sys.argv[1:]]),
        "harness_version": __version__,
        "method_version": METHOD_VERSION,
        "seed": facts.seed,
        "threads": facts.threads,
        "measure": {
            "profile": measure.profile,
            "sets": SETS[measure.profile],
            "rounds": measure.rounds,
            "max_time_s": measure.max_time_s,
            "target_ci": measure.target_ci,
        },
        "overrides": list(plan.suite.overrides),
        "loaded": [{"file": Path(each.file or each.module).name, "sha256": each.sha256} for each in own.loaded()],
        "thread_numbers": sorted({arm.threads for arm in plan.arms if arm.threads}),
        "targets": [target.name for target in plan.targets],
        "reference": facts.reference,
    }


def _ending(session: Session, stop: Stop, workers: Workers) -> dict[str, Any]:
    return {
        "machine": workers.machine,
        "environments": workers.environments,
        "cpus": workers.cpus(),
        "ceilings": {s.arm.target.name: s.ceiling.source for s in session.states if s.ceiling is not None},
        "stopped": stop.reason,
        "timed_share": session.efficiency.share,
        "phases_s": session.efficiency.phases_s,
    }


@contextmanager
def _stop_on_signals(stop: Stop) -> Iterator[None]:
    """The first signal asks to end in order; the second ends at once, with what is proved already."""

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.reason in ("interrupt", "terminated"):
            raise KeyboardInterrupt
        stop.reason = "interrupt" if number == signal.SIGINT else "terminated"

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may listen; whoever called from another one stops us by other means
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
