"""The support table of the documentation, made from what backends refuse.

``python -m harness.testing.support docs/backends.md`` writes it into the page, between its two
marks; a test fails where page and declarations differ. What a table says that nobody declared is
wrong sooner or later.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.backends.catalog import JAX, NUMPY, TENSORFLOW, TORCH
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

if TYPE_CHECKING:
    from harness.backends.base import BackendInfo
    from harness.workloads.base import Workload

BEGIN, END = "<!-- support: made by harness.testing.support -->", "<!-- /support -->"
BACKENDS = (TORCH, JAX, TENSORFLOW, NUMPY)

Refusals = tuple[str | None, ...]


def support_tables(backends: Sequence[BackendInfo] = BACKENDS) -> str:
    """Return a Markdown table for each backend: cases down, modes and devices across, reasons below."""
    return "\n\n".join(_table(info) for info in backends)


def insert(page: str, tables: str) -> str:
    """Return `page` with `tables` between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def typical_cases() -> dict[str, Workload]:
    """Return the cases whose support differs somewhere, by the words of a row."""
    product = Matmul(m=64, n=64, k=64)
    rows: dict[str, Workload] = {f"`matmul` {dtype}": replace(product, dtype=str(dtype)) for dtype in Matmul.dtypes}
    rows |= {
        "`matmul` float32, `math: tf32`": replace(product, math=str(MathMode.TF32)),
        "`matmul` float32, `math: default`": replace(product, math=str(MathMode.DEFAULT)),
        "`matmul` int8, right matrix stored transposed": replace(product, dtype=str(DType.INT8), transpose_b=True),
        "`matmul` int8, batched": replace(product, dtype=str(DType.INT8), transpose_b=True, batch=2),
    }
    return rows | {
        f"`reduction` {dtype}": Reduction(op="sum", shape=(64, 64), dtype=str(dtype)) for dtype in Reduction.dtypes
    }


def _table(info: BackendInfo) -> str:
    columns = _columns(info)
    reasons = list(dict.fromkeys(reason for refusals in columns.values() for reason in refusals if reason))
    lines = [f"### {info.name}", "", f"| case | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for index, row in enumerate(typical_cases()):
        marks = [_mark(refusals[index], reasons) for refusals in columns.values()]
        lines.append(f"| {row} | {' | '.join(marks)} |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _columns(info: BackendInfo) -> dict[str, Refusals]:
    """Return refusals by heading; modes that refuse the same on a device share a column."""
    columns: dict[str, Refusals] = {}
    for device in map(Device, info.devices):
        by_refusals: dict[Refusals, list[str]] = {}
        for mode in info.modes:
            found = tuple(info.refuses(case, mode.name, device) for case in typical_cases().values())
            by_refusals.setdefault(found, []).append(mode.name)
        columns |= {f"{', '.join(modes)} @ {device.kind}": found for found, modes in by_refusals.items()}
    return columns


def _mark(reason: str | None, reasons: list[str]) -> str:
    return "yes" if reason is None else f"no ({reasons.index(reason) + 1})"


def main(path: Path) -> None:
    """Write the tables into the page at `path`."""
    path.write_text(insert(path.read_text(encoding="utf-8"), support_tables()), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
