"""Options that choose among the arms of a suite, and the command that runs again what did not work."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.errors import NothingSelected

if TYPE_CHECKING:
    from pathlib import Path

    from harness.run.durations import Duration
    from harness.run.select import Failed, Selection
    from harness.store.record import Measurement
    from harness.suite.filter import Filter
    from harness.suite.model import Suite

MOST_NAMED = 5  # arms that the command for another try names one by one
_VALUED = ("--only", "--filter")
_PLAIN = ("--last-failed", "--lf")


def add_filter(parser: argparse.ArgumentParser) -> None:
    """Let the user say which arms by what is known of them."""
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="EXPR",
        help="only arms for which this holds: 'm >= 512 and dtype == float32 and not backend == jax', "
        "'op in (sum, max)', 'id ~ square*'; a word alone is a pattern over names; may be repeated, and all must hold",
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Let the user say which arms, and when to stop."""
    add_filter(parser)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="only the arm of this name, as printed: 'square[m=128]::torch.eager@cpu'; a case or ::TARGET takes all "
        "of its arms; may be repeated",
    )
    parser.add_argument(
        "--last-failed",
        "--lf",
        action="store_true",
        help="only arms that failed or were invalid in the newest run of this suite",
    )
    parser.add_argument(
        "--exitfirst", "-x", action="store_true", help="end with the first arm that fails or is invalid"
    )


def filters_of(texts: Iterable[str]) -> tuple[Filter, ...]:
    """Read filters as they are written on a command line."""
    from harness.suite.filter import parse

    return tuple(map(parse, texts))


def selection_of(arguments: argparse.Namespace, suite: Suite) -> Selection:
    """Return what the command line chooses."""
    from harness.run.select import Selection

    return Selection(
        filters=filters_of(arguments.filter),
        only=tuple(arguments.only),
        failed=_last_failed(arguments.results, suite.name) if arguments.last_failed else None,
        say=lambda text: print(text, file=sys.stderr),
    )


def _last_failed(results: Path, suite: str) -> Failed:
    from harness.report.rows import measurements_of
    from harness.run.select import last_failed
    from harness.store.read import find_runs, read_measurements

    runs = [run for run in find_runs(results) if run.suite == suite and not run.confirms]
    newest = max(runs, key=lambda run: run.run_id, default=None)
    if newest is None:
        raise NothingSelected(
            f"there is no run of the suite {suite!r} in {results}", remedy="run it once without --last-failed"
        )
    loaded = read_measurements(results, [newest])
    for finding in loaded.findings:
        print(finding, file=sys.stderr)
    return last_failed(measurements_of(loaded.table), newest.run_id)


def again(words: Sequence[str], rows: Iterable[Measurement]) -> str:
    """Return the command that runs just the failed and invalid arms of `rows` again, or nothing where none is.

    `words` are those of the command that measured them, which keeps its other options.
    """
    from harness.run.select import row_name

    names = list(dict.fromkeys(row_name(row) for row in rows if row.outcome in ("failed", "invalid")))
    if not names:
        return ""
    wanted = ["--last-failed"] if len(names) > MOST_NAMED else [word for name in names for word in ("--only", name)]
    return shlex.join(["python", "-m", "harness", *_without_selection(words), *wanted])


def _without_selection(words: Sequence[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _VALUED:
            skip = True
        elif word not in _PLAIN and not word.startswith(tuple(f"{option}=" for option in _VALUED)):
            kept.append(word)
    return kept


def longest(durations: Sequence[Duration], count: int) -> str:
    """Return a table of the arms that kept the run busy longest."""
    from harness.cli.text_table import table
    from harness.core.units import seconds

    head = ("arm", "start", "prepare", "first call", "measuring", "total")
    rows = [
        (
            one.name,
            *map(seconds, (one.start_s, one.prepare_s, one.first_call_s, one.measuring_s, one.total_s)),
        )
        for one in durations[:count]
    ]
    left = len(durations) - len(rows)
    more = f"\nand {left} arms that took less" if left > 0 else ""
    return table(head, rows, right=head[1:]) + more
