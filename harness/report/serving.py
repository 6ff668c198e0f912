"""What a report says of serving a model: how long single requests take, and how much gets through."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report import words
from harness.report.escape import code
from harness.report.findings import RunFindings, name_of
from harness.report.tables import table
from harness.store.record import Outcome


def latencies(run: RunFindings) -> Iterator[str]:
    """Return one line an arm: percentiles that its number of single calls supports, and its throughput."""
    arms = [
        arm for arm in run.arms if arm.workload == "inference" and arm.outcome == Outcome.MEASURED and arm.replica == 0
    ]
    if not arms:
        return
    headers = ("case", "target", "calls", "median", "90 %", "95 %", "99 %", "throughput")
    rows = []
    for arm in arms:
        percentiles = (arm.latency_s, arm.latency_p90_s, arm.latency_p95_s, arm.latency_p99_s)
        rate = words.per_second(None, None, arm.items_per_s, arm.items_name)
        calls = f"{arm.latency_count:,}" if arm.latency_count else words.UNKNOWN
        rows.append((code(arm.case), code(name_of(arm)), calls, *map(words.time, percentiles), rate))
    yield from table(headers, rows, right=range(2, 8))
    yield ""
    yield (
        "Single calls, each waited for. A percentile is told from as many calls on as it takes to bound it with 99 % "
        "confidence: 64 for 90 %, 130 for 95 %, 662 for 99 %. The throughput is that of calls queued one after another."
    )
