"""What macOS tells of a machine: model, cores and memory. It shows no affinity, governor or pressure."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any


def hardware(ask: Callable[[str], str | None] | None = None) -> dict[str, dict[str, Any]]:
    """Return the facts that replace Linux's, grouped as `harness.core.machine.facts` groups them."""
    ask = ask or _ask
    cores, total = ask("hw.physicalcpu"), ask("hw.memsize")
    return {
        "cpu": {"model": ask("machdep.cpu.brand_string"), "cores": int(cores) if cores else None},
        "memory": {"total_bytes": int(total) if total else None},
    }


def _ask(name: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  (the system's own tool, with a fixed question)
            ["/usr/sbin/sysctl", "-n", name],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=10,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
