"""List what there is: suites, workloads with their parameters, backends, devices, or runs.

Nothing here imports a framework: a backend counts as installed when its packages are, and a device
as present when its driver is. `python -m harness doctor` asks the frameworks themselves.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.documents import show_document
from harness.cli.text_table import table
from harness.errors import ExitCode, HarnessError, SuiteError

if TYPE_CHECKING:
    from harness.workloads.base import Parameter


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("what", choices=tuple(_LISTS), help="what to list")
    parser.add_argument(
        "--suites", type=Path, default=Path("suites"), metavar="FOLDER", help="where suites are; default: suites"
    )
    options.add_results(parser)
    options.add_load(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> ExitCode:
    """Print one list."""
    options.load_own(args.load)
    found, text = _LISTS[args.what](args)
    if args.json:
        show_document({args.what: found})
    else:
        print(text)
    return ExitCode.FINE


def _suites(args: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    from harness.suite.load import load_suite

    found: list[dict[str, Any]] = []
    for path in sorted(each for each in args.suites.glob("*") if each.suffix in (".yaml", ".yml")):
        try:
            suite = load_suite(path)
        except SuiteError as error:
            print(f"{path}: {len(error.findings)} mistakes; python -m harness validate {path}", file=sys.stderr)
            continue
        found.append(
            {"file": str(path), "name": suite.name, "cases": len(suite.cases), "description": suite.description}
        )
    rows = [(each["file"], str(each["cases"]), each["description"]) for each in found]
    return found, table(
        ("suite", "cases", "what for"), rows, right=("cases",)
    ) if rows else f"no suites in {args.suites}"


def _workloads(args: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    del args
    from harness.workloads.registry import find_workload, workload_names

    found: list[dict[str, Any]] = []
    lines: list[str] = []
    for name in workload_names():
        try:
            kind = find_workload(name)
        except HarnessError as error:
            print(f"harness: {error}", file=sys.stderr)
            continue
        parameters = list(kind.parameters().values())
        dtypes = [str(dtype) for dtype in kind.dtypes]
        found.append(
            {
                "name": name,
                "version": kind.version,
                "summary": kind.summary,
                "dtypes": dtypes,
                "directions": list(kind.directions),
                "parameters": [
                    {
                        "name": each.name,
                        "kind": each.kind,
                        "doc": each.doc,
                        "required": each.required,
                        "default": each.default,
                        "choices": list(each.choices),
                    }
                    for each in parameters
                ],
            }
        )
        allowed = {"dtype": dtypes, "direction": kind.directions}
        rows = [_row(each, allowed.get(each.name, each.choices)) for each in parameters]
        lines += [f"{name}: {kind.summary}", table(("  parameter", "default", "meaning"), rows), ""]
    return found, "\n".join(lines).rstrip()


def _row(parameter: Parameter, choices: Sequence[str]) -> tuple[str, str, str]:
    default = str(parameter.default)
    if parameter.required:
        default = "(needed)"
    elif isinstance(parameter.default, bool):
        default = default.lower()
    meaning = f"{parameter.doc}: {', '.join(choices)}" if choices else parameter.doc
    return f"  {parameter.name}", default, meaning


def _backends(args: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    del args
    from harness.backends.registry import backend_names, find_backend, installed_version

    found: list[dict[str, Any]] = []
    for name in backend_names():
        try:
            info = find_backend(name)
        except HarnessError as error:
            print(f"harness: {error}", file=sys.stderr)
            continue
        absent = [each for each in info.requires if installed_version(each) is None]
        version = installed_version(info.requires[0]) if info.requires else ""
        found.append(
            {
                "name": name,
                "installed": not absent,
                "version": None if absent else version,
                "modes": [{"name": mode.name, "class": mode.mode_class} for mode in info.modes],
                "devices": list(info.devices),
                "install": dict(info.install),
            }
        )
    rows = [
        (
            each["name"],
            each["version"] or "-" if each["installed"] else f"not installed; {each['install'].get('cpu', '')}",
            ", ".join(mode["name"] for mode in each["modes"]),
            ", ".join(each["devices"]),
        )
        for each in found
    ]
    return found, table(("backend", "version", "modes", "devices"), rows)


def _devices(args: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    del args
    from harness.backends.registry import backend_names, find_backend, missing
    from harness.core.device import Device
    from harness.core.hardware import device_kinds

    infos = [find_backend(name) for name in backend_names()]
    found: list[dict[str, Any]] = []
    for kind in device_kinds():
        device = Device.parse(kind)
        usable = [info.name for info in infos if kind in info.devices and missing(info, device) is None]
        found.append({"device": str(device), "backends": usable})
    rows = [(each["device"], ", ".join(each["backends"]) or "none installed") for each in found]
    return found, table(("device", "backends installed for it"), rows)


def _runs(args: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    from harness.store.runs import scan

    scanned = scan(args.results)
    for finding in scanned.findings:
        print(finding, file=sys.stderr)
    found: list[dict[str, Any]] = [
        {
            "run": info.run_id,
            "suite": info.suite,
            "state": info.state,
            "started_at": info.started_at.isoformat() if info.started_at else None,
            "arms": dict(info.arms),
        }
        for info in reversed(scanned.runs)
    ]
    rows = [
        (
            each["run"],
            each["suite"],
            each["state"],
            ", ".join(f"{count} {name}" for name, count in each["arms"].items()),
        )
        for each in found
    ]
    return found, table(("run", "suite", "state", "arms"), rows) if rows else f"no runs in {args.results}"


_LISTS = {
    "suites": _suites,
    "workloads": _workloads,
    "backends": _backends,
    "devices": _devices,
    "runs": _runs,
}
