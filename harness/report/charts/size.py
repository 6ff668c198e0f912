"""Speed against size: which cases make one line, and what their size is.

A line joins cases that differ in numbers alone. Two operations, two layouts or two element types are
two pictures, for a line between them would claim something in the middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.core.target import split_threads
from harness.report.charts.look import NO_INTERVALS, Look, apart, marked, time_of, with_rest
from harness.report.content import Chart
from harness.report.escape import visible
from harness.report.findings import RunFindings, name_of
from harness.report.picture import Dot, Lines
from harness.report.rows import params_of
from harness.store.record import Measurement

MOST_FAMILIES = 40  # drawn; a suite of ten thousand cases may have hundreds
HUGE, FEW_FAMILIES = 100, 6  # of so many, only these are drawn: forty would show but a fraction too
FLOPS, BYTES, SECONDS = "FLOP/s", "B/s", "seconds a call"

_LARGEST = 1e300  # beyond it an integer is no float
_HOW = {
    FLOPS: "Each mark is a case of that size; upwards is faster, by the operations of the mathematics in a second.",
    BYTES: "Each mark is a case of that size; upwards is faster, by the bytes that must be moved at the least.",
    SECONDS: "Each mark is a case of that size, and downwards is faster here: it is the time of one call.",
}
_CLIMBS = (
    "At the left end, where speed grows as fast as the work in a call does, all calls take about as long: that is "
    "what it costs to make a call at all, whatever its work. A fall further right is often where the data no longer "
    "fit into a cache."
)
_BARS = "The bar through a mark is the 95 % interval of its time, taken over fresh starts."
_FLAT = (
    "A flat part at the left end is what it costs to make a call at all, whatever its work: there, a faster kernel "
    "would change nothing."
)
_LINES = (
    "The lines between marks only guide the eye: sizes in between were not measured, and a library may change its "
    "method there. Which of two targets is faster is told by the tables of ratios."
)


@dataclass(frozen=True, kw_only=True)
class Family:
    """What the cases of one picture have in common."""

    case: str  # the id in the suite
    workload: str
    unit: str
    choices: tuple[tuple[str, str], ...]  # the parameters that are no numbers


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return a picture for each family of cases that has more than one size, and of times where FLOPs mean nothing."""
    groups: dict[Family, list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if time_of(arm) is not None and (arm.flops_per_s or arm.bytes_per_s):
            groups[_family(arm)].append(arm)
    drawn = [(family, arms) for family, arms in groups.items() if len(set(_sizes(arms, family.unit)[1].values())) > 1]
    sure = _BARS if run.sets > 1 else NO_INTERVALS
    made: list[Chart] = []
    most = MOST_FAMILIES if len(drawn) <= HUGE else FEW_FAMILIES
    for family, arms in drawn[:most]:
        title = marked(_title(family, groups), run)
        made.append(_chart(family, arms, title=title, sure=sure, look=look))
        if family.unit == BYTES:
            made.append(_chart(replace(family, unit=SECONDS), arms, title=title, sure=sure, look=look))
    return with_rest(made, len(drawn) - most, "families of cases")


def _family(arm: Measurement) -> Family:
    said = {"dtype": arm.dtype, "math": arm.math, "direction": arm.direction, "cache": arm.cache}
    choices = {known: str(value) for known, value in params_of(arm).items() if isinstance(value, str | bool)} | said
    counted = split_threads(arm.label)[1]
    choices |= {"at": counted} if counted else {}
    return Family(
        case=arm.case.partition("[")[0],
        workload=arm.workload,
        unit=FLOPS if arm.flops_per_s else BYTES,
        choices=tuple(sorted(choices.items())),
    )


def _title(family: Family, others: Iterable[Family]) -> str:
    """Name the case, the workload, the element type, and what else tells the picture from its neighbours."""
    alike = [dict(other.choices) for other in others if (other.case, other.workload) == (family.case, family.workload)]
    said = dict(family.choices)
    extra = apart(said, alike, but=("dtype",))
    return ", ".join(visible(part, 40) for part in (family.case, family.workload, said["dtype"], *extra))


def _chart(family: Family, arms: Sequence[Measurement], *, title: str, sure: str, look: Look) -> Chart:
    size, sizes = _sizes(arms, family.unit)
    lines: dict[str, list[Dot]] = defaultdict(list)
    for arm in arms:
        lines[name_of(arm)].append(_point(arm, sizes[arm.case_key], family.unit))
    kind = "time" if family.unit == SECONDS else "speed"
    shown = f"{kind.capitalize()}: {title}"
    picture = Lines(
        name=look.file(f"{kind}-{family.case}-{dict(family.choices)['dtype']}", family),
        section="size",
        title=shown,
        alt=f"{shown}: {family.unit} against {size}",
        unit=family.unit,
        targets=look.targets,
        lines={target: tuple(sorted(dots, key=lambda dot: dot.x)) for target, dots in lines.items()},
        size=size,
    )
    flat = _FLAT if family.unit == SECONDS else _CLIMBS
    return Chart(picture=picture, reading=" ".join((_HOW[family.unit], flat, sure, _LINES)))


def _point(arm: Measurement, size: float, unit: str) -> Dot:
    time = arm.time_s or 0.0
    if unit == SECONDS:
        return Dot(x=size, y=time, low=arm.time_low_s or time, high=arm.time_high_s or time)
    speed = arm.flops_per_s or arm.bytes_per_s or 0.0
    work = speed * time
    low = work / arm.time_high_s if arm.time_high_s else speed
    high = work / arm.time_low_s if arm.time_low_s else speed
    return Dot(x=size, y=speed, low=low, high=high)


def _sizes(arms: Sequence[Measurement], unit: str) -> tuple[str, dict[str, float]]:
    """Return what the size of these cases is called, and each case's size.

    It is the parameter that varies, where one does, or several that are always equal; else the work of a call.
    """
    params = {arm.case_key: _numbers(arm) for arm in arms}
    names = [known for known in next(iter(params.values())) if all(known in each for each in params.values())]
    varying = [known for known in names if len({each[known] for each in params.values()}) > 1]
    alike = all(len({each[known] for known in varying}) == 1 for each in params.values())
    distinct = bool(varying) and len({each[varying[0]] for each in params.values()}) == len(params)
    if alike and distinct and all(each[varying[0]] > 0 for each in params.values()):
        label = " = ".join(visible(known, 20) for known in varying)
        return label, {key: each[varying[0]] for key, each in params.items()}
    if unit == FLOPS:
        return "FLOPs in a call", {arm.case_key: float(arm.flops or 1) for arm in arms}
    return "bytes moved in a call", {arm.case_key: float(arm.bytes or 1) for arm in arms}


def _numbers(arm: Measurement) -> dict[str, float]:
    return {
        known: float(value)
        for known, value in params_of(arm).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    }
