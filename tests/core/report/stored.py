"""Made-up runs put into a real store, by the writer that runs use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.store.record import Measurement, Sample
from harness.store.writer import RunWriter
from tests.core.report.synthetic import unmeasured


def store(
    root: Path, rows: Sequence[Measurement], samples: Iterable[Sample], *, state: str = "complete", **manifest: Any
) -> str:
    """Write one run and return its name."""
    first = rows[0]
    said = {"run_id": first.run_id, "suite": first.suite, "started_at": first.started_at} | manifest
    planned = [replace(unmeasured(row, "not-run"), validity=()) for row in rows]
    writer = RunWriter.begin(root, said, planned)
    for row in rows:
        writer.record(row)
    writer.samples(list(samples))
    writer.close(state, {})
    return first.run_id
