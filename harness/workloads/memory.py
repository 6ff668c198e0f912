"""Moving memory and doing next to nothing with it: what caches, layout and bandwidth allow.

`bytes` is the working set: what is read and written together. Lengths follow from it, rounded down
to whole rows, and every layout of an operation moves equally many. Of a strided input only
the elements that are used are counted; the memory moves whole cache lines, twice as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType, narrow
from harness.workloads.base import Arrays, Tolerance, Workload, parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCALAR = 3
STRIDE = 2
ARRAYS = {"copy": 2, "triad": 3}  # read and written together
LAYOUTS = ("contiguous", "transposed", "strided")
SMALLEST = 1024
LARGEST_SET = 2**40  # more than any device holds
WHOLE_ELEMENTS = 2**24  # above this an answer is judged by samples and by the sum of each row
SAMPLES = 2**16
STEP_ELEMENTS = 2**22  # as much as is held in float64 at a time


@dataclass(frozen=True, kw_only=True)
class Memory(Workload):
    """``a = b``, bit by bit, or ``a = b + 3 c``, into memory of its own."""

    name: ClassVar[str] = "memory"
    summary: ClassVar[str] = "copy and triad over a working set: caches, layout, bandwidth"
    moves: ClassVar[bool] = True

    op: str = parameter("copy: a = b; triad: a = b + 3 c", choices=tuple(ARRAYS))
    bytes: int = parameter("working set: what is read and written together, at most", low=SMALLEST, high=LARGEST_SET)
    layout: str = parameter(
        "how inputs are read: as they lie; the last one through a transposed view; every second element of each",
        default="contiguous",
        choices=LAYOUTS,
    )

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Both operations in every layout, and in every type; a working set that ends in no whole vector."""
        yield cls(op="copy", bytes=16_384)
        yield cls(op="triad", bytes=100_020, layout="transposed", dtype="bfloat16")
        for op, layout in product(ARRAYS, LAYOUTS):
            yield cls(op=op, bytes=100_020, layout=layout)
        for dtype in ("float64", "bfloat16", "float16"):
            yield cls(op="copy", bytes=100_020, dtype=dtype)
            yield cls(op="copy", bytes=100_020, layout="strided", dtype=dtype)
            yield cls(op="triad", bytes=100_020, dtype=dtype)
        yield cls(op="triad", bytes=SMALLEST, cache="cold")

    @property
    def view_shape(self) -> tuple[int, int]:
        """Rows and columns of the output, and of what is read: as nearly square as a power of two allows."""
        elements = self.bytes // (ARRAYS[self.op] * self.element.itemsize)
        rows = 1 << (math.isqrt(elements).bit_length() - 1)
        return rows, elements // rows

    @property
    def turned(self) -> str:
        """The input that is read through a transposed view, where one is.

        Of a triad it is one of two: were both transposed, a framework would write the output
        transposed as well, and nothing would be left of the layout.
        """
        return tuple(self._names)[-1] if self.layout == "transposed" else ""

    @property
    def _names(self) -> tuple[str, ...]:
        return ("b", "c")[: ARRAYS[self.op] - 1]

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the inputs lie in memory, in whole rows."""
        rows, columns = self.view_shape
        if self.layout == "strided":
            return dict.fromkeys(self._names, (rows, STRIDE * columns))
        return {name: (columns, rows) if name == self.turned else (rows, columns) for name in self._names}

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """One contiguous array."""
        return (self.view_shape,)

    def moved_bytes(self) -> int:
        """Elements read and elements written; not what lies between those of a strided input."""
        return ARRAYS[self.op] * self.output_bytes()

    def inputs(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Among a copy's numbers stand a negative zero and a subnormal one, which arithmetic would lose."""
        drawn = super().inputs(rng)
        if self.op == "copy":
            stored = drawn["b"].reshape(-1)
            stored[0] = narrow(_array([-0.0]), self.element)[0]
            stored[STRIDE] = 1 if self.element is DType.BFLOAT16 else _smallest(stored.dtype)
        return drawn

    def viewed(self, name: str, array: Any) -> Any:
        """Return an input as it is read."""
        if name == self.turned:
            return array.T
        return array[:, ::STRIDE] if self.layout == "strided" else array

    def compute(self, inputs: Arrays) -> tuple[NDArray[Any], ...]:
        """A copy, or a sum."""
        import numpy as np

        b = self.viewed("b", inputs["b"])
        if self.op == "copy":
            return (np.array(b, order="C"),)
        return (np.ascontiguousarray(b + SCALAR * self.viewed("c", inputs["c"])),)

    def probe(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Which elements to look at where there are too many for all of them."""
        import numpy as np

        rows, columns = self.view_shape
        if rows * columns <= WHOLE_ELEMENTS:
            return {}
        return {"places": np.sort(rng.integers(rows * columns, size=SAMPLES))}

    def observe(self, outputs: tuple[NDArray[Any], ...], probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """All of it with the signs of a copy's zeros; or samples, and the sum of each row."""
        import numpy as np

        answer = outputs[0]
        if not probe:
            seen = super().observe(outputs, probe)
        elif answer.shape != self.view_shape:
            seen = {"output0.sample": _array([]), "output0.rows": _array([])}
        else:
            seen = {"output0.sample": answer.reshape(-1)[probe["places"]].astype(np.float64)}
            seen["output0.rows"] = _row_sums(answer)
        if self.op == "copy":
            seen["output0.signs"] = np.signbit(next(iter(seen.values()))).astype(np.float64)
        return seen

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """A sum's error is measured against the magnitudes that go into it, element by element."""
        import numpy as np

        if self.op == "copy":
            return dict.fromkeys(reference, 1.0)
        sizes = np.abs(self.viewed("b", inputs["b"])) + SCALAR * np.abs(self.viewed("c", inputs["c"]))
        if "output0" in reference:
            return {"output0": sizes}
        # Which elements are sampled is not told here; the usual size serves for each.
        return {"output0.sample": float(np.mean(sizes)), "output0.rows": _row_sums(sizes)}

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """A copy is exact; a triad rounds its product and its sum, in the type itself or a better one."""
        del scales
        if self.op == "copy":
            return Tolerance(bound=0.0, reason="a copy has the bits of its input")
        # Against its usual size, the largest of some ten thousand normal numbers is five times as large.
        steps = 1.01 if "output0" in reference else 5.05
        if self.element is DType.FLOAT64:  # the reference is rounded as much
            steps *= 2
        return Tolerance(bound=steps * self.element.epsilon, reason="the product rounded, and the sum")


def _row_sums(array: Any) -> NDArray[np.float64]:
    """Sum rows in float64, in the same order whatever type the numbers come in."""
    import numpy as np

    step = max(1, STEP_ELEMENTS // array.shape[1])
    parts = [
        array[start : start + step].astype(np.float64, order="C").sum(axis=1) for start in range(0, len(array), step)
    ]
    return np.concatenate(parts)


def _array(values: list[float]) -> NDArray[np.float64]:
    import numpy as np

    return np.array(values, dtype=np.float64)


def _smallest(dtype: Any) -> Any:
    import numpy as np

    return np.finfo(dtype).smallest_subnormal
