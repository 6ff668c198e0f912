"""Show a suite file expanded into its cases, or the results of a run.

What is a file, or ends in .yaml or .yml, is taken for a suite; anything else for the name of a run:
latest, latest~1, the beginning of its name, or a path.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import options, selecting
from harness.cli.documents import show_document
from harness.cli.text_table import table
from harness.core.units import significant, size
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.core.target import Target
    from harness.store.record import Measurement
    from harness.suite.model import Case, Suite

_COUNTS = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("what", metavar="SUITE|RUN", help="a suite file, or a run such as latest")
    options.add_results(parser)
    selecting.add_filter(parser)
    options.add_set(parser)
    parser.add_argument(
        "--max-cases", type=options.positive, default=10_000, metavar="N", help="cases of a suite (default: 10000)"
    )
    options.add_load(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> ExitCode:
    """Print the one or the other."""
    options.load_own(args.load)
    if _is_suite(args.what):
        from harness.suite.load import load_suite

        suite = _filtered(load_suite(args.what, max_cases=args.max_cases, overrides=args.set), args.filter)
        if args.json:
            show_document(_document(suite))
        else:
            print(_text(suite))
    else:
        from harness.report.terminal import show_run

        print(show_run(args.results, args.what, json=args.json, choose=_chooser(args.filter)), end="")
    return ExitCode.FINE


def _filtered(suite: Suite, texts: list[str]) -> Suite:
    """Return a suite with those of its cases for which the filters hold; there are no targets yet to speak of."""
    from harness.run.select import case_facts, held

    if not texts:
        return suite
    places = held(selecting.filters_of(texts), [case_facts(case) for case in suite.cases])
    return replace(suite, cases=tuple(suite.cases[place] for place in places))


def _chooser(texts: list[str]) -> Callable[[Sequence[Measurement]], Sequence[Measurement]]:
    """Return what takes those rows of a run for which the filters hold."""
    from harness.run.select import held, row_facts

    filters = selecting.filters_of(texts)
    return lambda rows: [rows[place] for place in held(filters, [row_facts(row) for row in rows])] if filters else rows


def _is_suite(what: str) -> bool:
    """A manifest and a table of results are files too, and mean their run."""
    if what.endswith((".yaml", ".yml")):
        return True
    try:
        there = Path(what).is_file()
    except OSError:  # longer than any name of a file
        return False
    return there and not what.endswith((".json", ".parquet", ".jsonl"))


def _text(suite: Suite) -> str:
    rows = [
        (
            case.name,
            case.workload.name,
            _parameters(case),
            _count(case.workload.flops()),
            size(case.workload.moved_bytes()),
            ", ".join(case.devices) or "all",
        )
        for case in suite.cases
    ]
    head = ("case", "workload", "parameters", "FLOPs", "bytes", "devices")
    title = f"{suite.name}: {suite.description}" if suite.description else suite.name
    lines = [title, *_how(suite), "", table(head, rows, right=("FLOPs", "bytes"))]
    return "\n".join(lines)


def _how(suite: Suite) -> tuple[str, str]:
    targets = "auto" if suite.targets is None else ", ".join(target.name for target in suite.targets)
    reference = suite.reference.name if suite.reference else "the first target"
    measure = suite.measure
    return (
        f"{len(suite.cases)} cases on {targets}; ratios against {reference}",
        f"{measure.profile}, at most {measure.max_time_s:g} s an arm, {_threads(measure.threads)} threads",
    )


def _threads(asked: int | tuple[int | None, ...] | None) -> str:
    numbers = asked if isinstance(asked, tuple) else (asked,)
    return ", ".join("all" if number is None else str(number) for number in numbers)


def _parameters(case: Case) -> str:
    """Return the parameters that do not stand at their default, and the element type."""
    from harness.suite.model import value_text

    known = case.workload.parameters()
    said = {
        name: value
        for name, value in case.workload.params().items()
        if name == "dtype" or known[name].required or value != known[name].default
    }
    return " ".join(f"{name}={value_text(value)}" for name, value in said.items())


def _count(flops: int | None) -> str:
    if flops is None:
        return "-"
    factor, prefix = next((pair for pair in _COUNTS if flops >= pair[0]), (1.0, ""))
    return f"{significant(flops / factor)} {prefix}" if prefix else str(flops)


def _document(suite: Suite) -> dict[str, Any]:
    return {
        "suite": suite.name,
        "description": suite.description,
        "hash": suite.hash,
        "targets": None if suite.targets is None else [_target(target) for target in suite.targets],
        "reference": None if suite.reference is None else _target(suite.reference),
        "measure": asdict(suite.measure),
        "cases": [
            {
                "case": case.name,
                "case_key": case.key,
                "workload": case.workload.name,
                "params": case.workload.params(),
                "flops": case.workload.flops(),
                "bytes": case.workload.moved_bytes(),
                "devices": list(case.devices),
            }
            for case in suite.cases
        ],
    }


def _target(target: Target) -> dict[str, Any]:
    return {"target": str(target), "label": target.label, "python": target.python, "env": dict(target.env)}
