"""What `doctor` finds, as values, and those values as lines for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core import machine
from harness.core.units import size

OK = "ok"
UNPROBED = "not probed"
ABSENT = "no such device here"
UNSEEN = "the framework does not see it"
FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class DeviceState:
    """How one backend stands to one kind of device."""

    device: str
    state: str
    detail: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something that is not here: for what it is needed, and how to get it."""

    target: str
    reason: str
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class BackendState:
    """How one backend stands here; `version` is nothing where its framework is not installed."""

    name: str
    version: str | None
    modes: tuple[str, ...]
    devices: tuple[DeviceState, ...]
    missing: tuple[Missing, ...]


def machine_lines(known: Mapping[str, Any]) -> list[str]:
    """Return the machine, for people."""
    cpu, memory, load = known["cpu"], known["memory"], known["load"]
    rows = [
        ("harness", f"{known['harness']}, Python {known['python']['version']} ({sys.executable})"),
        ("system", f"{known['os']['system']} {known['os']['kernel']}, {known['hypervisor'] or 'no'} hypervisor"),
        ("cpu", f"{cpu['model'] or 'unknown model'}, {cpu['architecture']}, {_counts(cpu)}"),
        ("vectors", " ".join(cpu["vectors"]) or "none known"),
        ("caches", ", ".join(f"L{cache['level']} {cache['kind']} {size(cache['bytes'])}" for cache in cpu["caches"])),
        ("clock", _clock(cpu)),
        ("memory", _memory(memory)),
        ("load", f"{_shown(load['one_minute'], '.2f')} in the last minute; {_pressure(load['pressure_percent'])}"),
        *[("gpu", _gpu(gpu)) for gpu in known["gpus"] or [None]],
        ("env_id", machine.env_id(known)),
        *[("set", f"{name}={value}") for name, value in known["environment"].items()],
    ]
    return ["machine", *(f"  {name:8} {text or 'not shown'}" for name, text in rows)]


def _counts(cpu: Mapping[str, Any]) -> str:
    allowed = len(cpu["affinity"]) or cpu["logical"]
    quota = f", {cpu['quota_cpus']:g} by quota" if cpu["quota_cpus"] else ""
    return f"{cpu['cores'] or '?'} cores, {cpu['logical']} processors, {allowed} allowed{quota}"


def _clock(cpu: Mapping[str, Any]) -> str:
    boost = {True: "boost on", False: "boost off"}.get(cpu["boost"], "boost not shown")
    return f"{_shown(cpu['mhz'], '.0f')} MHz now, governor {cpu['governor'] or 'not shown'}, {boost}"


def _memory(memory: Mapping[str, Any]) -> str:
    if not memory["total_bytes"]:
        return ""
    limit = f", {size(memory['limit_bytes'])} by limit" if memory["limit_bytes"] else ""
    free = f", {size(memory['available_bytes'])} free" if memory["available_bytes"] else ""
    return f"{size(memory['total_bytes'])}{free}{limit}, huge pages {memory['huge_pages'] or 'not shown'}"


def _pressure(shares: Mapping[str, float | None]) -> str:
    told = [f"{name} {share:g} %" for name, share in shares.items() if share is not None]
    return f"waiting: {', '.join(told)}" if told else "pressure not shown"


def _gpu(gpu: Mapping[str, Any] | None) -> str:
    if gpu is None:
        return "none that nvidia-smi shows"
    memory = size(gpu["memory_bytes"]) if gpu["memory_bytes"] else "?"
    clocks = f"{_shown(gpu['clock_mhz'], '.0f')} of {_shown(gpu['max_clock_mhz'], '.0f')} MHz"
    power = f"{_shown(gpu['power_limit_w'], '.0f')} W at most"
    return f"{gpu['index']}: {gpu['name']}, {memory}, driver {gpu['driver']}, {clocks}, {power}"


def _shown(value: float | None, form: str) -> str:
    return "?" if value is None else format(value, form)


def backend_lines(states: list[BackendState]) -> list[str]:
    """Return what each backend sees, for people."""
    lines = ["backends"]
    for state in states:
        modes = f"  ({', '.join(state.modes)})" if state.modes else ""
        lines.append(f"  {state.name:12} {state.version or 'not installed'}{modes}")
        lines += [f"    {device.device:10} {_told(device)}" for device in state.devices]
    return lines


def _told(device: DeviceState) -> str:
    threads = f"{device.facts['threads']} threads" if device.facts.get("threads") else ""
    return ", ".join(filter(None, (device.state, device.detail, threads)))


def missing_lines(states: list[BackendState]) -> list[str]:
    """Return what is missing and the commands that mend it; each command once a line, ready to be copied."""
    gaps = [gap for state in states for gap in state.missing]
    if not gaps:
        return ["nothing is missing"]
    lines = ["missing"]
    for gap in gaps:
        lines.append(f"  {gap.target}: {gap.reason}")
        lines += [f"    {gap.command}"] if gap.command else []
    return lines
