"""Look after the folder of results.

verify    read everything back: hashes, checksums, types, counts; exit 74 where anything had to be set aside
recover   make partial runs of what killed runs left in their journals
migrate   give old files the columns of new ones, for `pandas.read_parquet` on the whole folder
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli.documents import show_document
from harness.errors import ExitCode, NothingSelected
from harness.store.layout import STORE


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("action", choices=("verify", "recover", "migrate"))
    parser.add_argument("--results", type=Path, default=STORE, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> ExitCode:
    """Do what was asked for."""
    actions = {"verify": _verify, "recover": _recover, "migrate": _migrate}
    return actions[args.action](args.results, args.json)


def _verify(root: Path, as_json: bool) -> ExitCode:  # noqa: FBT001  (a command line's switch)
    from harness.store.verify import verify

    if not root.is_dir():
        raise NothingSelected(f"there is no folder {root}", remedy="name the folder of results: --results DIR")
    found = verify(root)
    if as_json:
        findings = [
            {"file": str(each.file), "reason": each.reason, "set_aside": each.set_aside} for each in found.findings
        ]
        counts = {"runs": found.runs, "measurements": found.measurements, "samples": found.samples}
        show_document({"sound": found.sound, **counts, "findings": findings})
    else:
        for finding in found.findings:
            print(finding)
        summary = f"{found.runs} runs, {found.measurements} measurements, {found.samples} samples"
        print(f"{summary}: {'sound' if found.sound else 'NOT sound'}")
    return ExitCode.FINE if found.sound else ExitCode.STORE


def _recover(root: Path, as_json: bool) -> ExitCode:  # noqa: FBT001
    from harness.store.recover import journals, recover, state_of

    recovered = recover(root)
    left = {path: state_of(path) for path in journals(root)}
    for path, state in left.items():
        print(f"{path}: left alone, {state.value}", file=sys.stderr)
    if as_json:
        states = {str(path): state.value for path, state in left.items()}
        show_document({"recovered": recovered, "left": states}, indent=None)
    else:
        print("\n".join(f"recovered {run_id} (partial)" for run_id in recovered) or "nothing to recover")
    return ExitCode.FINE


def _migrate(root: Path, as_json: bool) -> ExitCode:  # noqa: FBT001
    from harness.store.migrate import migrate

    rewritten = [str(path) for path in migrate(root)]
    if as_json:
        show_document({"rewritten": rewritten}, indent=None)
    else:
        print("\n".join(f"rewritten {path}" for path in rewritten) or "nothing to migrate")
    return ExitCode.FINE
