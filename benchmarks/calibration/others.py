"""What the rest of the machine did meanwhile: who says "quiet" has to show it.

The processors' busy time that was neither ours nor our load's is somebody else's. Steal time is told
apart: it is a neighbour of the whole virtual machine, and a slow minute may come without any.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

QUIET = 0.05  # of the processors' time: what others may take of a session that is called quiet
DISTURBED = 0.1  # of the sessions of a series: how many may be disturbed before it is not called quiet


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Totals so far, in seconds; the system's are missing where it does not tell."""

    wall_s: float
    ours_s: float  # this process and the children that it has waited for
    busy_s: float | None
    steal_s: float | None
    load: float | None  # the average over a minute


@dataclass(frozen=True, kw_only=True)
class Meanwhile:
    """What happened between two readings, as shares of all processors' time."""

    foreign: float | None
    steal: float | None
    load_before: float | None
    load_after: float | None

    @property
    def quiet(self) -> bool | None:
        """Whether the machine was ours; unknown where nobody tells."""
        return None if self.foreign is None else self.foreign <= QUIET

    def plain(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {**asdict(self), "quiet": self.quiet}


def read(root: Path = Path("/")) -> Reading:
    """Read what the system and this process have used so far."""
    times = os.times()
    busy_s, steal_s = _busy(root)
    return Reading(
        wall_s=time.monotonic(),
        ours_s=times.user + times.system + times.children_user + times.children_system,
        busy_s=busy_s,
        steal_s=steal_s,
        load=_load(root),
    )


def between(before: Reading, after: Reading, *, processors: int, helper_s: float = 0.0) -> Meanwhile:
    """Return what others did; `helper_s` is what our own load used."""
    whole = (after.wall_s - before.wall_s) * processors
    busy, steal = _difference(before.busy_s, after.busy_s), _difference(before.steal_s, after.steal_s)
    ours = after.ours_s - before.ours_s + helper_s
    return Meanwhile(
        foreign=None if busy is None else min(1.0, max(0.0, (busy - ours) / whole)),
        steal=None if steal is None else steal / whole,
        load_before=before.load,
        load_after=after.load,
    )


def processors() -> int:
    """Return how many processors the system counts in its totals."""
    return os.cpu_count() or 1


def allowed() -> list[int]:
    """Return the processors that this process may run on, by number."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(processors()))


def cpu_s_of(pid: int, root: Path = Path("/")) -> float:
    """Return the processor time of a process that still runs; nothing where it cannot be seen."""
    try:
        fields = (root / f"proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _ticks()


def _busy(root: Path) -> tuple[float | None, float | None]:
    """Return busy and stolen seconds of all processors; time of guests is counted in that of users."""
    try:
        line = (root / "proc/stat").read_text("ascii").partition("\n")[0]
    except OSError:
        return None, None
    match = re.fullmatch(r"cpu\s+(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+).*", line)
    if match is None:
        return None, None
    user, nice, system, _idle, _iowait, interrupt, soft, steal = map(int, match.groups())
    return (user + nice + system + interrupt + soft) / _ticks(), steal / _ticks()


def _load(root: Path) -> float | None:
    try:
        return float((root / "proc/loadavg").read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")
