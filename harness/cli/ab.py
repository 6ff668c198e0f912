"""Measure two environments side by side in one session, and say which differences there are.

The two sides are targets: two interpreters (a framework's old and new version), two settings of an
environment variable, or two targets of one. Their blocks alternate in one session, which is the right way
to judge an upgrade. Side a is the reference and is measured twice, to see what this machine can tell apart.

  --a torch@cpu,python=old/bin/python,label=2.12   --b torch@cpu,python=new/bin/python,label=2.13
  --a jax@cpu   --b jax@cpu,env.XLA_FLAGS=--xla_cpu_enable_fast_math=true

A difference beyond the margin is measured again by fresh processes, and what these say decides. It ends
with 3 where b is slower and that was confirmed, with 1 where something failed, at first or when it was measured
again, and with 4 where nothing was decided or something is missing.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options, selecting
from harness.cli import run as running
from harness.cli.documents import show_document
from harness.errors import ExitCode, HarnessError, NothingSelected, UsageError, first_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.api import Measured
    from harness.confirming import MeasuredAgain
    from harness.core.target import Target
    from harness.report.comparison import Page
    from harness.suite.model import Suite

_SIDE = "TARGET[,python=PATH][,env.NAME=VALUE][,label=NAME]"
_OPTIONS = ("python=", "label=", "env.")
INTERRUPTED = "not confirmed because the confirmation was interrupted"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", type=Path, help="a suite file, such as suites/gemm.yaml")
    parser.add_argument("--a", required=True, metavar=_SIDE, help="the side that the other is held against")
    parser.add_argument("--b", required=True, metavar=_SIDE, help="the other side")
    parser.add_argument(
        "--no-confirm", action="store_true", help="do not measure differences again; they are then hints and no more"
    )
    options.add_set(parser)
    running.add_common(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Measure both sides, compare them, and confirm what differs."""
    _refuse(arguments)
    a, b = sides_of(arguments.a, arguments.b)
    suite = running.suite_of(arguments)
    plan = running.planned(_between(suite, a, b, arguments), arguments, targets=(a, b))
    if arguments.dry_run:
        return running.show_plan(plan, arguments)
    if len(plan.targets) != 2:  # noqa: PLR2004
        raise NothingSelected("what was chosen leaves one side only", remedy="choose cases, and not ::TARGET")
    names = {side: target.name for side, target in zip("ab", plan.targets, strict=True)}
    made = running.measured(plan, arguments, required=True, notes={"ab": names})
    return _conclude(made, arguments, names)


def sides_of(a: str, b: str) -> tuple[Target, Target]:
    """Return both sides; those without a label are called a and b."""
    sides = [read_side(text, option) for text, option in ((a, "--a"), (b, "--b"))]
    first, second = (side if side.label else replace(side, label=name) for side, name in zip(sides, "ab", strict=True))
    if first.label == second.label:
        raise UsageError(f"both sides are called {first.label!r}", remedy="give each its own label=NAME")
    return first, second


def read_side(text: str, option: str) -> Target:
    """Read a target and what it runs in; a comma within the value of a variable stays in it."""
    from harness.core.target import Target

    head, *parts = text.split(",")
    plain, env = [head], dict[str, str]()
    name = ""
    for part in parts:
        if part.startswith("env."):
            name, equals, value = part.removeprefix("env.").partition("=")
            if not equals or not name.isidentifier() or name in env:
                raise UsageError(f"{option}: not a variable: {part!r}", remedy="write env.NAME=VALUE, once each")
            env[name] = value
        elif name and not part.startswith(_OPTIONS):
            env[name] += f",{part}"
        else:
            plain.append(part)
            name = ""
    try:
        return replace(Target.parse_option(",".join(plain)), env=env)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", remedy=f"write {_SIDE}") from None


def _between(suite: Suite, a: Target, b: Target, arguments: argparse.Namespace) -> Suite:
    """Return the suite with its two sides, the first of them the reference, measured well enough for verdicts."""
    from harness.suite.identity import suite_hash

    measure = suite.measure
    if measure.profile == "quick" and arguments.profile is None and not _says(arguments, "measure.profile"):
        print("profile standard: the suite asks for quick, which gives no verdicts", file=sys.stderr)
        measure = replace(measure, profile="standard")
    made = replace(suite, targets=(a, b), reference=a, measure=measure)
    return replace(made, hash=suite_hash(made))


def _says(arguments: argparse.Namespace, name: str) -> bool:
    return any(text.partition("=")[0].strip() == name for text in arguments.set)


def _refuse(arguments: argparse.Namespace) -> None:
    for name in ("targets", "reference"):
        if _says(arguments, name):
            raise UsageError(f"--set {name} has no meaning here", remedy="the two sides are --a and --b")


def _conclude(made: Measured, arguments: argparse.Namespace, names: dict[str, str]) -> ExitCode:
    """Compare, confirm, print."""
    from harness.report.compare_confirm import seen_once

    page, codes, told = _compared(made, names), [made.result.exit_code], ""
    count = len(seen_once(page))
    if count and (arguments.no_confirm or made.result.stopped in ("interrupt", "terminated")):
        told = _hints(f"not measured again ({'--no-confirm' if arguments.no_confirm else 'interrupted'})", count)
    elif count:
        page, told, code = _confirmed(page, arguments, count)
        codes.append(code)
    _print(made, page, arguments, names)
    if told:
        print(f"\n{told}", file=sys.stderr)
    return first_of([*codes, *_codes(page)])


def _compared(made: Measured, names: dict[str, str]) -> Page:
    from harness.report.compare import compare_sides

    return compare_sides(made.results, f"{made.id}::{names['a']}", f"{made.id}::{names['b']}")


def _confirmed(page: Page, arguments: argparse.Namespace, count: int) -> tuple[Page, str, ExitCode]:
    """Return the page with flagged differences decided; what to say where that went wrong; and how to end."""
    from harness.confirming import measure_again
    from harness.report.compare_confirm import interrupted
    from harness.run.progress import Progress, Silent

    observer = Silent() if arguments.quiet else Progress()
    if not arguments.quiet:
        print(f"measuring again by fresh processes what differs: {_differences(count)}", file=sys.stderr)
    try:
        again = measure_again(page, results=arguments.results, observer=observer)
    except HarnessError as error:
        return page, _hints(f"not measured again ({error.message})", count), error.exit_code
    except KeyboardInterrupt:  # before anything was measured
        return interrupted(page), _hints(INTERRUPTED, count), ExitCode.INTERRUPTED
    finally:
        observer.close()
    return again.page, _shortcoming(again, arguments), again.exit_code


def _shortcoming(again: MeasuredAgain, arguments: argparse.Namespace) -> str:
    """Say what measuring again did not bring, or nothing where it decided all."""
    from harness.report.compare_confirm import seen_once

    left = seen_once(again.page)
    if left:
        return _hints(INTERRUPTED if any(line.stopped for line in left) else "could not be measured again", len(left))
    if again.exit_code is ExitCode.CASES_FAILED:
        show = f"python -m harness show{options.results_option(arguments.results)} {again.runs[-1]}"
        return f"an arm failed or was invalid when differences were measured again: {show}"
    return ""


def _codes(page: Page) -> Iterator[ExitCode]:
    """Yield what the verdicts say: a regression counts once it is confirmed, and to have decided nothing is no pass."""
    from harness.report.gate import JUDGED
    from harness.stats.verdict import Verdict

    lines = [line for one in page.comparisons for line in one.lines]
    verdicts = {line.verdict for line in lines}
    if any(line.verdict is Verdict.REGRESSED and not line.seen_once for line in lines):
        yield ExitCode.REGRESSION
    if verdicts & {Verdict.FAILED, Verdict.INVALID}:
        yield ExitCode.CASES_FAILED
    if Verdict.MISSING in verdicts or not verdicts & JUDGED:
        yield ExitCode.UNDECIDED


def _print(made: Measured, page: Page, arguments: argparse.Namespace, names: dict[str, str]) -> None:
    from harness.report.compare_document import document
    from harness.report.compare_page import terminal

    result = made.result
    if arguments.json:
        values = {"schema": "harness.ab/1", **names, "run": running.result_values(result), "page": document(page)}
        show_document(values, indent=None)
        return
    print(terminal(page).rstrip())
    if arguments.durations:
        print(f"\n{selecting.longest(result.durations, arguments.durations)}")
    running.say_where(result, f"gate{options.results_option(arguments.results)} {result.run_id}")


def _hints(why: str, count: int) -> str:
    return f"{why}: {_differences(count)}, hints and no verdicts"


def _differences(count: int) -> str:
    return f"{count} difference{'s' if count != 1 else ''}"
