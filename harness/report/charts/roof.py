"""How near to the hardware: speed against operations a byte, under what the device can do.

A roof has a slope, where memory is what holds a call back, and a flat part, where arithmetic is. What was
measured on the machine and what a data sheet promises are roofs of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.target import shown_name, split_threads
from harness.core.units import rate, significant
from harness.report import words
from harness.report.charts.look import MOST_CASES, Look, facets, left_out, time_of
from harness.report.content import Cell, Chart, Column, Row, Table, name
from harness.report.escape import visible
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.lazy import Rows
from harness.report.picture import Dot, Roof, Roofline
from harness.report.rows import precision_of
from harness.store.record import Measurement

LEAST_POINTS = 3
MOST_ROOFS = 8
LARGEST = 1e300  # beyond it a number is no speed
MIXED = "mixed_"  # how the name of a precision begins that multiplies another type than it keeps

_READING = (
    "Each mark is a case: how many operations a second it reached (upwards), against how many operations it has for "
    "each byte that it must move at the least (to the right). The lines are what the device can do: the slope is its "
    "memory, the flat part its arithmetic; solid lines were measured at the start of the run, by one library's copies "
    "and products: a mark above a solid line comes of a library that makes more of this device. Dashed ones are a "
    "data sheet's, which on a virtual machine may promise more than the machine was given. Operations and bytes are "
    "those of the mathematics, each input read once and each output written once, not what a program really did: a "
    "mark above the slope may also have worked from caches, one below it may have moved far more than it had to, and "
    "how far a mark lies below a roof is not by itself anybody's fault."
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """What has a roof in common."""

    device: str
    dtype: str
    math: str
    threads: str  # in words, where numbers of threads were compared


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return a picture for each device, element type and math mode that has roofs and enough points."""
    groups: dict[Group, list[tuple[Measurement, Dot]]] = defaultdict(list)
    for arm in run.arms:
        dot = _dot(arm)
        if dot is not None:
            groups[_group(arm)].append((arm, dot))
    return [
        _chart(group, placed, roofs, look)
        for group, placed in groups.items()
        if len(placed) >= LEAST_POINTS and (roofs := _roofs(run.manifest, group, [arm for arm, _ in placed]))
    ]


def _dot(arm: Measurement) -> Dot | None:
    time = time_of(arm)
    if time is None or not arm.flops or not arm.bytes or min(arm.flops, arm.bytes) < 0:
        return None
    speed = arm.flops / time
    low, high = arm.flops / (arm.time_high_s or time), arm.flops / (arm.time_low_s or time)
    return Dot(x=arm.flops / arm.bytes, y=speed, low=low, high=high) if words.known(speed) else None


def _group(arm: Measurement) -> Group:
    """Return what an arm belongs to; a mixed precision has the roof of the type that it multiplies."""
    precision = precision_of(arm)
    return Group(
        device=arm.device,
        dtype=precision.removeprefix(MIXED) if precision.startswith(MIXED) else arm.dtype,
        math=arm.math,
        threads=split_threads(arm.label)[1],
    )


def _roofs(manifest: Mapping[str, object], group: Group, arms: Sequence[Measurement]) -> tuple[Roof, ...]:
    """Return the roofs that the manifest tells of these arms; one from elsewhere may hold anything."""
    targets = {shown_name(arm.target, arm.label) for arm in arms}
    told = manifest.get("roofs")
    found = [
        Roof(
            name=visible(str(one.get("source")), 60),
            flops_per_s=_positive(one.get("flops_per_s")),
            bytes_per_s=_positive(one.get("bytes_per_s")),
            measured=one.get("measured") is True,
        )
        for one in (told if isinstance(told, list) else [])
        if isinstance(one, Mapping)
        and str(one.get("target")) in targets
        and (one.get("dtype"), one.get("math")) == (group.dtype, group.math)
    ]
    known = [roof for roof in found if roof.flops_per_s or roof.bytes_per_s]
    return tuple(dict.fromkeys(known))[:MOST_ROOFS]


def _positive(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LARGEST:
        return float(value)
    return None


def _chart(group: Group, placed: Sequence[tuple[Measurement, Dot]], roofs: tuple[Roof, ...], look: Look) -> Chart:
    known = [group.device, group.dtype, f"math {group.math}", *([f"at {group.threads}"] if group.threads else [])]
    title = f"Speed under the roofs: {', '.join(visible(part, 40) for part in known)}"
    file = look.file(f"roofline-{group.device}-{group.dtype}", group)
    cases = list(dict.fromkeys(case_of(arm) for arm, _ in placed))
    shown = set(cases[:MOST_CASES])
    points: dict[str, list[tuple[str, Dot]]] = defaultdict(list)
    for arm, dot in placed:
        if case_of(arm) in shown:
            points[name_of(arm)].append((case_of(arm), dot))
    return Chart(
        picture=Roofline(
            name=file,
            section="roofline",
            title=title,
            alt=f"{title}: operations a second against operations a byte, {len(placed)} marks",
            unit="FLOP/s",
            targets=look.targets,
            roofs=roofs,
            points={target: tuple(dots) for target, dots in points.items()},
        ),
        reading=f"{_READING}{left_out(len(shown), len(cases))}",
        table=_table(file, title, placed),
    )


def _table(file: str, title: str, placed: Sequence[tuple[Measurement, Dot]]) -> Table:
    columns = (
        Column(title="case"),
        Column(title="target"),
        Column(title="operations a byte", number=True, unit="FLOP/B"),
        Column(title="speed", number=True, unit="FLOP/s"),
        Column(title="of the ceiling", number=True),
    )
    return Table(name=file, title=title, columns=columns, rows=Rows(lambda item: _row(*item), placed))


def _row(arm: Measurement, dot: Dot) -> Row:
    share = arm.ceiling_share if words.known(arm.ceiling_share) else None
    span = (dot.low, dot.high) if dot.low < dot.high and words.known(dot.high) else None
    return Row(
        cells=(
            Cell(text=name(case_of(arm))),
            Cell(text=name(name_of(arm))),
            Cell(text=significant(dot.x), value=dot.x),
            Cell(text=rate(dot.y, "FLOP/s"), value=dot.y, span=span),
            Cell(text=words.share(share), value=share),
        ),
        facets=facets(arm),
    )
