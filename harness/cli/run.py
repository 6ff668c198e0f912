"""Measure a suite: every case on every target, proved against float64 before it is timed.

Results are kept under results/ as they come; `python -m harness report` renders them. The first
Ctrl-C ends in order and keeps all that was measured, the second ends at once.

With --profile rigorous, or a --budget, a case is measured until its ratios are known well enough
(`target_ci` of the suite), or decided, or never will be. A budget goes where least is known, and what
it could not decide is said at the end.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import options, selecting
from harness.cli.documents import show_document
from harness.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.api import Measured
    from harness.core.target import Target
    from harness.run.plan import Plan
    from harness.run.runner import RunResult
    from harness.run.terms import Pace
    from harness.suite.model import Suite

MINUTE_S = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", type=Path, help="a suite file, such as suites/gemm.yaml")
    options.add_targets(parser)
    options.add_set(parser)
    add_common(parser)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Declare what `bench` takes too: which arms, how hard, where results go, what is shown."""
    options.add_load(parser)
    selecting.add_selection(parser)
    options.add_measure(parser)
    options.add_results(parser)
    parser.add_argument("--durations", type=options.positive, metavar="N", help="show the N arms that took longest")
    parser.add_argument(
        "--budget",
        metavar="10m",
        help="spend this much time where least is known, and say what that could not decide (exit code 124)",
    )
    parser.add_argument("--max-cases", type=options.positive, default=10_000, help="default: 10000")
    parser.add_argument("--dry-run", action="store_true", help="say what would be measured, and measure nothing")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
    parser.add_argument("--quiet", "-q", action="store_true", help="show no progress")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Plan, and measure or say what would be."""
    return carry_out(
        suite_of(arguments),
        arguments,
        targets=options.targets_of(arguments.target),
        required=options.targets_of(arguments.require),
    )


def suite_of(arguments: argparse.Namespace) -> Suite:
    """Return the suite that the command line names, measured as it says."""
    from harness.api import load_suite

    options.refuse_contradictions(arguments)
    options.load_own(arguments.load)
    suite = load_suite(arguments.suite, max_cases=arguments.max_cases, overrides=arguments.set)
    return options.with_measure(suite, arguments)


def carry_out(
    suite: Suite, arguments: argparse.Namespace, *, targets: Sequence[Target], required: Sequence[Target]
) -> ExitCode:
    """Plan a suite, and measure it or say what would be measured."""
    plan = planned(suite, arguments, targets=targets, required=required)
    if arguments.dry_run:
        return show_plan(plan, arguments)
    made = measured(plan, arguments, required=bool(targets or required))
    _show_result(made.result, arguments)
    return made.result.exit_code


def planned(
    suite: Suite, arguments: argparse.Namespace, *, targets: Sequence[Target], required: Sequence[Target] = ()
) -> Plan:
    """Plan what the command line chooses of a suite."""
    from harness.run.plan import make_plan

    options.read_budget(arguments.budget)  # a mistake in it should not have to wait for its turn
    if not arguments.dry_run:
        options.recover_runs(arguments.results)  # before the choice: what was killed may be what failed last
    choose = selecting.selection_of(arguments, suite).choose
    return make_plan(suite, targets=targets, required=required, choose=choose)


def measured(
    plan: Plan, arguments: argparse.Namespace, *, required: bool, notes: Mapping[str, Any] | None = None
) -> Measured:
    """Measure a plan as the command line says, show how it goes on, and say what the time could not decide."""
    from harness.api import measure
    from harness.run.progress import Progress, Silent

    observer = Silent() if arguments.quiet else Progress()
    try:
        made = measure(
            plan,
            results=arguments.results,
            observer=observer,
            budget_s=options.read_budget(arguments.budget),
            required=required,
            exit_first=arguments.exitfirst,
            notes=notes,
        )
    finally:
        observer.close()
    if made.result.endings is not None and (not arguments.quiet or made.result.endings.undecided):
        print("\n".join(made.result.endings.lines()), file=sys.stderr)
    return made


def _show_result(result: RunResult, arguments: argparse.Namespace) -> None:
    from harness.report.terminal import show_run

    if arguments.json:
        show_document(result_values(result), indent=None)
        return
    print(show_run(arguments.results, result.run_id), end="")
    if arguments.durations:
        print(f"\n{selecting.longest(result.durations, arguments.durations)}")
    if result.stopped and not (result.stopped == "budget" and result.endings):  # what it left undecided has been told
        print(f"\nended early ({result.stopped}); what was measured is kept", file=sys.stderr)
    say_where(result, f"report{options.results_option(arguments.results)}")


def say_where(result: RunResult, following: str) -> None:
    """Say where the results are, how to measure again what failed, and which command comes next."""
    print(f"\nresults: {result.paths.measurements}")
    retry = selecting.again(sys.argv[1:], result.measurements)
    if retry:
        print(f"again:   {retry}")
    print(f"next:    python -m harness {following}")


def result_values(result: RunResult) -> dict[str, Any]:
    """Return a run's end as plain values."""
    from dataclasses import asdict

    return {
        "schema": "harness.run/1",
        "run_id": result.run_id,
        "exit_code": int(result.exit_code),
        "stopped": result.stopped,
        "timed_share": result.efficiency,
        **(result.endings.values() if result.endings else {}),
        "again": selecting.again(sys.argv[1:], result.measurements) or None,
        "durations": [asdict(one) | {"total_s": one.total_s} for one in result.durations],
        "files": {name: str(path) for name, path in asdict(result.paths).items()},
        "measurements": [
            {name: str(value) if name == "started_at" else value for name, value in asdict(row).items()}
            for row in result.measurements
        ],
    }


def show_plan(plan: Plan, arguments: argparse.Namespace) -> ExitCode:
    """Say what would be measured."""
    from harness.core import units
    from harness.run.fleet import threads_of
    from harness.run.forecast import forecast
    from harness.run.runner import default_pace

    pace = default_pace(plan, budgeted=arguments.budget is not None)
    needed = forecast(plan, pace, threads=threads_of(plan.suite.measure.threads))
    lines = [_arm_values(arm, "measure", "") for arm in plan.arms]
    lines += [_arm_values(one.arm, str(one.outcome), one.detail) for one in plan.settled]
    if arguments.json:
        values = {"memory_bytes": needed.memory_bytes, "expected_s": needed.seconds, "reference": plan.reference.name}
        show_document({"schema": "harness.plan/1", "suite": plan.suite.name, **values, "arms": lines}, indent=None)
        return ExitCode.FINE
    for line in lines:
        flops = units.rate(line["flops"], "FLOP") if line["flops"] else "-"
        what = f"{line['outcome']}: {line['detail']}" if line["detail"] else line["outcome"]
        again = " (A', the self-check)" if line["replica"] else ""
        print(f"{line['case']:44} {line['target'] + again:24} {flops:>12} {units.size(line['bytes']):>10}  {what}")
    print(
        f"\n{len(plan.arms)} arms to measure, {len(plan.settled)} settled; reference {plan.reference.name}; "
        f"{_sets(pace)} of {pace.rounds} rounds\n"
        f"needs about {units.size(needed.memory_bytes)} of memory and "
        f"{'at least ' if needed.at_least else ''}{_minutes(needed.seconds)}"
    )
    return ExitCode.FINE


def _sets(pace: Pace) -> str:
    """Return how many process-sets there will be."""
    from harness.stats.sequential import LOOKS

    if pace.adaptive:
        return f"{pace.sets} to {LOOKS['round'][-1]} process-sets"
    return f"{pace.sets} process-set{'s' if pace.sets > 1 else ''}"


def _arm_values(arm: Any, outcome: str, detail: str) -> dict[str, Any]:
    from harness.run.select import name_of

    workload = arm.case.workload
    return {
        "name": name_of(arm),
        "case": arm.case.name,
        "case_key": arm.case.key,
        "target": arm.target.name,
        "replica": arm.replica,
        "outcome": outcome,
        "detail": detail,
        "flops": workload.flops(),
        "bytes": workload.moved_bytes(),
    }


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 2 * MINUTE_S else f"{seconds / MINUTE_S:.0f} minutes"
