"""Does a change make anything slower? Compare a run with its base, say PASS or FAIL, and end with a code to match.

Without --base, a run that `ab` made is judged by its own two sides. What is missing, failed, invalid,
undecided or not to be compared closes the gate too, until --allow names it.

exit codes: 0 nothing is slower by more than the margin, 1 an arm failed or is invalid, 3 regressed, 4 undecided,
missing or not comparable, 5 nothing to compare; with --bisect 0 good, 1 regressed, 125 nothing can be said
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import HarnessError, Terminated, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.comparison import Page
    from harness.report.gate import Decision
    from harness.stats.verdict import Verdict
    from harness.store.runs import Selection

LATEST = "latest"
STANDARD_OUTPUT = "-"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("new", nargs="?", default=LATEST, metavar="NEW", help="which run is judged; default: latest")
    parser.add_argument(
        "--base",
        metavar="RUN",
        help="what it is held against: a run, pin:NAME, each with ::target (another run takes --through TARGET or "
        "--insist as well); default: ab's own",
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="WHAT",
        help="what does not close the gate: missing, failed, invalid, not-comparable, inconclusive, small-change, "
        "with commas between them; may be repeated",
    )
    options.add_two_runs(parser)
    parser.add_argument("--confirm", action="store_true", help="measure what is flagged again, by fresh processes")
    parser.add_argument("--bisect", action="store_true", help="end as `git bisect run` wants it: 0, 1 or 125")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the verdict as Markdown")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write the verdicts as JUnit XML")
    parser.add_argument(
        "--json", metavar="FILE", help="also write all as JSON; - is standard output, in place of the text"
    )
    parser.add_argument(
        "--export",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="also write the verdicts by an exporter that a package offers; may be repeated",
    )
    options.add_load(parser)
    options.add_results(parser)
    parser.add_argument("--quiet", "-q", action="store_true", help="show no progress of --confirm")


def run(args: argparse.Namespace) -> int:
    """Compare, decide, and say so."""
    return _bisect(args) if args.bisect else int(_gate(args).exit_code)


def _bisect(args: argparse.Namespace) -> int:
    """Git takes every code from 1 to 127 but 125 for a bad commit, so whatever goes wrong here must be 125.

    Who ends the command ends the search with it: git stops at 143, as it does at Ctrl-C, and skips nothing.
    """
    from harness.report.gate import BAD, GOOD, UNTESTABLE

    try:
        code = _gate(args).bisect_code
        sys.stdout.flush()
    except Terminated:
        raise
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return UNTESTABLE
    except Exception:  # noqa: BLE001  (a bug of ours says nothing of a commit either)
        import traceback

        traceback.print_exc()
        return UNTESTABLE
    told = {GOOD: "good", BAD: "bad"}.get(code, "nothing can be said of this commit")
    print(f"bisect: {told} ({code})", file=sys.stderr)
    return code


def _gate(args: argparse.Namespace) -> Decision:
    from harness.report.gate import decide

    allowed, exports = _allowed(args.allow), _exports(args)
    options.load_own(args.load)
    page, warnings = _compared(args)
    if args.confirm:
        page = _confirmed(page, args)
    decision = decide(page, allowed=allowed)
    _write(args, exports, decision, page, warnings)
    return decision


def _compared(args: argparse.Namespace) -> tuple[Page, list[str]]:
    from harness.report.compare import compare_sides
    from harness.stats.multiplicity import Correction

    base, new, warnings = _sides(args)
    page = compare_sides(
        args.results,
        base,
        new,
        margin=options.read_margin(args.margin),
        correction=Correction.HOLM,
        insist=args.insist,
        through=args.through,
    )
    return page, warnings


def _sides(args: argparse.Namespace) -> tuple[str, str, list[str]]:
    """Return the names of the two sides, each of a run that is settled once and for all, and what to know of them."""
    from harness.store.runs import resolve

    new = resolve(args.results, args.new)
    if args.base is None:
        first, second = _own_sides(new)
        return _named(args.new, new, first), _named(args.new, new, new.target or second), [*new.notes]
    base = resolve(args.results, args.base)
    warnings = dict.fromkeys((*base.notes, *new.notes))
    return _named(args.base, base, base.target), _named(args.new, new, new.target), list(warnings)


def _own_sides(new: Selection) -> tuple[str, str]:
    """Return the two targets that `ab` measured beside each other."""
    sides = new.run.manifest.get("ab")
    names = [sides.get(side) for side in ("a", "b")] if isinstance(sides, dict) else []
    if names and all(isinstance(name, str) and name for name in names):
        return str(names[0]), str(names[1])
    raise UsageError(
        f"the run {new.run.run_id} is not one that `ab` made, so there is nothing to hold it against",
        remedy="say --base: a target of the same run, as in --base latest::torch@cpu; or another run or pin:NAME, and "
        "--through a TARGET that both have",
    )


def _named(text: str, selection: Selection, target: str) -> str:
    """Return a name that means this run even when a newer one ends meanwhile, or a pin is set anew."""
    from harness.store.layout import MEASUREMENTS, Layout

    table = selection.run.paths[MEASUREMENTS]
    manifest = Layout(table.parent.parent).manifest(selection.run.run_id)
    name = str(manifest) if selection.run.manifest and "::" not in str(manifest) else text.partition("::")[0]
    return f"{name}::{target}" if target else name


def _confirmed(page: Page, args: argparse.Namespace) -> Page:
    from harness.confirming import confirm
    from harness.report.compare_confirm import seen_once
    from harness.run.progress import Progress, Silent

    if not seen_once(page):
        return page
    observer = Silent() if args.quiet else Progress()
    try:
        return confirm(page, results=args.results, observer=observer)
    finally:
        observer.close()


def _write(
    args: argparse.Namespace, exports: Sequence[tuple[str, Path]], decision: Decision, page: Page, warnings: list[str]
) -> None:
    from harness.cli.documents import document_text
    from harness.export.registry import export
    from harness.report import gate_words
    from harness.report.gate_page import page_of
    from harness.report.verdicts import document

    values = document(page, decision, said=gate_words.said(decision, page), warnings=warnings)
    as_json = document_text(values) if args.json else ""
    for name, path in exports:
        _save(path, export(name, values))
    if args.markdown:
        _save(args.markdown, page_of(decision, page, warnings))
    if args.json and args.json != STANDARD_OUTPUT:
        _save(Path(args.json), as_json)
    print(as_json if args.json == STANDARD_OUTPUT else gate_words.text(decision, page, warnings), end="")


def _save(path: Path, text: str) -> None:
    from harness.errors import StoreError

    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}", remedy="name another file") from error


def _exports(args: argparse.Namespace) -> list[tuple[str, Path]]:
    """Return which exporters write where, or raise before anything is measured."""
    from harness.export.registry import find_exporter

    asked = [("junit", args.junit)] if args.junit else []
    for text in args.export:
        name, _, file = text.partition("=")
        if not name or not file:
            raise UsageError(f"not an export: {text!r}", remedy="write NAME=FILE, as in junit=verdicts.xml")
        asked.append((name, Path(file)))
    for name, _ in asked:
        find_exporter(name)
    return asked


def _allowed(texts: Sequence[str]) -> frozenset[Verdict]:
    from harness.core.plugins import suggestion
    from harness.report.gate import ALLOWABLE

    known = {str(verdict): verdict for verdict in ALLOWABLE}
    names = [name.strip() for text in texts for name in text.split(",")]
    for name in names:
        if name == "regressed":
            raise UsageError(
                "a gate that lets regressions through is none", remedy="widen the --margin, or use compare"
            )
        if name not in known:
            raise UsageError(f"nothing called {name!r} can be allowed", remedy=suggestion(name, tuple(known)))
    return frozenset(known[name] for name in names)
