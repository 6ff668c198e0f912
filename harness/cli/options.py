"""Options that several commands share, and how they are read."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.store.layout import STORE

if TYPE_CHECKING:
    from harness.core.target import Target
    from harness.suite.model import Suite

LONGEST = 15  # digits of a number: beyond it a float would no longer hold it exactly
LEAST_TIME_S, MOST_TIME_S = 0.1, 86400.0
PROFILES = ("quick", "standard", "rigorous")
_SAID_BY = {f"measure.{name}": name for name in ("profile", "threads", "max_time", "seed")} | {"targets": "target"}


def add_load(parser: argparse.ArgumentParser) -> None:
    """Let the user bring workloads and implementations of their own."""
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="FILE",
        help="a Python file, or an importable module, with @harness.workload and @harness.implements; may be repeated",
    )


def load_own(names: list[str]) -> None:
    """Load the user's own files; commands that name none pay nothing."""
    if names:
        from harness.backends.own import load_own

        load_own(names)


def add_targets(parser: argparse.ArgumentParser) -> None:
    """Let the user say where to run."""
    parser.add_argument(
        "--target",
        "-t",
        action="append",
        default=[],
        metavar="T[,python=PATH][,label=NAME]",
        help="run on this target instead of the suite's (torch.compile@gpu:0); may be repeated",
    )
    parser.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="TARGET",
        help="end with code 6 where this target cannot run; may be repeated",
    )


def add_two_runs(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Let the user say by what margin two sides are judged, and how where they were not one session."""
    parser.add_argument(
        "--margin", metavar="SHARE", help="differences up to it do not matter; default: the suite's, or 2%%"
    )
    parser.add_argument("--insist", action="store_true", help="compare two runs by absolute times; labelled everywhere")
    parser.add_argument("--through", default="", metavar="TARGET", help="see two runs through a target that both have")


def read_margin(text: str | None) -> float | None:
    """Return a margin as a share, or nothing where none was said."""
    from harness.core.units import read_share

    if text is None:
        return None
    margin = read_share(text)
    if not 0 < margin < 1:
        raise UsageError("a margin lies above 0 and below 100 %", remedy="write --margin 2%")
    return margin


def add_results(parser: argparse.ArgumentParser) -> None:
    """Let the user say where results are."""
    parser.add_argument("--results", type=Path, default=STORE, metavar="FOLDER", help="default: results")


def results_option(results: Path) -> str:
    """Return what a command that is printed for the user needs to find `results`, fit to be pasted."""
    return "" if results == STORE else f" --results {shlex.quote(str(results))}"


def add_measure(parser: argparse.ArgumentParser) -> None:
    """Let the user say how hard to measure."""
    parser.add_argument("--profile", choices=PROFILES, help="how hard to measure; default: the suite's")
    parser.add_argument("--threads", type=positive, metavar="N", help="processors every arm may use; default: all")
    parser.add_argument("--max-time", metavar="20s", help="for one arm in one session; default: the suite's")
    parser.add_argument("--seed", type=natural, metavar="N", help="of inputs and order; default: drawn, and recorded")


def add_set(parser: argparse.ArgumentParser) -> None:
    """Let the user say something in the suite's place."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="say it in the suite's place: measure.profile=rigorous, measure.threads=[1,2,all], "
        "defaults.dtype=bfloat16, reference=jax@cpu, targets=[torch@cpu]; may be repeated",
    )


def positive(text: str) -> int:
    """Read a whole number above zero."""
    number = natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def natural(text: str) -> int:
    """Read a whole number that fits where it is recorded."""
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number")
    return int(text)


def targets_of(texts: list[str]) -> list[Target]:
    """Read targets as they are written on a command line."""
    from harness.core.target import Target

    return [Target.parse_option(text) for text in texts]


def with_measure(suite: Suite, arguments: argparse.Namespace) -> Suite:
    """Return the suite measured as the command line says."""
    from harness.suite.identity import suite_hash

    changes = {
        "profile": arguments.profile,
        "threads": arguments.threads,
        "seed": arguments.seed,
        "max_time_s": _max_time(arguments.max_time),
    }
    said = {name: value for name, value in changes.items() if value is not None}
    if not said:
        return suite
    changed = replace(suite, measure=replace(suite.measure, **said))
    return replace(changed, hash=suite_hash(changed))  # the same as if the file, or --set, had said it


def refuse_contradictions(arguments: argparse.Namespace) -> None:
    """Raise where an option and ``--set`` say the same thing: which one was meant cannot be known."""
    for text in arguments.set:
        name = text.partition("=")[0].strip()
        option = _SAID_BY.get(name)
        if option is not None and getattr(arguments, option) not in (None, []):
            written = option.replace("_", "-")
            raise UsageError(f"--set {name} and --{written} say the same thing", remedy="leave one of them out")


def recover_runs(results: Path) -> None:
    """Turn what killed runs left behind into partial runs, and say so."""
    from harness.store.recover import journals, recover

    if journals(results):
        for run_id in recover(results):
            print(f"recovered {run_id}, a run that was killed; it is partial", file=sys.stderr)


def read_budget(text: str | None) -> float | None:
    """Read a time budget."""
    from harness.core.units import read_seconds

    if text is None:
        return None
    budget = read_seconds(text)
    if budget <= 0:
        raise UsageError("a budget of no time measures nothing", remedy="write --budget 10m")
    return budget


def _max_time(text: str | None) -> float | None:
    """Read the time of one arm, within the bounds that a suite has too."""
    from harness.core.units import read_seconds

    if text is None:
        return None
    seconds = read_seconds(text)
    if not LEAST_TIME_S <= seconds <= MOST_TIME_S:
        raise UsageError("--max-time must lie between 100ms and 24h", remedy="write --max-time 20s")
    return seconds
