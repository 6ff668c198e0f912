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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from harness.core import limits
from harness.errors import ExitCode, first_of
from harness.measure.calibrate import LEAST_BLOCK_NS, MOST_BLOCK_NS
from harness.run.described import described, ending_of
from harness.run.durations import Duration, durations_of
from harness.run.endings import Endings
from harness.run.fleet import Workers, threads_of
from harness.run.ledger import Ledger
from harness.run.looks import Looks
from harness.run.noise import noise_beside
from harness.run.plan import Arm, Plan
from harness.run.row import RunFacts, unmeasured
from harness.run.session import Session
from harness.run.terms import FIRST_FAILURE, SETS, SHARD_CASES, Observer, Pace, Stop
from harness.store.layout import RunPaths
from harness.store.record import Measurement, Outcome, Sample
from harness.store.run_id import new_run_id
from harness.store.writer import RunWriter

MEMORY_SHARE = 0.4  # of what is free: what the arms of a shard may hold together
FEW_CASES = 4  # in a shard where time is short: after each it is asked whether there is time for more
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
    endings: Endings | None = None  # where the run was to go on until enough is known


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


def run_plan(  # noqa: PLR0913  (keywords that explain themselves)
    plan: Plan,
    *,
    results: Path,
    observer: Observer,
    budget_s: float | None = None,
    required: bool = False,
    pace: Pace | None = None,
    exit_first: bool = False,
    command: str = "",
    notes: Mapping[str, Any] | None = None,
) -> RunResult:
    """Measure `plan` and keep the results under `results`.

    `required` says that a target which turns out to be unavailable is a failure of the command;
    `exit_first` ends the run with the first arm that fails or is invalid; `command` is what a report
    says to measure it again, the command line if left out; `notes` go into the manifest.
    """
    pace = pace or default_pace(plan, budgeted=budget_s is not None)
    facts = _facts(plan)
    planned = planned_rows(plan, facts)
    told = {**described(plan, facts, pace, command=command or _command_line()), **(notes or {})}
    writer = RunWriter.begin(results, told, planned)
    sink = _Rows(writer, planned)
    stop = Stop(deadline=None if budget_s is None else time.monotonic() + budget_s, first=exit_first)
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    workers = Workers(scratch=scratch, seed=facts.seed, threads=facts.threads, interrupted=stop.asked)
    ledger = Ledger()
    session = Session(
        plan=plan,
        run_facts=facts,
        pace=pace,
        fleet=workers,
        sink=sink,
        observer=observer,
        rng=random.Random(facts.seed),  # noqa: S311  (the order of rounds, recorded to be repeatable)
        stop=stop,
        stopping=looks_of(plan, pace, ledger, stop.left_s) if pace.adaptive else None,
        ledger=ledger,
        noise=noise_beside(plan.arms, confidence=told["measure"]["confidence"]),
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
        stopped = stopped_by(stop, session.endings)
        state = "complete" if ended and reached_all(stopped, session.endings, rows) else "partial"
        paths = writer.close(state, ending_of(session, stopped, workers))
    return RunResult(
        run_id=facts.run_id,
        paths=paths,
        measurements=rows,
        exit_code=exit_code_of(rows, stopped=stopped, required=required),
        stopped=stopped,
        efficiency=session.efficiency.share,
        durations=durations_of(session.states),
        endings=session.endings,
    )


def _facts(plan: Plan) -> RunFacts:
    measure = plan.suite.measure
    return RunFacts(
        run_id=new_run_id(),
        started_at=datetime.now(UTC),
        suite=plan.suite.name,
        suite_hash=plan.suite.hash,
        reference=plan.reference.name,
        seed=measure.seed if measure.seed is not None else secrets.randbits(32),
        threads=threads_of(measure.threads),
    )


def looks_of(plan: Plan, pace: Pace, ledger: Ledger, left_s: Callable[[], float]) -> Looks:
    """Return the rule by which a plan is measured until enough is known."""
    measure = plan.suite.measure
    return Looks(
        reference=plan.reference,
        target=measure.target_ci,
        margin=measure.margin,
        margins=plan.suite.margins,
        max_time_s=pace.max_time_s,
        ledger=ledger,
        left_s=left_s,
    )


def stopped_by(stop: Stop, endings: Endings | None) -> str:
    """Return why a run ended early: a time budget is no reason where everything is decided, whoever cut it short."""
    if endings is None or stop.reason not in ("", "budget"):
        return stop.reason
    return "budget" if stop.deadline is not None and endings.undecided else ""


def reached_all(stopped: str, endings: Endings | None, rows: Sequence[Measurement]) -> bool:
    """Whether every arm got what a verdict needs, even if more time would have told more."""
    if any(row.outcome == Outcome.NOT_RUN for row in rows):
        return False
    if stopped == "budget" and endings is not None:
        return all(case.look.half is not None for case in endings.undecided)
    return not stopped


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


def default_pace(plan: Plan, *, budgeted: bool = False) -> Pace:
    """Return how much a suite's profile measures; with a time budget every profile that gives verdicts is adaptive."""
    measure = plan.suite.measure
    adaptive = measure.profile == "rigorous" or (budgeted and measure.profile != "quick")
    return Pace(
        sets=SETS[measure.profile],
        rounds=measure.rounds,
        max_time_s=measure.max_time_s,
        shard_bytes=shard_bytes(plan.arms),
        least_block_ns=LEAST_BLOCK_NS,
        most_block_ns=MOST_BLOCK_NS,
        together=max(1, min(4, threads_of(None))),
        adaptive=adaptive,
        shard_cases=FEW_CASES if adaptive and budgeted else SHARD_CASES,
    )


def confirming_pace(plan: Plan, sets: int) -> Pace:
    """Return how much is measured to confirm a difference: so many sets, each as long as those that showed it."""
    plain = default_pace(plan)
    return replace(plain, sets=sets, max_time_s=plain.max_time_s * sets / plain.sets, adaptive=False)


def shard_bytes(arms: Sequence[Arm]) -> int:
    """Return how many bytes the arms of a shard may hold at once."""
    host = int(MEMORY_SHARE * limits.free_memory_bytes())
    if all(arm.target.device.kind == "cpu" for arm in arms):
        return host
    return min(host, int(MEMORY_SHARE * (limits.device_memory_bytes() or DEVICE_BYTES)))


def _command_line() -> str:
    return shlex.join(["python", "-m", "harness", *sys.argv[1:]])


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
