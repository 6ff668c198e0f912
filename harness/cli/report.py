"""Render runs as a report: a page, its pictures and its tables, each in the formats asked for.

A run is named latest, latest~1, by the beginning of its name, or by a path, each with ::target to
show one target. Without names the newest run of each suite is shown.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import ExitCode, NothingSelected
from harness.report.kinds import ALL, KNOWN, USUAL, read_formats
from harness.store.layout import STORE

if TYPE_CHECKING:
    from harness.report.load import Reported


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", nargs="*", metavar="RUN", help="which runs; default: the newest of each suite")
    parser.add_argument(
        "--format",
        default=",".join(USUAL),
        metavar="LIST",
        help=f"any of {','.join(KNOWN)}, or {ALL} (default: {','.join(USUAL)})",
    )
    parser.add_argument(
        "--only", default="", metavar="CASE[::TARGET]", help="one case of one run, on a page of its own"
    )
    parser.add_argument("--results", type=Path, default=STORE, help="where results are (default: results)")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="where reports go (default: reports)")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="also append a short summary for a CI job to FILE")
    parser.add_argument("--json", action="store_true", help="print where the report is and the headlines as JSON")


def run(args: argparse.Namespace) -> ExitCode:
    """Write the report; print where it is and what it says first."""
    formats = read_formats(args.format)
    options.recover_runs(args.results)
    try:
        reported, path = _written(args, formats)
        if args.summary is not None:
            from harness.report.step_summary import append_summary

            append_summary(args.summary, reported)
        _print(args, path, reported)
    except NothingSelected as error:
        if args.summary is not None:
            from harness.report.step_summary import append_nothing

            append_nothing(args.summary, error)
        raise
    finally:
        gc.unfreeze()
    return ExitCode.FINE


def _written(args: argparse.Namespace, formats: tuple[str, ...]) -> tuple[Reported, Path]:
    """Write the report; return what it is about, and where it is."""
    from harness.report.draw.ahead import Ahead

    with Ahead() as ahead:
        with _uncollected():
            from harness.report.load import load
            from harness.report.write import compose, folder_name, write

            reported = load(args.results, args.runs)
            composed = compose(reported, formats, only=args.only, out=args.out, ahead=ahead)
        return reported, write(composed, args.out / folder_name(args.runs, reported, args.only), ahead)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make values that stay until the command ends: garbage is looked for neither meanwhile, nor later among them.

    A report of ten thousand arms is a million small values. Python counts new values and then looks through all that it
    holds for some that nobody needs: a third of the time, for nothing. Drawing makes garbage, and collects it as ever.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if before:
            gc.enable()


def _print(args: argparse.Namespace, path: Path, reported: Reported) -> None:
    from harness.cli.documents import show_document
    from harness.report.escape import visible
    from harness.report.headline import headline

    said = {name: headline(run, visible) for name, run in zip(reported.chosen, reported.runs, strict=True)}
    if args.json:
        problems = [{"file": problem.place, "reason": problem.message} for problem in reported.problems]
        show_document({"page": str(path), "runs": said, "problems": problems})
        return
    for run, lines in zip(reported.runs, said.values(), strict=True):
        partial = "" if run.state == "complete" else f" ({run.state})"
        print(f"{visible(run.suite)}, run {visible(run.run_id)}{partial}")
        print("\n".join(f"  {line}" for line in lines))
    for problem in reported.problems:
        print(f"{visible(problem.place)}: {visible(problem.message)}", file=sys.stderr)
    print(path)
