"""What ``nvidia-smi`` tells of the GPUs, as plain values; nothing where there is none.

The driver's own tool is asked, not a framework: the parent process imports none, and a GPU that a
framework fails to see is just what a user wants to be told about.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
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
TIMEOUT_S = 20.0


def gpus(ask: Callable[[str], str | None] | None = None) -> list[dict[str, Any]]:
    """Return one set of facts a GPU; what the driver does not know is ``None``."""
    answer = (ask or _ask)(",".join(name for name, _, _ in _FIELDS))
    rows = [[cell.strip() for cell in line.split(",")] for line in (answer or "").splitlines() if line.strip()]
    return [_facts(row) for row in rows if len(row) == len(_FIELDS)]


def _facts(row: list[str]) -> dict[str, Any]:
    return {key: _value(text, convert) for text, (_, key, convert) in zip(row, _FIELDS, strict=True)}


def _value(text: str, convert: Callable[[str], Any]) -> Any:
    try:
        return None if text.startswith("[") else convert(text)  # "[N/A]", "[Not Supported]"
    except ValueError:
        return None


def _ask(fields: str) -> str | None:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  (the driver's tool, found on the path, with a fixed question)
            [tool, f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
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
