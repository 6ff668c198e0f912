"""What ``nvidia-smi`` tells of the GPUs, as plain values; nothing where there is none.

The driver's own tool is asked, not a framework: the parent process imports none, and a GPU that a
framework fails to see is just what a user wants to be told about.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Collection
from typing import Any

# What is asked, what it is called here, and how its text becomes a value.
_FIELDS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("index", "index", int),
    ("name", "name", str),
    ("memory.total", "memory_bytes", lambda text: round(float(text) * 2**20)),
    ("memory.used", "used_bytes", lambda text: round(float(text) * 2**20)),
    ("driver_version", "driver", str),
    ("compute_cap", "compute_capability", str),
    ("clocks.sm", "clock_mhz", float),
    ("clocks.max.sm", "max_clock_mhz", float),
    ("power.limit", "power_limit_w", float),
    ("temperature.gpu", "temperature_c", float),
    ("persistence_mode", "persistence", str),
    ("mig.mode.current", "mig", str),
    ("utilization.gpu", "busy_percent", float),
)
# What changes from minute to minute, and is asked before and after a process-set.
_STATE: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("index", "index", int),
    ("clocks.sm", "clock_mhz", float),
    ("clocks.mem", "memory_clock_mhz", float),
    ("power.draw", "power_w", float),
    ("temperature.gpu", "temperature_c", float),
    ("utilization.gpu", "busy_percent", float),
    ("clocks_throttle_reasons.active", "throttle_bits", lambda text: int(text, 16)),
)
TIMEOUT_S = 20.0

Ask = Callable[[str], str | None]


def gpus(ask: Ask | None = None) -> list[dict[str, Any]]:
    """Return one set of facts a GPU; what the driver does not know is ``None``."""
    return _table(_FIELDS, ask or _ask)


def states(ask: Ask | None = None) -> list[dict[str, Any]]:
    """Return clocks, power, temperature and throttle reasons of each GPU as they are now."""
    return _table(_STATE, ask or _ask)


def computing(ours: Collection[int] = (), ask: Ask | None = None) -> int | None:
    """Return how many processes compute on a GPU, less `ours`; nothing where the driver cannot be asked."""
    answer = (ask or _ask_processes)("pid")
    if answer is None:
        return None
    numbers = [int(line) for line in map(str.strip, answer.splitlines()) if line.isdigit()]
    return len(set(numbers) - set(ours))


def _table(fields: tuple[tuple[str, str, Callable[[str], Any]], ...], ask: Ask) -> list[dict[str, Any]]:
    answer = ask(",".join(name for name, _, _ in fields))
    rows = [[cell.strip() for cell in line.split(",")] for line in (answer or "").splitlines() if line.strip()]
    return [
        {key: _value(text, convert) for text, (_, key, convert) in zip(row, fields, strict=True)}
        for row in rows
        if len(row) == len(fields)
    ]


def _value(text: str, convert: Callable[[str], Any]) -> Any:
    try:
        return None if text.startswith("[") else convert(text)  # "[N/A]", "[Not Supported]"
    except ValueError:
        return None


def _ask(fields: str) -> str | None:
    return _run(f"--query-gpu={fields}")


def _ask_processes(fields: str) -> str | None:
    return _run(f"--query-compute-apps={fields}")


def _run(question: str) -> str | None:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  (the driver's tool, found on the path, with a fixed question)
            [tool, question, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
