"""Latency or throughput: what a larger batch costs a single caller, and what it brings all together."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from harness.core.target import split_threads
from harness.report import words
from harness.report.charts.look import Look, apart, marked, time_of, with_rest
from harness.report.content import Chart
from harness.report.escape import visible
from harness.report.findings import ArmKey, RunFindings, name_of
from harness.report.picture import Dot, Tradeoff
from harness.report.rows import params_of
from harness.store.record import Measurement

LARGEST = 2**53  # beyond it a number is no batch
MOST_PICTURES, FEW_PICTURES = 24, 6

Batches: TypeAlias = Mapping[str, Mapping[int, Measurement]]  # by target and size

_HOW = (
    "Each mark is one size of batch, written beside it. Upwards is how long a single call takes when it is waited "
    "for (the median), to the right how much gets through when calls are queued one after another. Lower and further "
    "right is better; a larger batch usually brings more through and keeps each caller waiting longer, so where to "
    "stand on a line is for its user to say. Bars are 95 % intervals of the latency, where there are any. The dashed "
    "line upwards from a mark ends where 99 of 100 calls were quicker; a mark has one where enough calls were made to "
    "tell. A ring is around what no other mark beats in both, by these values alone, surely or not. The table of "
    "latencies has all of it. Batches in between were not measured."
)


@dataclass(frozen=True, kw_only=True)
class Served:
    """What the marks of one picture have in common: all but the batch."""

    case: str  # the id in the suite
    model: str
    size: str
    dtype: str
    items: str
    choices: tuple[tuple[str, str], ...]


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return a picture for each model that was served in batches of several sizes."""
    groups = _groups(run)
    drawn = _several(groups)
    most = look.most(MOST_PICTURES, FEW_PICTURES)
    made = [
        Chart(picture=_picture(served, lines, list(groups), run, look), reading=_HOW)
        for served, lines in list(drawn.items())[:most]
    ]
    return with_rest(made, len(drawn) - most, "models")


def unbeaten(run: RunFindings) -> Mapping[ArmKey, bool]:
    """Return, of what was served in batches of several sizes, whether no other has less latency and more throughput."""
    found: dict[ArmKey, bool] = {}
    for lines in _several(_groups(run)).values():
        best = frozenset(_best(lines))
        found |= {arm.key: arm.key in best for own in lines.values() for arm in own.values()}
    return found


def _groups(run: RunFindings) -> Mapping[Served, Batches]:
    groups: dict[Served, dict[str, dict[int, Measurement]]] = {}
    for arm in run.arms:
        batch = _batch(arm)
        if arm.workload == "inference" and batch is not None and _dot(arm) is not None:
            groups.setdefault(_served(arm), {}).setdefault(name_of(arm), {})[batch] = arm
    return groups


def _several(groups: Mapping[Served, Batches]) -> Mapping[Served, Batches]:
    return {served: lines for served, lines in groups.items() if max(map(len, lines.values())) > 1}


def _best(lines: Batches) -> Iterator[ArmKey]:
    """Yield what none beats in both: by falling throughput, each that takes less than all before it."""
    arms = [(dot.x, dot.y, arm) for own in lines.values() for arm in own.values() if (dot := _dot(arm)) is not None]
    least = math.inf
    for (_, latency), equal in groupby(sorted(arms, key=lambda one: (-one[0], one[1])), key=lambda one: one[:2]):
        if latency < least:
            least = latency
            yield from (arm.key for _, _, arm in equal)


def _batch(arm: Measurement) -> int | None:
    value = params_of(arm).get("batch")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LARGEST else None


def _dot(arm: Measurement) -> Dot | None:
    latency, through = arm.latency_s, arm.items_per_s
    if time_of(arm) is None or not (words.known(latency) and words.known(through)) or min(latency, through) <= 0:
        return None
    return Dot(x=through, y=latency, low=arm.latency_low_s or latency, high=arm.latency_high_s or latency)


def _served(arm: Measurement) -> Served:
    params = params_of(arm)
    said = {"math": arm.math, "direction": arm.direction, "cache": arm.cache}
    counted = split_threads(arm.label)[1]
    rest = {known: _text(value) for known, value in params.items() if known not in ("model", "size", "dtype", "batch")}
    choices = rest | said | ({"at": counted} if counted else {})
    return Served(
        case=arm.case.partition("[")[0],
        model=_text(params.get("model", "a model")),
        size=_text(params.get("size", "")),
        dtype=arm.dtype,
        items=arm.items_name or "items",
        choices=tuple(sorted(choices.items())),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _picture(served: Served, lines: Batches, others: Sequence[Served], run: RunFindings, look: Look) -> Tradeoff:
    alike = [dict(other.choices) for other in others if (other.model, other.size) == (served.model, served.size)]
    parts = (f"{served.model} {served.size}".strip(), served.dtype, *apart(dict(served.choices), alike))
    title = marked(f"Latency against throughput: {', '.join(visible(part, 40) for part in parts)}", run)
    best = frozenset(_best(lines))
    own = {target: [(str(batch), batches[batch]) for batch in sorted(batches)] for target, batches in lines.items()}
    return Tradeoff(
        name=look.file(f"tradeoff-{served.model}-{served.size}-{served.dtype}", served),
        section="tradeoff",
        title=title,
        alt=f"{title}, a mark for each size of batch",
        unit="latency of a single call, in seconds",
        targets=look.targets,
        lines={
            target: tuple((label, dot) for label, arm in arms if (dot := _dot(arm)) is not None)
            for target, arms in own.items()
        },
        across=f"{visible(served.items, 30)} a second",
        tails={
            target: {label: tail for label, arm in arms if words.known(tail := arm.latency_p99_s)}
            for target, arms in own.items()
        },
        unbeaten={target: tuple(label for label, arm in arms if arm.key in best) for target, arms in own.items()},
    )
