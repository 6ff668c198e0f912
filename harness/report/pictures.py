"""Which pictures a run gets, as values: what each shows and where it belongs. `figures` draws them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import words
from harness.report.escape import visible
from harness.report.findings import Board, Entry, RunFindings, name_of
from harness.store.record import Measurement, Outcome

CASES_A_PICTURE = 25
MOST_CASES = 300  # of a class; the table has them all

_LARGEST = 1e300  # beyond it an integer is no float


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One value with its interval, where it has one."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One case: a dot for each target, and a word for each that has none."""

    name: str
    dots: dict[str, Dot]
    gaps: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What all pictures have: a file name, the section where they belong, and what they show in words."""

    name: str
    section: str
    title: str
    alt: str
    unit: str
    targets: tuple[str, ...]  # all of the run, so that one target looks the same in every picture


@dataclass(frozen=True, kw_only=True)
class Lanes(Picture):
    """Dots beside one another, a lane for each case."""

    lanes: tuple[Lane, ...]
    line_at_one: bool


@dataclass(frozen=True, kw_only=True)
class Lines(Picture):
    """A line for each target, speed against size."""

    lines: dict[str, tuple[Dot, ...]]
    size: str


def pictures_of(run: RunFindings, prefix: str = "") -> list[Picture]:
    """Return the pictures of one run."""
    targets = tuple(dict.fromkeys(name_of(arm) for arm in run.arms if arm.replica == 0))
    drawn: list[Picture] = []
    for board in [board for board in run.boards if board.ranked]:
        drawn += _lanes(board, targets, prefix, run.reference)
    return [*drawn, *_lines(run, targets, prefix)]


# -- dots and intervals ------------------------------------------------------------------------------


def _lanes(board: Board, targets: tuple[str, ...], prefix: str, reference: str) -> list[Picture]:
    entries = [entry for case in board.cases for entry in case.entries]
    if not any(entry.measured for entry in entries):
        return []
    relative = any(entry.beside_reference and entry.beside_reference.ratio for entry in entries)
    lanes = [_lane(case.name, case.entries, relative) for case in board.cases[:MOST_CASES]]
    parts = [lanes[at : at + CASES_A_PICTURE] for at in range(0, len(lanes), CASES_A_PICTURE)]
    what = f"time over that of {visible(reference, 60)}" if relative else "time of a call"
    return [
        Lanes(
            name=slug(f"{prefix}{board.mode_class}-{at + 1:02d}"),
            section=board.mode_class,
            title=_numbered(f"{board.mode_class}: {what}", at, len(parts)),
            alt=f"{board.mode_class}: {what}, with intervals, cases {at * CASES_A_PICTURE + 1} to "
            f"{at * CASES_A_PICTURE + len(part)} of {len(board.cases)}",
            unit=f"{what}: left is faster" if relative else what,
            targets=targets,
            lanes=tuple(part),
            line_at_one=relative,
        )
        for at, part in enumerate(parts)
    ]


def _lane(name: str, entries: Sequence[Entry], relative: bool) -> Lane:  # noqa: FBT001  (two kinds of one picture)
    dots, gaps = {}, {}
    for entry in entries:
        found = _relative(entry) if relative else _absolute(entry.arm)
        if found is None:
            gaps[name_of(entry.arm)] = entry.arm.outcome if not entry.measured else "no reference"
        else:
            dots[name_of(entry.arm)] = found
    return Lane(name=name, dots=dots, gaps=gaps)


def _relative(entry: Entry) -> Dot | None:
    if entry.measured and entry.verdict == "reference":
        return Dot(x=1.0, y=0.0, low=1.0, high=1.0)
    beside = entry.beside_reference
    if beside is None or beside.ratio is None:
        return None
    return Dot(x=beside.ratio, y=0.0, low=beside.low or beside.ratio, high=beside.high or beside.ratio)


def _absolute(arm: Measurement) -> Dot | None:
    if arm.outcome != Outcome.MEASURED or not words.known(arm.time_s):
        return None
    return Dot(x=arm.time_s, y=0.0, low=arm.time_low_s or arm.time_s, high=arm.time_high_s or arm.time_s)


# -- speed against size ------------------------------------------------------------------------------


def _lines(run: RunFindings, targets: tuple[str, ...], prefix: str) -> list[Picture]:
    groups: dict[tuple[str, ...], list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if arm.outcome == Outcome.MEASURED and arm.replica == 0 and (arm.flops_per_s or arm.bytes_per_s):
            groups[_family(arm)].append(arm)
    drawn = [
        _speed(family, arms, targets, prefix)
        for family, arms in groups.items()
        if len({arm.case_key for arm in arms}) > 1
    ]
    return list(drawn)


def _family(arm: Measurement) -> tuple[str, ...]:
    unit = "FLOP/s" if arm.flops_per_s else "B/s"
    return (arm.case.partition("[")[0], arm.workload, arm.dtype, arm.math, arm.direction, arm.cache, unit)


def _speed(family: tuple[str, ...], arms: Sequence[Measurement], targets: tuple[str, ...], prefix: str) -> Lines:
    case, workload, dtype, math, direction, cache, unit = family
    label, sizes = _sizes(arms, unit)
    lines: dict[str, list[Dot]] = defaultdict(list)
    for arm in arms:
        lines[name_of(arm)].append(_point(arm, sizes[arm.case_key]))
    words_said = ", ".join(visible(part, 40) for part in (case, workload, dtype, *_unusual(math, direction, cache)))
    return Lines(
        name=slug(f"{prefix}speed-{case}-{dtype}", family),
        section="size",
        title=words_said,
        alt=f"{unit} against {label}: {words_said}",
        unit=unit,
        targets=targets,
        lines={name: tuple(sorted(dots, key=lambda dot: dot.x)) for name, dots in lines.items()},
        size=label,
    )


def _unusual(math: str, direction: str, cache: str) -> list[str]:
    usual = {"ieee", "forward", "warm"}
    return [word for word in (math, direction, cache) if word not in usual]


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
    params = {arm.case_key: _numbers(arm.params) for arm in arms}
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


def _numbers(params: str) -> dict[str, float]:
    try:
        known: Any = json.loads(params)
    except ValueError:
        return {}
    if not isinstance(known, dict):
        return {}
    return {
        str(name): float(value)
        for name, value in known.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    }


# -- names -------------------------------------------------------------------------------------------


def slug(text: str, identity: object = "") -> str:
    """Return a file name that says what it can of `text` and differs where `text` or `identity` do."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    if plain and plain == text and not identity:
        return plain
    digest = hashlib.sha256(f"{text}\0{identity}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}".strip("-")


def _numbered(title: str, at: int, count: int) -> str:
    return title if count == 1 else f"{title} ({at + 1} of {count})"
