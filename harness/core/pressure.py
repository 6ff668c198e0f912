"""How long tasks waited for processors, memory and disks: totals since Linux was started.

The averages that stand beside them in the same files reach over ten seconds and more, and say as much
about the time before a measurement as about the measurement. Totals, read before and after, do not.
"""

from __future__ import annotations

import re
from pathlib import Path

RESOURCES = ("cpu", "memory", "io")


def waited_s(root: Path) -> dict[str, float | None]:
    """Return the seconds in which some task waited for a resource; ``None`` where the kernel keeps no count."""
    return {name: _total_s(root / "proc/pressure" / name) for name in RESOURCES}


def _total_s(path: Path) -> float | None:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no such file, or one that may not be read: both are usual in containers
        return None
    match = re.search(r"^some .*\btotal=(\d+)", text, re.MULTILINE)
    return int(match[1]) / 1e6 if match else None
