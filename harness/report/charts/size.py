"""Speed against size: which cases make one line, what their size is, and up to where all calls take about as long.

A line joins cases that differ in numbers alone. Two operations, two layouts or two element types are
two pictures, for a line between them would claim something in the middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from harness.core.target import split_threads
from harness.core.units import rate
from harness.core.units import size as bytes_in_words
from harness.report.charts.look import NO_INTERVALS, Look, apart, marked, time_of, with_rest
from harness.report.content import Chart, name
from harness.report.escape import visible
from harness.report.findings import RunFindings, name_of
from harness.report.picture import Dot, Lines
from harness.report.rows import params_of
from harness.store.record import Measurement

MOST_FAMILIES = 40  # drawn; a suite of ten thousand cases may have hundreds
FEW_FAMILIES = 6  # of a run of many cases
FEW, FEW_ARMS = 12, 500  # families, and arms in them; with more, times are drawn only where operations mean nothing
FLOPS, BYTES, SECONDS = "FLOP/s", "B/s", "seconds a call"
IN_FLOPS, IN_BYTES = "FLOPs in a call", "bytes moved in a call"  # what a size is called that is no parameter
LEVEL, MORE_WORK = 1.5, 4.0  # launch-bound: less than so many times as long, with so many times the work

_LARGEST = 1e300  # beyond it an integer is no float
_SEED = "seed"  # a number that is no size
_NO_SIZES = ("kernel", "stride", "dilation", "padding")  # numbers that say what is done, and not to how much
_LONG = 1e12  # from here on a size is not written out
_HOW = {
    FLOPS: "Each mark is a case of that size; upwards is faster, by the operations of the mathematics in a second.",
    BYTES: "Each mark is a case of that size; upwards is faster, by the bytes that must be moved at the least.",
    SECONDS: "Each mark is a case of that size, and downwards is faster here: it is the time of one call.",
}
_CLIMBS = (
    "Where speed grows as fast as the work in a call does, all calls take about as long: that is what it costs to "
    "make a call at all, whatever its work. A fall further right is often where the data no longer fit into a cache."
)
_BARS = "The bar through a mark is the 95 % interval of its time, taken over fresh starts; a mark may hide it."
_FLAT = (
    "A flat part at the left end is what it costs to make a call at all, whatever its work: there, a faster kernel "
    "would change nothing."
)
_DASHED = (
    f"A line is dashed where calls are launch-bound: as long as one takes less than {LEVEL:g} times what the smallest "
    f"on that line takes, if its work (operations and bytes alike) grows to {MORE_WORK:g} times or more meanwhile."
)
_NONE_DASHED = "Here none is."
_LINES = (
    "Marks of one size stand a little apart, so that none hides another. The lines between marks only guide the eye: "
    "sizes in between were not measured, and a library may change its method there. Which of two targets is faster is "
    "told by the tables of ratios."
)


@dataclass(frozen=True, kw_only=True)
class Family:
    """What the cases of one picture have in common."""

    case: str  # the id in the suite
    workload: str
    unit: str
    choices: tuple[tuple[str, str], ...]  # the parameters that are no numbers


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return pictures for each family of cases that has more than one size.

    Times are drawn beside speeds where there are few of them, and else where operations mean nothing: a page has to
    stay small.
    """
    groups: dict[Family, list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if time_of(arm) is not None and (arm.flops_per_s or arm.bytes_per_s):
            groups[_family(arm)].append(arm)
    found = [(family, arms) for family, arms in groups.items() if len(set(_sizes(arms, family.unit)[1].values())) > 1]
    sure = _BARS if run.sets > 1 else NO_INTERVALS
    made: list[Chart] = []
    most = look.most(MOST_FAMILIES, FEW_FAMILIES)
    drawn = found[:most]
    few = len(drawn) <= FEW and sum(len(arms) for _, arms in drawn) <= FEW_ARMS
    for family, arms in drawn:
        title = marked(_title(family, groups), run)
        units = (family.unit, SECONDS) if few or family.unit == BYTES else (family.unit,)
        made += [_chart(family, arms, unit=unit, title=title, sure=sure, look=look) for unit in units]
    return with_rest(made, len(found) - most, "families of cases")


def _family(arm: Measurement) -> Family:
    said = {"dtype": arm.dtype, "math": arm.math, "direction": arm.direction, "cache": arm.cache}
    choices = {
        known: str(value)
        for known, value in params_of(arm).items()
        if isinstance(value, str | bool) or known in _NO_SIZES
    } | said
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


def _chart(family: Family, arms: Sequence[Measurement], *, unit: str, title: str, sure: str, look: Look) -> Chart:
    size, sizes = _sizes(arms, family.unit)
    lines: dict[str, list[tuple[float, Measurement]]] = defaultdict(list)
    for arm in sorted(arms, key=lambda arm: sizes[arm.case_key]):
        lines[name_of(arm)].append((sizes[arm.case_key], arm))
    level = {target: end for target, line in lines.items() if (end := _level(line)) is not None}
    kind = "time" if unit == SECONDS else "speed"
    shown = f"{kind.capitalize()}: {title}"
    picture = Lines(
        name=look.file(f"{kind}-{family.case}-{dict(family.choices)['dtype']}", replace(family, unit=unit)),
        section="size",
        title=shown,
        alt=f"{shown}: {unit} against {size}",
        unit=unit,
        targets=look.targets,
        lines={target: tuple(_point(arm, x, unit) for x, arm in line) for target, line in lines.items()},
        size=size,
        level=level,
    )
    flat = _FLAT if unit == SECONDS else _CLIMBS
    return Chart(picture=picture, reading=" ".join((_HOW[unit], flat, _DASHED, _bound(level, size), sure, _LINES)))


def _level(line: Sequence[tuple[float, Measurement]]) -> float | None:
    """Return up to which size a call takes hardly longer than the smallest does, though there is far more to do."""
    (_, least), *_ = line
    limit = LEVEL * (time_of(least) or 0.0)
    *_, (end, last) = takewhile(lambda one: (time_of(one[1]) or 0.0) < limit, line)
    return end if _growth(least, last) >= MORE_WORK else None


def _growth(one: Measurement, other: Measurement) -> float:
    """Return how many times the work of one call the other has, by what grows less of its operations and its bytes.

    More operations on the same bytes cost nothing where memory is what a call waits for.
    """
    told = ((one.flops, other.flops), (one.bytes, other.bytes))
    return min((more / less for less, more in told if less and more), default=0.0)


def _bound(level: Mapping[str, float], size: str) -> str:
    """Say whose calls are launch-bound, and up to which size."""
    if not level:
        return _NONE_DASHED
    said = [f"{name(target)} up to {_size(end, size)}" for target, end in level.items()]
    return f"Here that is {', '.join(said)}."


def _size(value: float, size: str) -> str:
    """Return a size in words."""
    if size == IN_FLOPS:
        return rate(value, "FLOP")
    if size == IN_BYTES:
        return bytes_in_words(round(value))
    return f"{name(size)} = {f'{value:,.0f}' if value == round(value) and value < _LONG else f'{value:g}'}"


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

    It is the parameter that varies, where one does, or several that are always equal; else the work of a call,
    as where shapes vary, which are several numbers at once.
    """
    params = {arm.case_key: _numbers(arm) for arm in arms}
    names = [known for known in next(iter(params.values())) if all(known in each for each in params.values())]
    varying = [known for known in names if len({each[known] for each in params.values()}) > 1]
    alike = all(len({each[known] for known in varying}) == 1 for each in params.values())
    distinct = bool(varying) and len({each[varying[0]] for each in params.values()}) == len(params)
    one_shape = len({_shapes(arm) for arm in arms}) == 1
    if one_shape and alike and distinct and all(each[varying[0]] > 0 for each in params.values()):
        label = " = ".join(visible(known, 20) for known in varying)
        return label, {key: each[varying[0]] for key, each in params.items()}
    if unit == FLOPS:
        return IN_FLOPS, {arm.case_key: float(arm.flops or 1) for arm in arms}
    return IN_BYTES, {arm.case_key: float(arm.bytes or 1) for arm in arms}


def _numbers(arm: Measurement) -> dict[str, float]:
    return {
        known: float(value)
        for known, value in params_of(arm).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST and known != _SEED
    }


def _shapes(arm: Measurement) -> tuple[str, ...]:
    return tuple(f"{known}={value}" for known, value in params_of(arm).items() if isinstance(value, list))
