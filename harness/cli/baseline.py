"""Pin runs that others are held against: a reviewed text file beside the results, meant to be committed.

set       pin a run under a name; then pin:NAME names it wherever a run is named
list      the baselines there are
show      one of them, and whether its files are still those that were pinned
remove    take one out of the file; its run stays
"""

from __future__ import annotations

import argparse
import shlex
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.documents import show_document
from harness.cli.text_table import table
from harness.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from harness.store.baseline_text import Baseline
    from harness.store.runs import RunInfo


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, summary in {
        "set": "pin a run under a name",
        "list": "list the baselines there are",
        "show": "show one, and whether its files are still those that were pinned",
        "remove": "take one out of the file",
    }.items():
        action = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        if name != "list":
            action.add_argument("name", metavar="NAME", help="what the baseline is called: main, release-2")
        if name == "set":
            _configure_set(action)
        options.add_results(action)
        action.add_argument("--json", action="store_true", help="print one JSON document")


def _configure_set(parser: argparse.ArgumentParser) -> None:
    from harness.store.baselines import MAX_AGE_DAYS

    parser.add_argument("run", metavar="RUN", help="which run: latest, latest~1, the beginning of its name, or a path")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why this run, for those who review the file")
    parser.add_argument(
        "--max-age",
        type=options.positive,
        default=MAX_AGE_DAYS,
        metavar="DAYS",
        help="after so many days whoever uses it is warned; default: %(default)s",
    )
    parser.add_argument("--replace", action="store_true", help="take the place of a baseline of that name")


def run(args: argparse.Namespace) -> ExitCode:
    """Do what was asked for."""
    actions = {"set": _set, "list": _list, "show": _show, "remove": _remove}
    return actions[args.action](args)


def _set(args: argparse.Namespace) -> ExitCode:
    from harness.store.baselines import FILE, set_baseline
    from harness.store.runs import resolve

    selection = resolve(args.results, args.run)
    _refuse_target(selection.target, args.name)
    made = set_baseline(
        args.results, args.name, selection.run, reason=args.reason, max_age_days=args.max_age, replace=args.replace
    )
    idle = {outcome: count for outcome, count in selection.run.arms.items() if outcome != "measured" and count}
    if idle:
        told = ", ".join(f"{count} {outcome}" for outcome, count in idle.items())
        print(f"of its arms, not all were measured, and nothing can be held against those: {told}", file=sys.stderr)
    if args.json:
        show_document(_document(args.name, made))
        return ExitCode.FINE
    print(f"{args.name} is the run {made.run_id} of the suite {_visible(made.suite)}")
    print(f"commit {args.results / FILE}, and keep the run")
    print("\n".join(_next(args.name, selection.run, args.results)))
    return ExitCode.FINE


def _next(name: str, run: RunInfo, results: Path) -> tuple[str, str]:
    """Return how a later run is held against this one, and why so: two sessions are not comparable by themselves."""
    gate = f"  python -m harness gate --base pin:{name}"
    there = options.results_option(results)
    anchor = _anchor(run)
    if not anchor:
        why = "a later run is another session, and no second target is here to see both through; so, on your word:"
        return why, f"{gate} --insist{there}"
    why = "a later run is another session, so both are seen through a target that is the same in both:"
    return why, f"{gate} --through {shlex.quote(anchor)}{there}"


def _anchor(run: RunInfo) -> str:
    """Return the target of a run beside which its others can be seen: the reference, if it was measured."""
    from harness.report.compare_load import arms_of

    arms = arms_of(run).arms
    measured = [arm for arm in arms if arm.measured and arm.replica == 0]
    if len({arm.identity for arm in measured}) < 2:  # noqa: PLR2004  (a target is not seen beside itself)
        return ""
    twice = {arm.identity for arm in arms if arm.replica == 1}
    return next((arm.name for arm in measured if arm.identity in twice), measured[0].name)


def _refuse_target(target: str, name: str) -> None:
    from harness.errors import UsageError

    if target:
        raise UsageError(
            "a baseline is a whole run",
            remedy=f"leave the target out here, and say pin:{name}::{target} where it is used",
        )


def _list(args: argparse.Namespace) -> ExitCode:
    from harness.store.baselines import read_baselines

    known = read_baselines(args.results)
    if args.json:
        show_document({"baselines": [_document(name, one) for name, one in known.items()]})
        return ExitCode.FINE
    head = ("name", "run", "suite", "set", "age", "reason")
    rows = [
        (name, one.run_id, one.suite, f"{one.set_at:%Y-%m-%d}", _age(name, one), one.reason)
        for name, one in known.items()
    ]
    print(table(head, rows) if rows else f"no baselines in {args.results}")
    return ExitCode.FINE


def _show(args: argparse.Namespace) -> ExitCode:
    from harness.store.baselines import differences, find_baseline

    one = find_baseline(args.results, args.name)
    wrong = differences(args.results, one)
    if args.json:
        show_document(_document(args.name, one) | {"differences": wrong})
        return ExitCode.STORE if wrong else ExitCode.FINE
    facts = _document(args.name, one) | {"age": _age(args.name, one)}
    for name, value in facts.items():
        if name not in ("sha256", "stale"):
            print(f"{name.replace('_', ' '):16} {_visible(_shown(value))}")
    print("\n".join(f"{'files':16} {each}" for each in wrong or ["as they were pinned"]))
    return ExitCode.STORE if wrong else ExitCode.FINE


def _remove(args: argparse.Namespace) -> ExitCode:
    from harness.store.baselines import remove_baseline

    gone = remove_baseline(args.results, args.name)
    if args.json:
        show_document(_document(args.name, gone))
    else:
        print(f"{args.name} is no baseline any more; its run {gone.run_id} stays")
    return ExitCode.FINE


def _document(name: str, one: Baseline) -> dict[str, Any]:
    from harness.store.baseline_text import entry_of
    from harness.store.baselines import age_note

    return {"name": name} | entry_of(one) | {"stale": bool(age_note(name, one))}


def _age(name: str, one: Baseline) -> str:
    from harness.store.baselines import age_note

    days = (datetime.now(UTC) - one.set_at).days
    return f"{days} of {one.max_age_days} days{', too old' if age_note(name, one) else ''}"


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _visible(text: str) -> str:
    from harness.report.escape import visible

    return visible(text)
