"""Embedding look-ups: rows of a table by index. Backward, each gradient is added to the row it came from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter
from harness.workloads.differentiable import UPSTREAM, Differentiable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INDICES = "indices"
LEAST_SHARE = 0.1  # repeats eps^2; there about four bits of such a sum are right


@dataclass(frozen=True, kw_only=True)
class Gather(Differentiable):
    """``output[i] = table[indices[i]]``; indices are drawn uniformly, so that some rows come up more than once."""

    name: ClassVar[str] = "gather"
    summary: ClassVar[str] = "embedding look-up; backward, its scatter-add"

    rows: int = parameter("rows of the table", low=1)
    width: int = parameter("elements of a row", low=1)
    count: int = parameter("look-ups in one call", low=1)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every type and direction: few repeats, many, and a table of which most is not looked at."""
        yield cls(rows=37, width=9, count=53)
        yield cls(rows=37, width=9, count=53, dtype="bfloat16", direction="forward_backward")
        seen = {("float32", "forward"), ("bfloat16", "forward_backward")}
        for dtype, direction in product(map(str, cls.dtypes), cls.directions):
            if (dtype, direction) not in seen:
                yield cls(rows=37, width=9, count=53, dtype=dtype, direction=direction)
            yield cls(rows=3, width=17, count=4001, dtype=dtype, direction=direction)
        yield cls(rows=1000, width=16, count=7, direction="forward_backward")
        yield cls(rows=1, width=1, count=1)
        yield cls(rows=5, width=1, count=9, distribution="uniform", direction="forward_backward")

    def operand_shapes(self) -> dict[str, tuple[int, ...]]:
        """A table, and the numbers of the rows that are wanted."""
        return {"table": (self.rows, self.width), INDICES: (self.count,)}

    def result_shape(self) -> tuple[int, ...]:
        """A row for each look-up."""
        return (self.count, self.width)

    def input_dtypes(self) -> dict[str, DType]:
        """Indices are int32, which all frameworks take."""
        return {**super().input_dtypes(), INDICES: DType.INT32}

    def inputs(self, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """Draw as ever, and the indices among the rows that there are."""
        import numpy as np

        drawn = super().inputs(rng)
        return {**drawn, INDICES: rng.integers(0, self.rows, self.count, dtype=np.int32)}

    def problems(self) -> list[Problem]:
        """A table must fit a device; a sum in 16 bits must have bits left, of which long ones lose half the root."""
        repeats = self.count / self.rows
        if self.is_backward and repeats * self.element.epsilon**2 > LEAST_SHARE:
            message = f"a gradient of {repeats:.0f} numbers added up in {self.dtype}, as it would be, says nothing"
            return [Problem(parameter="count", message=message, hint="fewer look-ups for each row, or a longer type")]
        if self.width * max(self.rows, self.count) >= 2**40:
            return [Problem(parameter="rows", message="that table is more than any device holds")]
        return []

    def items(self) -> tuple[int, str] | None:
        """Look-ups."""
        return self.count, "look-ups"

    @property
    def touched(self) -> int:
        """How many different rows are looked up, as uniform draws have it on average: each is read once."""
        if self.rows == 1:
            return 1
        return round(-self.rows * math.expm1(self.count * math.log1p(-1 / self.rows)))

    def moved_bytes(self) -> int:
        """Of the table, only the rows that are looked up are read; its gradient is written whole."""
        unread = (self.rows - self.touched) * self.width * self.element.itemsize
        return super().moved_bytes() - unread

    def forward(self, inputs: Arrays) -> NDArray[Any]:
        """The rows."""
        found: NDArray[Any] = inputs["table"][_whole(inputs[INDICES])]
        return found

    def gradients(self, inputs: Arrays, upstream: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """The gradients of equal indices add up in the row; rows that nobody looked up have none."""
        return (_scattered(_whole(inputs[INDICES]), upstream, self.rows),)

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """Sums cancel: their error is measured against the sum of magnitudes, element by element."""
        import numpy as np

        scales = super().scales(inputs, reference)
        if self.is_backward:
            magnitudes = _scattered(_whole(inputs[INDICES]), np.abs(inputs[UPSTREAM]), self.rows)
            scales["output1"] = np.where(magnitudes > 0, magnitudes, 1.0)
        return scales

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """A look-up is exact; all frameworks add up its gradients in the type of the table.

        To add in float32 they would have to copy the table, which is another amount of work. With
        signs at random a partial sum stays near the root of its count, so its roundings add up to
        about one eps of the sum of magnitudes, however many there are.
        """
        del reference, scales
        if not self.is_backward:
            return Tolerance(bound=0.0, reason="a look-up copies rows")
        reason = f"4 eps of the sum of magnitudes: added up in {self.dtype}"
        return Tolerance(bound=4 * self.element.epsilon, reason=reason)


def _whole(indices: Any) -> NDArray[np.intp]:
    """Return indices as such; the reference gets them as float64, which holds them exactly."""
    import numpy as np

    return np.asarray(indices).astype(np.intp)


def _scattered(indices: NDArray[np.intp], values: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return an array in which each row is the sum of the `values` with its index."""
    import numpy as np

    order = np.argsort(indices, kind="stable")
    present, starts = np.unique(indices[order], return_index=True)
    result = np.zeros((rows, values.shape[-1]), dtype=values.dtype)
    result[present] = np.add.reduceat(values[order], starts, axis=0)
    return result
