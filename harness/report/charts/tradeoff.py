"""Latency or throughput: what a larger batch costs a single caller, and what it brings all together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.target import split_threads
from harness.report import words
from harness.report.charts.look import Look, apart, marked, time_of, with_rest
from harness.report.content import Chart
from harness.report.escape import visible
from harness.report.findings import RunFindings, name_of
from harness.report.picture import Dot, Tradeoff
from harness.report.rows import params_of
from harness.store.record import Measurement

LARGEST = 2**53  # beyond it a number is no batch
MOST_PICTURES = 24

_HOW = (
    "Each mark is one size of batch, written beside it. Upwards is how long a single call takes when it is waited "
    "for (the median), to the right how much gets through when calls are queued one after another. Lower and further "
    "right is better; a larger batch usually brings more through and keeps each caller waiting longer, so where to "
    "stand on a line is for its user to say. Bars are 95 % intervals of the latency, where there are any. How long the "
    "slowest calls take is in the table of latencies. Batches in between were not measured."
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
    groups: dict[Served, dict[str, dict[int, Dot]]] = {}
    for arm in run.arms:
        batch, dot = _batch(arm), _dot(arm)
        if arm.workload == "inference" and dot is not None and batch is not None:
            groups.setdefault(_served(arm), {}).setdefault(name_of(arm), {})[batch] = dot
    drawn = {served: lines for served, lines in groups.items() if max(map(len, lines.values())) > 1}
    made = [
        Chart(picture=_picture(served, lines, list(groups), run, look), reading=_HOW)
        for served, lines in list(drawn.items())[:MOST_PICTURES]
    ]
    return with_rest(made, len(drawn) - MOST_PICTURES, "models")


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


def _picture(
    served: Served, lines: Mapping[str, Mapping[int, Dot]], others: Sequence[Served], run: RunFindings, look: Look
) -> Tradeoff:
    alike = [dict(other.choices) for other in others if (other.model, other.size) == (served.model, served.size)]
    parts = (f"{served.model} {served.size}".strip(), served.dtype, *apart(dict(served.choices), alike))
    title = marked(f"Latency against throughput: {', '.join(visible(part, 40) for part in parts)}", run)
    return Tradeoff(
        name=look.file(f"tradeoff-{served.model}-{served.size}-{served.dtype}", served),
        section="tradeoff",
        title=title,
        alt=f"{title}, a mark for each size of batch",
        unit="latency of a single call, in seconds",
        targets=look.targets,
        lines={target: tuple((str(batch), dots[batch]) for batch in sorted(dots)) for target, dots in lines.items()},
        across=f"{visible(served.items, 30)} a second",
    )
