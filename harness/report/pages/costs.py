"""Tables beside the ranking: what more threads bring, what single requests wait, what the first call costs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report import words
from harness.report.charts.repaid import CLOSE, LEFT_CODE, SHORTER, Repaid, repayments, with_left_code
from harness.report.charts.tradeoff import unbeaten
from harness.report.content import Block, Cell, Row, Table
from harness.report.findings import RunFindings, Scaling, ScalingStep, case_of, name_of
from harness.report.lazy import Rows
from harness.report.pages.cells import (
    DASH,
    columns,
    duration,
    full_name,
    item_rate,
    named,
    numbers,
    outcome,
    rates,
    ratio,
    repaid,
    row_of,
    shared_facets,
    whole,
)
from harness.store.record import Measurement, Outcome


def scaling(run: RunFindings) -> Iterator[Block]:
    """Yield a table with a line for each case and target: its time at each number of threads, and the speed-up."""
    threads = sorted({step.threads for one in run.scalings for step in one.steps})
    if not threads:
        return
    figures: dict[str, str] = {}
    for at, number in enumerate(threads):
        figures[words.counted(number, "thread")] = "s"
        if at:
            figures[f"{words.counted(number, 'thread')}: times as fast"] = ""
    yield Table(
        name="scaling",
        title="The time at each number of threads",
        columns=(*columns("case", "target"), *numbers(figures)),
        rows=tuple(_scaling_row(one, threads) for one in run.scalings),
        note=(
            "Times as fast: beside the same target with the fewest threads that it was measured with, from blocks "
            "of the same rounds, with its interval."
        ),
    )


def latencies(run: RunFindings) -> Iterator[Block]:
    """Yield a table with a line for each served model: percentiles of single calls, and the throughput."""
    arms = [
        arm for arm in run.arms if arm.workload == "inference" and arm.outcome == Outcome.MEASURED and arm.replica == 0
    ]
    if not arms:
        return
    unit, throughputs = rates(arms, item_rate)
    figures = {"calls": "", "median": "s", "90 %": "s", "95 %": "s", "99 %": "s", "throughput": unit}
    best = {key: Cell(text="yes" if told else "no") for key, told in unbeaten(run).items()}
    yield Table(
        name="serving",
        title="How long single calls take, and how much gets through",
        columns=(*columns("case", "target"), *numbers(figures), *columns("unbeaten")),
        rows=tuple(
            row_of(arm, _serving_cells(arm, rate, best.get(arm.key, DASH)))
            for arm, rate in zip(arms, throughputs, strict=True)
        ),
        note=(
            "Single calls, each waited for. A percentile is told from as many calls on as it takes to bound it with "
            "99 % confidence: 64 for 90 %, 130 for 95 %, 662 for 99 %. The throughput is that of calls queued one "
            "after another. Unbeaten: of all batches and targets of that model, no other has both less latency and "
            "more throughput, by these medians alone; a dash stands where there is one batch alone."
        ),
    )


def first_calls(run: RunFindings) -> Iterator[Block]:
    """Yield a table of what the first call of each arm cost, where anything was measured."""
    arms = [arm for arm in run.arms if arm.first_call_s is not None or arm.compile_s is not None]
    if not arms:
        return
    times = ("first call", "of it compiling", "making ready", "import", "later calls")
    won_back = {one.arm.key: one for one in repayments(run)}
    left = with_left_code(run)
    yield Table(
        name="first-calls",
        title="What comes before the first answer",
        columns=(*columns("case", "target"), *numbers(dict.fromkeys(times, "s") | {"repaid after": "calls"})),
        rows=Rows(lambda arm: row_of(arm, _first_call_cells(arm, won_back.get(arm.key), left=arm.key in left)), arms),
        note=(
            "Import is loading the framework, making ready is placing inputs and building the function, the first "
            "call includes tracing and compiling. Later calls is the time of a call once all that is over. Repaid "
            "after: the calls after which a compiled mode has won back its longer first call, beside the same "
            "framework as written; perhaps, where this run cannot tell the later calls of the two apart, and cannot be "
            f"told, where they lie within {words.share(CLOSE)} of each other besides. A dash stands where its start is "
            "not the longer one, or nothing is known. Only the "
            "first case of a process starts from nothing: compilers keep what they have made, in the process and in "
            f"its cache. {LEFT_CODE.capitalize()}: another case of the same target and model, or program, took "
            f"{SHORTER:g} times as long or more, so nothing can be counted from this first call."
        ),
    )


def _scaling_row(one: Scaling, threads: list[int]) -> Row:
    steps = {step.threads: step for step in one.steps}
    cells = [named(one.case), named(one.target)]
    for at, number in enumerate(threads):
        step = steps.get(number)
        cells.append(DASH if step is None else _time(step))
        cells += [ratio(step.speed_up) if step is not None else DASH] if at else []
    return Row(cells=tuple(cells), facets=shared_facets([step.arm for step in one.steps]))


def _time(step: ScalingStep) -> Cell:
    arm = step.arm
    if arm.outcome != Outcome.MEASURED:
        return outcome(arm)
    return duration(arm.time_s, arm.time_low_s, arm.time_high_s)


def _serving_cells(arm: Measurement, throughput: Cell, best: Cell) -> Iterator[Cell]:
    yield from (named(case_of(arm)), named(name_of(arm)), whole(arm.latency_count))
    yield duration(arm.latency_s, arm.latency_low_s, arm.latency_high_s)
    yield from map(duration, (arm.latency_p90_s, arm.latency_p95_s, arm.latency_p99_s))
    yield throughput
    yield best


def _first_call_cells(arm: Measurement, found: Repaid | None, *, left: bool) -> Iterator[Cell]:
    yield from (named(arm.case), Cell(text=full_name(arm)))
    yield from map(duration, (arm.first_call_s, arm.compile_s, arm.prepare_s, arm.import_s, arm.time_s))
    yield _with_left_code(found) if left else repaid(found, "call")


def _with_left_code(found: Repaid | None) -> Cell:
    """Return a cell about a first call that was perhaps short; what never pays does so after no start."""
    never = repaid(found, "call").text if found is not None else ""
    return Cell(text="; ".join(filter(None, (never, LEFT_CODE))))
