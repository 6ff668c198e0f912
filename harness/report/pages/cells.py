"""What all tables of a page are made of: cells with the number they show, names, facets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.target import split_threads
from harness.core.units import significant
from harness.report import words
from harness.report.charts.look import facets
from harness.report.charts.repaid import Repaid, rounded
from harness.report.content import Block, Cell, Column, Row, Section, name, said
from harness.report.escape import visible
from harness.report.words import UNKNOWN
from harness.stats.combine import Combined
from harness.stats.compare import Ratio
from harness.store.record import Measurement, Outcome

LISTED = 3  # names in one cell; the table of all arms has the others

DASH = Cell(text=UNKNOWN)


def part(anchor: str, title: str, blocks: Iterable[Block]) -> Iterator[Section]:
    """Yield a section, where there is anything in it."""
    held = tuple(blocks)
    if held:
        yield Section(anchor=anchor, title=title, blocks=held)


# -- rows and columns --------------------------------------------------------------------------------


def shared_facets(arms: Sequence[Measurement]) -> dict[str, str]:
    """Return those facets that several arms have in common."""
    first, *others = [facets(arm) for arm in arms]
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def row_of(arm: Measurement, cells: Iterable[Cell], *, mode_class: str = "", anchor: str = "") -> Row:
    """Return a row about an arm."""
    return Row(cells=tuple(cells), facets=facets(arm, mode_class), anchor=anchor)


def columns(*titles: str) -> tuple[Column, ...]:
    """Return columns of text."""
    return tuple(Column(title=title) for title in titles)


def numbers(units: Mapping[str, str]) -> tuple[Column, ...]:
    """Return columns of numbers by their titles, each with the unit of its values."""
    return tuple(Column(title=title, number=True, unit=unit) for title, unit in units.items())


# -- names -------------------------------------------------------------------------------------------


def named(text: str) -> Cell:
    """Return a cell with a name."""
    return Cell(text=name(text))


def full_name(arm: Measurement) -> str:
    """Return all that tells an arm from the others of its case: label, target, threads, and whether it is the copy."""
    own, threads = split_threads(arm.label)
    told = f"{name(own)} {name(arm.target)}" if own else name(arm.target)
    told += f", {threads}" if threads else ""
    return f"{told} (again)" if arm.replica else told


def listed(names: Iterable[str]) -> str:
    """Return the first few of some names, each once, and how many more there are."""
    known = list(dict.fromkeys(names))
    told = ", ".join(map(name, known[:LISTED]))
    return f"{told} and {len(known) - LISTED:,} more" if len(known) > LISTED else told


def outcome(arm: Measurement) -> Cell:
    """Return a cell that says how an arm ended; what is no word of ours is a name like any other."""
    known = arm.outcome in tuple(Outcome)
    return Cell(
        text=str(arm.outcome) if known else name(arm.outcome),
        state=str(arm.outcome) if known else "",
        tip=said(arm.detail) if arm.detail else "",
    )


# -- numbers -----------------------------------------------------------------------------------------


def duration(value: float | None, low: float | None = None, high: float | None = None) -> Cell:
    """Return a cell with a time."""
    return _number(value, words.time(value), low, high)


def share(value: float | None) -> Cell:
    """Return a cell with a share in per cent; its number is the share itself."""
    return _number(value, words.share(value))


def small(value: float | None) -> Cell:
    """Return a cell with an error, of which only the size matters."""
    return _number(value, f"{value:.1e}") if words.known(value) else DASH


def whole(value: int | None) -> Cell:
    """Return a cell with a count."""
    return DASH if value is None else Cell(text=f"{value:,}", value=value)


def ratio(found: Ratio | Combined | None) -> Cell:
    """Return a cell with a ratio and its interval."""
    if found is None:
        return DASH
    return _number(found.ratio, words.ratio(found.ratio, found.low, found.high), found.low, found.high)


def repaid(found: Repaid | None, noun: str) -> Cell:
    """Return a cell that says after how many calls, or steps, a longer start has paid."""
    if found is None:
        return DASH
    if not found.is_compiled:
        return Cell(text="nothing was compiled")
    if not found.told:
        return Cell(text="cannot be told")
    told = "never" if found.calls is None else rounded(found.calls, noun)
    return Cell(text=told if found.sure else f"perhaps {told}", value=found.calls)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So much a second; `unit` tells of what."""

    value: float
    unit: str
    text: str


def work_rate(arm: Measurement) -> Rate | None:
    """Return the rate that means something for an arm: operations, or else bytes, or else what it works through."""
    found = ((arm.flops_per_s, "FLOP/s"), (arm.bytes_per_s, "B/s"))
    for value, unit in found:
        if words.known(value):
            return Rate(value=value, unit=unit, text=words.per_second(arm.flops_per_s, arm.bytes_per_s))
    return item_rate(arm)


def item_rate(arm: Measurement) -> Rate | None:
    """Return how many samples, tokens or the like an arm works through."""
    value, items = arm.items_per_s, arm.items_name or "items"
    if words.known(value):
        return Rate(value=value, unit=f"{visible(items)}/s", text=f"{significant(value)} {said(items)}/s")
    return None


def rates(arms: Sequence[Measurement], rate_of: Callable[[Measurement], Rate | None]) -> tuple[str, list[Cell]]:
    """Return the cells of a column of rates, and its unit; without one unit for all, the cells are only text."""
    found = [rate_of(arm) for arm in arms]
    units = {one.unit for one in found if one is not None}
    unit = units.pop() if len(units) == 1 else ""
    return unit, [DASH if one is None else Cell(text=one.text, value=one.value if unit else None) for one in found]


def _number(value: float | None, text: str, low: float | None = None, high: float | None = None) -> Cell:
    span = (low, high) if words.known(low) and words.known(high) else None
    return Cell(text=text, value=value if words.known(value) else None, span=span)
