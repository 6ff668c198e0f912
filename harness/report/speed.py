"""Speed against size: which cases make one line, and what their size is.

A line joins cases that differ in numbers alone. Two operations, two layouts or two element types are
two pictures, for a line between them would claim something in the middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.target import split_threads
from harness.report.escape import visible
from harness.report.findings import RunFindings, name_of
from harness.report.picture import Dot, Lines, Picture, slug
from harness.report.rows import params_of
from harness.store.record import Measurement, Outcome

_LARGEST = 1e300  # beyond it an integer is no float


@dataclass(frozen=True, kw_only=True)
class Family:
    """What the cases of one picture have in common."""

    case: str  # the id in the suite
    workload: str
    unit: str
    choices: tuple[tuple[str, str], ...]  # the parameters that are no numbers


def lines_of(run: RunFindings, targets: tuple[str, ...], prefix: str) -> list[Picture]:
    """Return a picture for each family of cases that has more than one size."""
    groups: dict[Family, list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if arm.outcome == Outcome.MEASURED and arm.replica == 0 and (arm.flops_per_s or arm.bytes_per_s):
            groups[_family(arm)].append(arm)
    drawn: list[Picture] = []
    for family, arms in groups.items():
        size, sizes = _sizes(arms, family.unit)
        if len(set(sizes.values())) > 1:
            title = _title(family, groups)
            drawn.append(_speed(family, arms, title=title, size=(size, sizes), targets=targets, prefix=prefix))
    return drawn


def _family(arm: Measurement) -> Family:
    said = {"dtype": arm.dtype, "math": arm.math, "direction": arm.direction, "cache": arm.cache}
    choices = {name: str(value) for name, value in params_of(arm).items() if isinstance(value, str | bool)} | said
    counted = split_threads(arm.label)[1]
    choices |= {"at": counted} if counted else {}
    return Family(
        case=arm.case.partition("[")[0],
        workload=arm.workload,
        unit="FLOP/s" if arm.flops_per_s else "B/s",
        choices=tuple(sorted(choices.items())),
    )


def _title(family: Family, others: Iterable[Family]) -> str:
    """Name the case, the workload, the element type, and what else tells the picture from its neighbours."""
    alike = [other for other in others if (other.case, other.workload) == (family.case, family.workload)]
    differing = {pair[0] for other in alike for pair in set(other.choices) ^ set(family.choices)} - {"dtype"}
    said = dict(family.choices)
    extra = [f"{name} {said[name]}" for name in sorted(differing) if name in said]
    return ", ".join(visible(part, 40) for part in (family.case, family.workload, said["dtype"], *extra))


def _speed(
    family: Family,
    arms: Sequence[Measurement],
    *,
    title: str,
    size: tuple[str, dict[str, float]],
    targets: tuple[str, ...],
    prefix: str,
) -> Lines:
    label, sizes = size
    lines: dict[str, list[Dot]] = defaultdict(list)
    for arm in arms:
        lines[name_of(arm)].append(_point(arm, sizes[arm.case_key]))
    return Lines(
        name=slug(f"{prefix}speed-{family.case}-{dict(family.choices)['dtype']}", family),
        section="size",
        title=title,
        alt=f"{family.unit} against {label}: {title}",
        unit=family.unit,
        targets=targets,
        lines={name: tuple(sorted(dots, key=lambda dot: dot.x)) for name, dots in lines.items()},
        size=label,
    )


def _point(arm: Measurement, size: float) -> Dot:
    speed = arm.flops_per_s or arm.bytes_per_s or 0.0
    work = speed * (arm.time_s or 0.0)
    low = work / arm.time_high_s if arm.time_high_s else speed
    high = work / arm.time_low_s if arm.time_low_s else speed
    return Dot(x=size, y=speed, low=low, high=high)


def _sizes(arms: Sequence[Measurement], unit: str) -> tuple[str, dict[str, float]]:
    """Return what the size of these cases is called, and each case's size.

    It is the parameter that varies, where one does, or several that are always equal; else the work of a call.
    """
    params = {arm.case_key: _numbers(arm) for arm in arms}
    names = [name for name in next(iter(params.values())) if all(name in known for known in params.values())]
    varying = [name for name in names if len({known[name] for known in params.values()}) > 1]
    alike = all(len({known[name] for name in varying}) == 1 for known in params.values())
    distinct = bool(varying) and len({known[varying[0]] for known in params.values()}) == len(params)
    if alike and distinct and all(known[varying[0]] > 0 for known in params.values()):
        return " = ".join(visible(name, 20) for name in varying), {
            key: known[varying[0]] for key, known in params.items()
        }
    if unit == "FLOP/s":
        return "FLOPs in a call", {arm.case_key: float(arm.flops or 1) for arm in arms}
    return "bytes moved in a call", {arm.case_key: float(arm.bytes or 1) for arm in arms}


def _numbers(arm: Measurement) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in params_of(arm).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    }
