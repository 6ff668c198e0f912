"""Reductions of an array over all, the first or the last of its axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter, shape_problems

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPERATIONS = ("sum", "mean", "max", "logsumexp", "l2norm")
AXES = ("all", "first", "last")


@dataclass(frozen=True, kw_only=True)
class Reduction(Workload):
    """One number from many; judged in bytes, for reading them is the work."""

    name: ClassVar[str] = "reduction"
    summary: ClassVar[str] = "sum, mean, max, logsumexp or Euclidean norm over axes"

    op: str = parameter("which reduction", choices=OPERATIONS)
    shape: tuple[int, ...] = parameter("shape of the array", low=1)
    axis: str = parameter("which axes are reduced", default="all", choices=AXES)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every operation over every axis in every type; counts at which sums in 16 bits would show."""
        yield cls(op="sum", shape=(257, 65))
        yield cls(op="logsumexp", shape=(257, 65), axis="first", dtype="bfloat16")
        seen = {("sum", "all", "float32"), ("logsumexp", "first", "bfloat16")}
        for dtype, op, axis in product(map(str, cls.dtypes), OPERATIONS, AXES):
            if (op, axis, dtype) not in seen:
                yield cls(op=op, shape=(257, 65), axis=axis, dtype=dtype)
        for op in OPERATIONS:
            yield cls(op=op, shape=(70_001,), dtype="float16")
            yield cls(op=op, shape=(3, 5, 7), axis="first")
            yield cls(op=op, shape=(1, 1), axis="last", dtype="bfloat16")

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """One array."""
        return {"x": self.shape}

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """What is left of the shape."""
        return ({"all": (), "first": self.shape[1:], "last": self.shape[:-1]}[self.axis],)

    @property
    def axes(self) -> tuple[int, ...]:
        """The reduced axes by number."""
        last = len(self.shape) - 1
        return {"all": tuple(range(len(self.shape))), "first": (0,), "last": (last,)}[self.axis]

    @property
    def reduced(self) -> int:
        """How many elements go into one result."""
        return math.prod(self.shape[axis] for axis in self.axes)

    def problems(self) -> list[Problem]:
        """An array needs one to eight axes and a length that can be held."""
        return shape_problems(self.shape)

    def compute(self, inputs: Arrays) -> tuple[NDArray[Any], ...]:
        """The reduction."""
        import numpy as np

        x, axes = inputs["x"], self.axes
        match self.op:
            case "sum":
                result = np.sum(x, axis=axes)
            case "mean":
                result = np.mean(x, axis=axes)
            case "max":
                result = np.max(x, axis=axes)
            case "l2norm":
                result = np.sqrt(np.sum(np.square(x), axis=axes))
            case _:
                top = np.max(x, axis=axes, keepdims=True)
                result = np.log(np.sum(np.exp(x - top), axis=axes)) + np.squeeze(top, axis=axes)
        return (np.asarray(result),)

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """Sums cancel: their error is measured against the sum of magnitudes, element by element."""
        import numpy as np

        if self.op not in ("sum", "mean"):
            return super().scales(inputs, reference)
        reduce = np.sum if self.op == "sum" else np.mean
        magnitudes = np.asarray(reduce(np.abs(inputs["x"]), axis=self.axes))
        return {"output0": np.where(magnitudes > 0, magnitudes, 1.0)}

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """A few roundings of the accumulator, growing with the root of the count, and one to the type."""
        import numpy as np

        if self.op == "max":
            return Tolerance(bound=0.0, reason="a maximum is one of its inputs")
        values = np.abs(reference["output0"])
        accumulate = self.accumulator.epsilon
        rounded = 0.0 if self.element is self.accumulator else 0.51 * self.element.epsilon
        final = rounded * float(np.max(values / scales["output0"]))
        if self.op in ("sum", "mean"):
            return Tolerance(bound=4 * accumulate + final, reason="4 eps of the accumulator, of the sum of magnitudes")
        growth = (8 + 0.5 * math.sqrt(self.reduced)) * accumulate
        if self.op == "logsumexp":  # its error is absolute: that of the sum, relative
            growth *= max(1.0, 1.0 / float(np.max(values) or 1.0))
        return Tolerance(bound=growth + final, reason="(8 + sqrt(count)/2) eps of the accumulator")
