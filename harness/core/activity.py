"""What a Linux machine and the processes of one family have done since they were started.

All are totals, to be read twice and subtracted. A machine that does not show one, as macOS and many
containers, gives ``None`` for it and never an error.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_COUNTED = 8  # user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user and nice
_IDLE = (3, 4)
_STEAL = 7


@dataclass(frozen=True, kw_only=True)
class Processors:
    """Seconds of some processors added up: all there were, those somebody used, those another machine took."""

    total_s: float
    busy_s: float
    steal_s: float


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a process and all that it started have used, the dead among them included."""

    cpu_s: float
    major_faults: int


def processors(root: Path, numbers: Collection[int]) -> Processors | None:
    """Return what the processors with these numbers did; all of them where no number is given."""
    wanted = {f"cpu{number}" for number in numbers} or {"cpu"}
    rows = [_ticks(line) for line in _lines(root / "proc/stat") if line.split(" ", 1)[0] in wanted]
    if not rows or not all(len(row) == _COUNTED for row in rows):
        return None
    second = _ticks_in_a_second()
    total, idle = sum(map(sum, rows)), sum(row[at] for row in rows for at in _IDLE)
    steal = sum(row[_STEAL] for row in rows)
    return Processors(total_s=total / second, busy_s=(total - idle - steal) / second, steal_s=steal / second)


def switches(root: Path) -> int | None:
    """Return how often any processor went from one task to another."""
    fields = next((line.split() for line in _lines(root / "proc/stat") if line.startswith("ctxt ")), [])
    return int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else None


def held_back_s(root: Path) -> float | None:
    """Return for how long processors' time was withheld from a container that had used up its quota."""
    fields = dict(line.split() for line in _lines(root / "sys/fs/cgroup/cpu.stat") if len(line.split()) == 2)  # noqa: PLR2004
    found = fields.get("throttled_usec", "")
    return int(found) / 1e6 if found.isdigit() else None


def load(root: Path) -> float | None:
    """Return how many tasks wanted to run, averaged over the last minute."""
    first = next((line.split(" ", 1)[0] for line in _lines(root / "proc/loadavg")), "")
    try:
        return float(first)
    except ValueError:
        return None


def family(root: Path, eldest: int) -> Family | None:
    """Return what process `eldest` and its descendants used; what has ended is counted with whoever waited for it."""
    known = dict(_processes(root))
    if eldest not in known:
        return None
    alive = [known[number] for number in (eldest, *descendants(known, eldest))]
    return Family(
        cpu_s=sum(each.ticks for each in alive) / _ticks_in_a_second(),
        major_faults=sum(each.major_faults for each in alive),
    )


def members(root: Path, eldest: int) -> list[int]:
    """Return the numbers of a process and of all that descend from it."""
    return [eldest, *descendants(dict(_processes(root)), eldest)]


def descendants(known: Mapping[int, Process], eldest: int) -> list[int]:
    """Return the numbers of all processes that `eldest`, or one that it started, has started."""
    children: dict[int, list[int]] = {}
    for number, process in known.items():
        children.setdefault(process.parent, []).append(number)
    found: list[int] = []
    ahead = [eldest]
    while ahead:
        born = children.pop(ahead.pop(), [])
        found += born
        ahead += born
    return found


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process; its children are counted once it has waited for their end."""

    parent: int
    ticks: int
    major_faults: int


def _processes(root: Path) -> Iterator[tuple[int, Process]]:
    try:
        names = [entry.name for entry in os.scandir(root / "proc") if entry.name.isdigit()]
    except OSError:
        return
    for name in names:
        # The name of a program stands in parentheses and may itself hold blanks and parentheses.
        text = next(_lines(root / "proc" / name / "stat"), "")
        fields = text.rpartition(")")[2].split()
        if len(fields) > 14 and all(field.lstrip("-").isdigit() for field in fields[1:15]):  # noqa: PLR2004  (cstime)
            ticks = sum(map(int, fields[11:15]))
            yield int(name), Process(parent=int(fields[1]), ticks=ticks, major_faults=int(fields[9]) + int(fields[10]))


def _ticks(line: str) -> list[int]:
    fields = line.split()[1 : _COUNTED + 1]
    return [int(field) for field in fields if field.isdigit()]


def _ticks_in_a_second() -> int:
    return os.sysconf("SC_CLK_TCK")


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not there, not ours to read, or a process that has just ended
        return
