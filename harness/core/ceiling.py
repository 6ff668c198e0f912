"""The most that an arm may claim, and what its speed is shown a share of.

Two questions, kept apart. *Can this be true?* (V6) is answered by a data sheet: by what the hardware is
made of. What was measured only counts where it is more than that, for a second in which a neighbour was
busy, or a library less good than the one under test, must not make a valid arm impossible. *How much of
the machine was used?* (``ceiling_share``) is answered by the larger of data sheet and measurement for
arithmetic, and for memory by what was measured where something was: a data sheet speaks of all channels
of a socket, of which a virtual machine has a part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.core import accelerators, processors
from harness.core.math_mode import MathMode

IN_CACHE = 2  # a footprint below twice the last-level cache says nothing of the memory behind it
MEASURED = "measured at the start of the run"


@dataclass(frozen=True, kw_only=True)
class Roof:
    """What a single source says of a device: its data sheet, or what was `measured` on it."""

    source: str
    flops_per_s: float | None
    bytes_per_s: float | None
    measured: bool


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What one device can do in one element type and math mode; None where nothing is known for certain."""

    source: str
    flops_per_s: float | None = None  # for shares
    bytes_per_s: float | None = None
    most_flops_per_s: float | None = None  # for V6: nothing real is above
    most_bytes_per_s: float | None = None
    cache_bytes: int | None = None
    roofs: tuple[Roof, ...] = ()  # the sources apart, for those who draw them


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one call does. `least_flops` is what the cleverest algorithm that is allowed would do."""

    flops: int | None
    least_flops: float | None
    bytes: int
    footprint_bytes: int

    def share(self, ceiling: Ceiling, time_s: float) -> float | None:
        """Return the share of the ceiling that was reached: of arithmetic or of memory, whichever is the larger."""
        shares = []
        if self.flops and ceiling.flops_per_s:
            shares.append(self.flops / time_s / ceiling.flops_per_s)
        if self.beyond_cache(ceiling) and ceiling.bytes_per_s:
            shares.append(self.bytes / time_s / ceiling.bytes_per_s)
        return max(shares, default=None)

    def beyond_cache(self, ceiling: Ceiling) -> bool:
        """Whether the memory itself must have been at work."""
        return ceiling.cache_bytes is not None and self.footprint_bytes > IN_CACHE * ceiling.cache_bytes


def of_cpu(cpu: Mapping[str, Any], *, dtype: str, threads: int, measured: Mapping[str, float] | None = None) -> Ceiling:
    """Return the ceiling of `threads` threads of a CPU with these facts (`harness.core.linux.cpu`).

    `measured` holds operations a second by element type, and bytes a second as ``memory``.
    """
    found = measured or {}
    flags = cpu.get("vectors") or ()
    row = processors.find(cpu.get("signature"), flags)
    sheet_flops, sheet_bytes = _sheet(row, cpu, dtype, threads) if row else (None, None)
    sheet, seen = f"data sheet of {row.name}" if row else "", MEASURED if found else ""
    return Ceiling(
        source=", ".join(filter(None, (sheet, seen))) or "unknown",
        flops_per_s=_larger(sheet_flops, found.get(dtype)),
        bytes_per_s=found.get("memory") or sheet_bytes,
        most_flops_per_s=_larger(sheet_flops, found.get(dtype)) if sheet_flops else None,
        most_bytes_per_s=_larger(sheet_bytes, found.get("memory")) if sheet_bytes else None,
        cache_bytes=_last_level(cpu, threads),
        roofs=_known(
            Roof(source=seen, flops_per_s=found.get(dtype), bytes_per_s=found.get("memory"), measured=True),
            Roof(source=sheet, flops_per_s=sheet_flops, bytes_per_s=sheet_bytes, measured=False),
        ),
    )


def of_accelerator(
    name: str | None, *, dtype: str, math_mode: str, gpus: Iterable[Mapping[str, Any]] = ()
) -> Ceiling | None:
    """Return the ceiling of the device that a framework calls `name`, or None where it is not known.

    `gpus` is what the driver says of them (`harness.core.nvidia`): a card may be allowed a higher clock
    than its data sheet promises.
    """
    row = accelerators.find(name) if name else None
    if row is None:
        return None
    allowed = [gpu.get("max_clock_mhz") or 0.0 for gpu in gpus if accelerators.find(gpu.get("name") or "") is row]
    mode = MathMode(math_mode)
    sheet = Roof(
        source=f"data sheet of {name}: {row.source}",
        flops_per_s=row.flops_per_s(dtype, mode),
        bytes_per_s=row.bytes_per_s,
        measured=False,
    )
    return Ceiling(
        source=f"{name}: {row.source}",
        flops_per_s=sheet.flops_per_s,
        bytes_per_s=sheet.bytes_per_s,
        most_flops_per_s=row.flops_per_s(dtype, mode, mhz=max(row.highest_mhz, *allowed, 0.0)),
        most_bytes_per_s=row.bytes_per_s,
        cache_bytes=row.cache_bytes,
        roofs=(sheet,),
    )


def _sheet(
    row: processors.Processor, cpu: Mapping[str, Any], dtype: str, threads: int
) -> tuple[float | None, float | None]:
    """Return operations and bytes a second by the data sheet, for so many threads."""
    per_cycle = row.flops_per_cycle(dtype, cpu.get("vectors") or ())
    mhz = max(row.highest_mhz, cpu.get("max_mhz") or 0.0)
    # Two threads of one core share its units; where the kernel shows no cores, each thread may have its own.
    cores = min(threads, cpu["cores"]) if cpu.get("smt") and cpu.get("cores") else threads
    flops = per_cycle * cores * mhz * 1e6 if per_cycle else None
    return flops, row.bytes_per_s(cpu.get("sockets") or 1)


def _last_level(cpu: Mapping[str, Any], threads: int) -> int | None:
    """Return the size of all the last-level caches that so many threads can reach: a large CPU has one a few cores."""
    last = max(cpu.get("caches") or (), key=lambda cache: cache["level"], default=None)
    if last is None:
        return None
    groups = math.ceil((cpu.get("logical") or threads) / (last["shared_by"] or 1))
    return int(last["bytes"] * max(1, min(threads, groups)))


def _known(*roofs: Roof) -> tuple[Roof, ...]:
    return tuple(roof for roof in roofs if roof.flops_per_s or roof.bytes_per_s)


def _larger(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value]
    return max(known, default=None)
