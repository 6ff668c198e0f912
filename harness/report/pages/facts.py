"""What is known of the machine and the settings, with amounts as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.core.units import rate, size
from harness.report import words
from harness.report.content import Cell, name, said
from harness.report.pages.cells import DASH

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")  # a longer one is no amount of anything
_WITHIN = re.compile(r"(?<=bytes': )[0-9]{1,18}(?![0-9.])")  # several things at once, such as all caches

# How an amount is written, by its name.
_KINDS: tuple[tuple[re.Pattern[str], Callable[[float], str]], ...] = (
    (re.compile(r"bytes$"), lambda value: size(int(value))),
    (re.compile(r"mhz$"), lambda value: rate(1e6 * value, "Hz")),
    (re.compile(r"^cpu_speed\.(?:read|copy|triad|memory)$"), lambda value: rate(value, "B/s")),
    (re.compile(r"^cpu_speed\."), lambda value: rate(value, "FLOP/s")),
    (re.compile(r"_s$|^phases_s\."), words.time),
)


def fact(what: str, told: str) -> Cell:
    """Return the cell of a fact; the exact amount stands in the file, and where one points at the cell.

    >>> fact("machine.memory.total_bytes", "8268677120").value
    '8268677120'
    """
    if not told.strip():
        return DASH
    shown = _written(what, told)
    return Cell(text=name(told)) if shown == told else Cell(text=name(shown), value=told, tip=said(told))


def _written(what: str, told: str) -> str:
    """Return what was told as people write it; what is no amount stays as it is."""
    if not _NUMBER.fullmatch(told):
        return _WITHIN.sub(lambda found: size(int(found[0])), told)
    write = next((write for kind, write in _KINDS if kind.search(what)), None)
    return told if write is None else write(float(told))
