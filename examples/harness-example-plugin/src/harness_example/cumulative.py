"""Cumulative sums along rows: each output is the sum of what stands before it and at its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import harness


@harness.workload
class CumulativeSum(harness.Workload):
    """Running sums of each row; judged in bytes, for one addition an element is no work."""

    name = "cumulative_sum"
    rows: int = harness.parameter("independent rows", low=1)
    width: int = harness.parameter("elements of a row", low=1)

    @classmethod
    def examples(cls) -> Iterator[harness.Workload]:
        """Every type, and rows at whose length a sum in 16 bits would show."""
        yield cls(rows=17, width=33)
        yield cls(rows=3, width=5001, dtype="bfloat16", distribution="uniform")
        for dtype in map(str, cls.dtypes):
            yield cls(rows=1, width=5001, dtype=dtype)

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """One array."""
        return {"x": (self.rows, self.width)}

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Another of its shape."""
        return ((self.rows, self.width),)

    def compute(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """NumPy's."""
        return (inputs["x"].cumsum(axis=-1),)

    def scales(self, inputs: Mapping[str, Any], reference: Mapping[str, Any]) -> dict[str, Any]:
        """Sums cancel: an error is measured against the sum of magnitudes up to its place."""
        del reference
        magnitudes = abs(inputs["x"]).cumsum(axis=-1)
        return {"output0": magnitudes + (magnitudes == 0)}

    def tolerance(self, reference: Mapping[str, Any], scales: Mapping[str, Any]) -> harness.Tolerance:
        """Roundings of the accumulator grow with the root of the row; short types are rounded once more."""
        del reference, scales
        bound = (2 + 0.5 * math.sqrt(self.width)) * self.accumulator.epsilon
        rounded = 0.0 if self.element is self.accumulator else 0.51 * self.element.epsilon
        return harness.Tolerance(bound=bound + rounded, reason="(2 + sqrt(width)/2) eps of the sum of magnitudes")
