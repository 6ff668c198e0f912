"""Check suite files without measuring anything: every mistake of every file, each with its place.

Ends with 0 where all files are sound and with 2 where one is not.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.documents import show_document
from harness.errors import ExitCode, SuiteError

if TYPE_CHECKING:
    from harness.errors import Finding


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="suite files")
    parser.add_argument(
        "--max-cases", type=options.positive, default=10_000, metavar="N", help="cases of a suite (default: 10000)"
    )
    options.add_load(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> ExitCode:
    """Check each file."""
    options.load_own(args.load)
    reports = [_check(file, args.max_cases) for file in args.files]
    if args.json:
        show_document({"files": [_plain(report) for report in reports]})
    else:
        for report in reports:
            _print(report)
    return ExitCode.FINE if all(not report["findings"] for report in reports) else ExitCode.USAGE


def _check(file: str, max_cases: int) -> dict[str, Any]:
    from harness.suite.load import load_suite

    findings: tuple[Finding, ...] = ()
    cases = 0
    try:
        cases = len(load_suite(file, max_cases=max_cases).cases)
    except SuiteError as error:
        findings = error.findings
    return {"file": file, "cases": cases, "findings": findings}


def _plain(report: dict[str, Any]) -> dict[str, Any]:
    return report | {"findings": [asdict(finding) for finding in report["findings"]]}


def _print(report: dict[str, Any]) -> None:
    for finding in report["findings"]:
        print(finding, file=sys.stderr)
    if not report["findings"]:
        cases = report["cases"]
        print(f"{report['file']}: sound, {cases} case{'s' if cases != 1 else ''}")
