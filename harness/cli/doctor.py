"""Say what this machine has, what is missing, and the command that mends it.

Each installed framework is loaded in a process of its own, on every kind of device that this machine
seems to have: what a framework really sees is known only to itself. `--no-probe` leaves that out.

`--noise 30` measures the machine itself for 30 seconds instead, and says which differences can be seen on it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.cli.doctor_text import (
    ABSENT,
    FAILED,
    OK,
    UNPROBED,
    UNSEEN,
    BackendState,
    DeviceState,
    Missing,
    backend_lines,
    machine_lines,
    missing_lines,
)
from harness.cli.documents import show_document
from harness.core import machine
from harness.core.device import COMPILE_ONLY, Device
from harness.core.hardware import device_kinds
from harness.errors import ExitCode, HarnessError

if TYPE_CHECKING:
    from harness.backends.base import BackendInfo

PROBE_TIMEOUT_S = 180.0  # a first import from a cold disk takes a minute on a small machine

Probe = Callable[["BackendInfo", Device], DeviceState]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    parser.add_argument(
        "--probe",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="load each framework in a process of its own to see its devices (default: yes)",
    )
    parser.add_argument(
        "--noise",
        metavar="SECONDS",
        help="instead of looking for frameworks, measure for so long how noisy this machine is",
    )


def run(args: argparse.Namespace) -> ExitCode:
    """Examine, and print what was found."""
    if args.noise is not None:
        return _run_noise(args)
    known = machine.facts()
    states = examine(present_devices(known), probe if args.probe else unprobed)
    if args.json:
        show_document(document(known, states))
    else:
        print("\n".join([*machine_lines(known), "", *backend_lines(states), "", *missing_lines(states)]))
    return ExitCode.FINE


def _run_noise(args: argparse.Namespace) -> ExitCode:
    """Measure the machine, and print what it can tell apart."""
    from harness.cli import doctor_noise

    seconds = doctor_noise.read_seconds(args.noise)
    known = machine.facts()  # before we load the machine ourselves
    found = doctor_noise.measure(seconds)
    if args.json:
        show_document(doctor_noise.document(known, found))
    else:
        print("\n".join(doctor_noise.lines(known, found)))
    return ExitCode.FINE


def document(known: Mapping[str, Any], states: list[BackendState]) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "schema": "harness.doctor/1",
        "env_id": machine.env_id(known),
        "machine": dict(known),
        "backends": [asdict(state) for state in states],
    }


def present_devices(known: Mapping[str, Any], kinds: Callable[[], Sequence[str]] = device_kinds) -> frozenset[str]:
    """Return the kinds of device that the planner sees here, and a GPU too where only its driver tells of it."""
    return frozenset({*kinds(), *(["gpu"] if known["gpus"] else [])})


def examine(present: frozenset[str], look: Probe) -> list[BackendState]:
    """Return the state of every backend that is offered; a broken plugin is a finding, not an end."""
    from harness.backends.registry import backend_names

    names = backend_names()
    if not names:
        gap = Missing(target="harness", reason="this checkout is not installed", command="pip install -e .")
        return [BackendState(name="harness", version=None, modes=(), devices=(), missing=(gap,))]
    return [_examine_one(name, present, look) for name in names]


def _examine_one(name: str, present: frozenset[str], look: Probe) -> BackendState:
    from harness.backends.registry import find_backend, installed_version, missing

    try:
        info = find_backend(name)
    except HarnessError as error:
        broken = Missing(target=name, reason=error.message, command=error.remedy or "")
        return BackendState(name=name, version=None, modes=(), devices=(), missing=(broken,))
    here = [Device(kind) for kind in info.devices if kind in present]
    absent = missing(info, max(here, key=lambda device: device.kind != "cpu", default=Device("cpu")))
    if absent is not None:
        gap = Missing(target=name, reason=absent.reason, command=absent.command)
        return BackendState(name=name, version=None, modes=_modes(info), devices=(), missing=(gap,))
    states = [
        look(info, Device(kind)) if kind in present else DeviceState(device=kind, state=ABSENT)
        for kind in info.devices
        if kind not in COMPILE_ONLY
    ]
    version = installed_version(info.requires[0]) if info.requires else "built in"
    gaps = (*_unseen(info, states), *_lacking(info, here))
    return BackendState(name=name, version=version, modes=_modes(info), devices=tuple(states), missing=gaps)


def _modes(info: BackendInfo) -> tuple[str, ...]:
    return tuple(mode.name for mode in info.modes)


def _unseen(info: BackendInfo, states: list[DeviceState]) -> list[Missing]:
    """A device that is here and that the framework does not see: mostly the wrong build is installed."""
    return [
        Missing(target=f"{info.name}@{state.device}", reason=state.detail, command=info.install.get(state.device, ""))
        for state in states
        if state.state in (UNSEEN, FAILED)
    ]


def _lacking(info: BackendInfo, here: list[Device]) -> list[Missing]:
    return [
        Missing(target=f"{info.name}.{mode.name}@{device}", reason=gap.reason, command=gap.command)
        for device in here
        for mode in info.modes
        if (gap := info.lacks(mode.name, device)) is not None
    ]


def unprobed(info: BackendInfo, device: Device) -> DeviceState:
    """Leave the framework alone."""
    del info
    return DeviceState(device=device.kind, state=UNPROBED)


def probe(info: BackendInfo, device: Device) -> DeviceState:
    """Ask the framework itself, in a process of its own, with the environment a worker would have."""
    command = [sys.executable, "-m", "harness.cli.doctor_probe", info.name, str(device)]
    try:
        done = subprocess.run(  # noqa: S603  (this interpreter, running this package)
            command,
            env={**os.environ, **info.environment(device, info.default_mode)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return DeviceState(device=device.kind, state=FAILED, detail=f"no answer within {PROBE_TIMEOUT_S:.0f} s")
    return read_answer(device, done.returncode, done.stdout, done.stderr)


def read_answer(device: Device, code: int, output: str, errors: str) -> DeviceState:
    """Read what a probe said; its last line of output counts, for frameworks chatter."""
    lines = output.strip().splitlines()
    try:
        said = json.loads(lines[-1]) if lines else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        last = (errors.strip().splitlines() or [f"it ended with status {code} and said nothing"])[-1]
        return DeviceState(device=device.kind, state=FAILED, detail=last[:300])
    if "missing" in said:
        return DeviceState(device=device.kind, state=UNSEEN, detail=str(said["missing"])[:300])
    return DeviceState(device=device.kind, state=OK, detail=str(said.get("device_name") or ""), facts=said)
