"""Measure one row of a run again on this machine, and say whether its ratio to the reference comes out as it did.

The row is one of your own runs, of somebody else's file, or of a line that was copied from a report. Its case
is measured on its target and on the reference, with the inputs and the threads of then, and the ratio of
then is held against that of now, by their intervals. Times are shown beside it; they belong to their machines.
Where --target takes the row to another device, and not its reference to the same, that is a measurement of its own:
the two times are shown beside each other, and nothing is made of them.

It ends with 0 where the two ratios agree, with 3 where they surely differ by more than 2 %, with 4 where that
cannot be told or is not compared, and with 5 where there is no such row.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.ab import read_side
from harness.cli.documents import show_document
from harness.errors import ExitCode, UsageError, first_of
from harness.report.escape import visible

if TYPE_CHECKING:
    from harness.core.target import Target
    from harness.report.named import Found
    from harness.report.replayed import Replayed
    from harness.run.plan import Plan
    from harness.store.record import Measurement
    from harness.suite.model import Suite

EXAMPLES = """\
examples:
  python -m harness replay 'latest::square[m=128]::jax.jit@cpu'            a row of the newest run
  python -m harness replay '20261121T11::square[m=128]::jax'               of the run that begins so
  python -m harness replay 'theirs/measurements/RUN.parquet::square::jax'  of somebody else's results
  python -m harness replay 5f0c9a1e::jax.jit@cpu                           by the beginning of the case's key
"""
COLUMNS = 100
CELL = 40
MOST_CHANGES = 40
SIDES = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("row", metavar="ROW", help="RUN::CASE::TARGET, a case's key, or a line of a report's table")
    options.add_results(parser)
    options.add_load(parser)
    parser.add_argument("--profile", choices=options.PROFILES, help="how hard to measure; default: for a verdict")
    parser.add_argument(
        "--target",
        "-t",
        action="append",
        default=[],
        metavar="T[,python=PATH][,env.NAME=VALUE]",
        help="measure on this instead of the row's own target (the same backend and mode); said twice, the second is "
        "the reference; on another device than then, both have to be on it for the ratios to be compared",
    )
    parser.add_argument("--yaml", action="store_true", help="print the suite that measures the row again, and end")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", "-q", action="store_true", help="show no progress")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Find the row, measure it again where that can tell something, and compare."""
    from harness.report.named import find
    from harness.report.replayed import few_sets, lack, replayed
    from harness.report.snippet import snippet

    options.load_own(arguments.load)
    options.recover_runs(arguments.results)
    then = find(arguments.results, arguments.row)
    _note(*then.notes)
    if arguments.yaml:
        print(snippet(then.row, then.reference), end="")
        return ExitCode.FINE
    if lack(then, "then"):
        return _conclude(replayed(then, None), arguments)
    if few_sets(then):
        _note(few_sets(then))
    now, ended = _measured_again(then, arguments)
    return _conclude(replayed(then, now), arguments, ended)


def _measured_again(then: Found, arguments: argparse.Namespace) -> tuple[Found, ExitCode]:
    """Measure the row's case on its target and its reference; return what came of it, and how the run ended."""
    from harness.api import measure
    from harness.report.compare_load import load_run
    from harness.report.named import Found
    from harness.run.plan import make_plan
    from harness.run.progress import Progress, Silent

    suite = _suite(then, arguments)
    plan = make_plan(suite, targets=suite.targets or ())
    own = next(target for target in plan.targets if target is not plan.reference)
    _refuse_others(then, own, plan)
    observer = Silent() if arguments.quiet else Progress()
    row = then.row
    replays = {"run_id": then.run.info.run_id, "case_key": row.case_key, "target": row.target, "label": row.label}
    try:
        made = measure(plan, results=arguments.results, observer=observer, required=True, notes={"replays": replays})
    finally:
        observer.close()
    rows = made.result.measurements
    found = Found(
        run=load_run(arguments.results, made.id), row=_row_of(rows, own), reference=_row_of(rows, plan.reference)
    )
    return found, made.result.exit_code


def _row_of(rows: Sequence[Measurement], target: Target) -> Measurement:
    return next(row for row in rows if row.replica == 0 and (row.target, row.label) == (str(target), target.label))


# -- what is measured --------------------------------------------------------------------------------


def _suite(then: Found, arguments: argparse.Namespace) -> Suite:
    """Return the suite of the row, read from a file as every suite is, on the targets that are wanted here."""
    from harness.api import load_suite
    from harness.report.snippet import snippet, why_not
    from harness.suite.identity import suite_hash

    reason = why_not(then.row)
    if reason:
        raise UsageError(f"this row cannot be measured again: {reason}", remedy="--yaml shows what is known of it")
    overrides = [f"measure.profile={arguments.profile}"] if arguments.profile else []
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        path = Path(folder) / "again.yaml"
        path.write_text(snippet(then.row, then.reference), encoding="utf-8")
        suite = load_suite(path, overrides=overrides)
    (case,) = suite.cases
    if case.key != then.row.case_key:
        raise UsageError(
            f"its workload has changed: the case has the key {case.key} now, and had {visible(then.row.case_key)} then",
            remedy=f"measure it with the harness that measured it then, {visible(then.row.harness_version)}",
        )
    targets = _targets(then, suite, arguments.target)
    wanted = replace(suite, targets=targets, reference=targets[0], path=None)
    return replace(wanted, hash=suite_hash(wanted))


def _targets(then: Found, suite: Suite, texts: Sequence[str]) -> tuple[Target, Target]:
    """Return the reference and the row's own target, as they are to be measured here."""
    if len(texts) > SIDES:
        raise UsageError(
            f"--target is said {len(texts)} times", remedy="say it for the row's own target, and then for its reference"
        )
    planned: tuple[Target, ...] = suite.targets or ()
    if len(planned) != SIDES:
        raise UsageError(f"the reference {visible(then.row.reference)} is no target", remedy="name another row")
    reference, own = planned
    given = [read_side(text, "--target") for text in texts]
    chosen = [*given, None, None][:SIDES]
    made = [
        _as_it_was(then, target) if said is None else replace(said, label=said.label or target.label)
        for target, said in zip((own, reference), chosen, strict=True)
    ]
    return made[1], made[0]


def _as_it_was(then: Found, target: Target) -> Target:
    """Return `target`, or raise where it was more than its name says: a program is never taken from results."""
    specs = then.run.manifest.get("target_specs")
    for spec in specs if isinstance(specs, list) else []:
        known = spec if isinstance(spec, Mapping) else {}
        if known.get("name") == target.name and (known.get("python") or known.get("env")):
            raise UsageError(
                f"{target.name} was measured in an interpreter, or with variables, of its own, and those of a file are "
                "never used",
                remedy=f"say what to take: --target {target},python=PATH,env.NAME=VALUE (the row's own target first, "
                "then the reference)",
            )
    return target


def _refuse_others(then: Found, own: Target, plan: Plan) -> None:
    """Raise where another way of doing it was asked for, which would be no repetition."""
    reference = then.reference or then.row
    for row, target in ((then.row, own), (reference, plan.reference)):
        if (row.backend, row.mode) != (target.backend, target.mode):
            raise UsageError(
                f"{target} is not what was measured then, {visible(row.target)}: a row is measured again by its own "
                "backend and mode",
                remedy=f"write --target {visible(row.backend)}.{visible(row.mode)}@DEVICE",
            )


# -- what is said ------------------------------------------------------------------------------------


def _conclude(found: Replayed, arguments: argparse.Namespace, ended: ExitCode = ExitCode.FINE) -> ExitCode:
    """Print what came out, and return how to end: what failed while measuring is the reason that nothing is told."""
    from harness.report.replayed import CODES
    from harness.report.replayed_words import document

    if arguments.json:
        show_document(document(found))
    else:
        print("\n".join(_lines(found, arguments)))
    kept = ExitCode.FINE if ended is ExitCode.CASES_FAILED else ended
    return first_of((kept, CODES[found.answer]))


def _lines(found: Replayed, arguments: argparse.Namespace) -> list[str]:
    from harness.cli.text_table import table
    from harness.report.replayed_words import about_times, rows, say
    from harness.store.layout import MEASUREMENTS

    lines = [*_wrapped(say(found)), "", table(("", "then", "now"), rows(found)), "", *_wrapped(about_times(found))]
    if found.changes:
        told = [tuple(visible(part, CELL) for part in (one.what, one.base, one.new)) for one in found.changes]
        lines += ["", "not the same then and now", table(("what", "then", "now"), told[:MOST_CHANGES])]
        left = len(told) - MOST_CHANGES
        lines += [f"{left} more stand in the manifests of the two runs"] if left > 0 else []
    if found.now is not None:
        info = found.now.run.info
        lines += ["", f"results: {info.paths[MEASUREMENTS]}"]
        lines += [f"next:    python -m harness report {info.run_id}{options.results_option(arguments.results)}"]
    return lines


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _note(*texts: str) -> None:
    for text in texts:
        print(f"note: {visible(text)}", file=sys.stderr)
