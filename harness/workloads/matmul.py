"""Matrix products: ``batch`` independent products of an m x k by a k x n matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter
from harness.workloads.differentiable import UPSTREAM, Differentiable
from harness.workloads.rounding import product_tolerance
from harness.workloads.sampling import draw_probes, output_of, sampled, sampled_products

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FULL_REFERENCE_FLOPS = 4_000_000_000  # above this, rows and columns are sampled


@dataclass(frozen=True, kw_only=True)
class Matmul(Differentiable):
    """``C[b] = A[b] @ B[b]``; a transposed operand is *stored* transposed, the product is the same."""

    name: ClassVar[str] = "matmul"
    summary: ClassVar[str] = "matrix product, batched or not"
    dtypes: ClassVar[tuple[DType, ...]] = (*Workload.dtypes, DType.INT8)

    m: int = parameter("rows of the left matrix", low=1)
    n: int = parameter("columns of the right matrix", low=1)
    k: int = parameter("length of the sums", low=1)
    batch: int = parameter("independent products in one call", default=1, low=1)
    transpose_a: bool = parameter("the left matrix lies in memory as k x m", default=False)
    transpose_b: bool = parameter("the right matrix lies in memory as n x k", default=False)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every type, order and direction, batched or not; shapes that int8 on a GPU can do; TF32 where it shows."""
        yield cls(m=17, n=9, k=33)
        yield cls(m=17, n=9, k=33, batch=3, transpose_a=True, dtype="bfloat16", direction="forward_backward")
        orders = tuple(product((False, True), repeat=2))
        for dtype, batch, (turn_a, turn_b) in product(map(str, cls.dtypes), (1, 3), orders):
            if (dtype, batch, turn_a, turn_b) != ("float32", 1, False, False):
                yield cls(m=17, n=9, k=33, batch=batch, transpose_a=turn_a, transpose_b=turn_b, dtype=dtype)
        for dtype in map(str, cls.dtypes):
            yield cls(m=32, n=16, k=64, transpose_b=True, dtype=dtype)
            yield cls(m=1, n=40, k=301, dtype=dtype)
            yield cls(m=40, n=1, k=1, dtype=dtype)
        for mode in (MathMode.TF32, MathMode.DEFAULT):  # large enough for a device to use its matrix units
            yield cls(m=256, n=256, k=256, math=str(mode))
        yield cls(m=16, n=8, k=4096, dtype="float16")  # where sums in 16 bits would show
        yield cls(m=16, n=8, k=24, distribution="uniform")
        for dtype, (turn_a, turn_b) in product(map(str, Workload.dtypes), orders):
            yield cls(
                m=17, n=9, k=33, transpose_a=turn_a, transpose_b=turn_b, dtype=dtype, direction="forward_backward"
            )

    def operand_shapes(self) -> dict[str, tuple[int, ...]]:
        """Two matrices, with a leading batch axis where there is more than one product."""
        left = (self.k, self.m) if self.transpose_a else (self.m, self.k)
        right = (self.n, self.k) if self.transpose_b else (self.k, self.n)
        return {"a": (*self._batch, *left), "b": (*self._batch, *right)}

    def result_shape(self) -> tuple[int, ...]:
        """One matrix, or as many as the batch holds."""
        return (*self._batch, self.m, self.n)

    @property
    def _batch(self) -> tuple[int, ...]:
        return (self.batch,) if self.batch > 1 else ()

    def forward_flops(self) -> int:
        """A multiplication and an addition for each of the m n k terms."""
        return 2 * self.batch * self.m * self.n * self.k

    def problems(self) -> list[Problem]:
        """A matrix must fit into an index of 31 bits in every framework."""
        if self.is_backward and self.element is DType.INT8:
            return [Problem(parameter="direction", message="whole numbers have no gradient")]
        longest = self.batch * max(self.m * self.k, self.k * self.n, self.m * self.n)
        if longest >= 2**40:
            return [Problem(parameter="m", message=f"a matrix of {longest} elements is more than any device holds")]
        return []

    @property
    def is_sampled(self) -> bool:
        """Whether the full answer would cost too much."""
        return self.forward_flops() > FULL_REFERENCE_FLOPS

    def probe(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """For large products: which rows and columns of each to look at, and a vector to project onto."""
        return draw_probes(rng, self.output_shapes()) if self.is_sampled else {}

    def reference(self, inputs: Arrays, probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The products in float64, or sampled rows, sampled columns and A (B v) of each."""
        factors = self._factors(inputs)
        if not probe:
            return {f"output{index}": left @ right for index, (left, right) in enumerate(factors)}
        return sampled_products(factors, probe)

    def observe(self, outputs: tuple[NDArray[Any], ...], probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The same parts of an answer."""
        return sampled(outputs, probe) if probe else super().observe(outputs, probe)

    def forward(self, inputs: Arrays) -> NDArray[Any]:
        """The product."""
        left, right = self._factors(inputs)[0]
        return _array(left @ right)

    def gradients(self, inputs: Arrays, upstream: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """A product each, of the upstream gradient and the other matrix."""
        pairs = self._factors({**inputs, UPSTREAM: upstream})[1:]
        return tuple(_array(left @ right) for left, right in pairs)

    def _factors(self, inputs: Arrays) -> list[tuple[Any, Any]]:
        """Return what is multiplied with what: for the output, and for each gradient as it lies in memory."""
        a, b = inputs["a"], inputs["b"]
        left = _turned(a) if self.transpose_a else a
        right = _turned(b) if self.transpose_b else b
        if not self.is_backward:
            return [(left, right)]
        above = inputs[UPSTREAM]
        return [
            (left, right),
            (right, _turned(above)) if self.transpose_a else (above, _turned(right)),
            (_turned(above), left) if self.transpose_b else (_turned(left), above),
        ]

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """A product of few elements may cancel to nearly nothing, so an element's usual size counts too."""
        scales = super().scales(inputs, reference)
        usual = [math.sqrt(left.shape[-1] * _power(left) * _power(right)) for left, right in self._factors(inputs)]
        return {name: max(scale, usual[output_of(name)]) for name, scale in scales.items()}

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """That of sums of k products, or of whichever of the gradients' sums is longest."""
        del reference, scales
        if self.element is DType.INT8:
            return Tolerance(bound=0.0, reason="sums of int8 products are exact in int32")
        terms = max(self.k, self.m, self.n) if self.is_backward else self.k
        return product_tolerance(self, terms=terms, elements=self.batch * self.m * self.n)


def _power(array: Any) -> float:
    import numpy as np

    return float(np.mean(np.square(array)))


def _turned(array: Any) -> Any:
    return array.swapaxes(-1, -2)


def _array(value: Any) -> NDArray[Any]:
    held: NDArray[Any] = value
    return held
