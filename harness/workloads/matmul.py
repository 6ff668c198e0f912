"""Matrix products: ``batch`` independent products of an m x k by a k x n matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FULL_REFERENCE_FLOPS = 4_000_000_000  # above this, rows and columns are sampled
SAMPLES = 64
TF32_BORDER_BITS = 14.0  # TF32 gives about 12 effective bits, float32 at least 15 up to k of a million
TF32_LEAST_BITS = 10.5  # operands rounded to bfloat16 give about 9
FEW_ELEMENTS = 64  # fewer may be right by luck, or cancel


@dataclass(frozen=True, kw_only=True)
class Matmul(Workload):
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

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """Two matrices, with a leading batch axis where there is more than one product."""
        left = (self.k, self.m) if self.transpose_a else (self.m, self.k)
        right = (self.n, self.k) if self.transpose_b else (self.k, self.n)
        return {"a": (*self._batch, *left), "b": (*self._batch, *right)}

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """One matrix."""
        return ((*self._batch, self.m, self.n),)

    @property
    def _batch(self) -> tuple[int, ...]:
        return (self.batch,) if self.batch > 1 else ()

    def flops(self) -> int:
        """A multiplication and an addition for each of the m n k terms."""
        return 2 * self.batch * self.m * self.n * self.k

    def problems(self) -> list[Problem]:
        """A matrix must fit into an index of 31 bits in every framework."""
        longest = self.batch * max(self.m * self.k, self.k * self.n, self.m * self.n)
        if longest >= 2**40:
            return [Problem(parameter="m", message=f"a matrix of {longest} elements is more than any device holds")]
        return []

    @property
    def is_sampled(self) -> bool:
        """Whether the full answer would cost too much."""
        return self.flops() > FULL_REFERENCE_FLOPS

    def probe(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """For large products: which rows and columns to look at, and a vector to project onto."""
        import numpy as np

        if not self.is_sampled:
            return {}
        return {
            "rows": np.sort(rng.choice(self.m, min(SAMPLES, self.m), replace=False)),
            "columns": np.sort(rng.choice(self.n, min(SAMPLES, self.n), replace=False)),
            "vector": rng.standard_normal(self.n),
        }

    def reference(self, inputs: Arrays, probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The product in float64, or sampled rows, sampled columns and A (B v)."""
        import numpy as np

        left = np.swapaxes(inputs["a"], -1, -2) if self.transpose_a else inputs["a"]
        right = np.swapaxes(inputs["b"], -1, -2) if self.transpose_b else inputs["b"]
        if not probe:
            return {"output0": left @ right}
        return {
            "rows": left[..., probe["rows"], :] @ right,
            "columns": left @ right[..., probe["columns"]],
            "projection": left @ (right @ probe["vector"][:, None]),
        }

    def observe(self, outputs: tuple[NDArray[Any], ...], probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The same parts of an answer."""
        import numpy as np

        if not probe:
            return super().observe(outputs, probe)
        product = outputs[0]
        return {
            "rows": np.asarray(product[..., probe["rows"], :], dtype=np.float64),
            "columns": np.asarray(product[..., probe["columns"]], dtype=np.float64),
            "projection": _project(product, probe["vector"]),
        }

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """A product of few elements may cancel to nearly nothing, so an element's usual size counts too."""
        import numpy as np

        usual = math.sqrt(self.k * float(np.mean(np.square(inputs["a"]))) * float(np.mean(np.square(inputs["b"]))))
        scales = super().scales(inputs, reference)
        return {name: max(scale, usual) for name, scale in scales.items()}

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """Rounding of a sum of k products grows with the root of k; a short type rounds once more at the end.

        Beyond k of some ten thousand that bound would let TF32 pass for float32, so the effective bits
        are bounded too, on whichever side the other arithmetic lies; a handful of elements shows none.
        """
        del reference, scales
        growth = 4 * math.sqrt(self.k)
        tells = self.batch * self.m * self.n >= FEW_ELEMENTS
        border, least = (TF32_BORDER_BITS, TF32_LEAST_BITS) if tells else (None, None)
        if self.element is DType.INT8:
            return Tolerance(bound=0.0, reason="sums of int8 products are exact in int32")
        if self.math == MathMode.TF32:
            bound = 4 * 2.0**-11 + growth * DType.FLOAT32.epsilon
            return Tolerance(
                bound=bound, reason="operands rounded to 11 bits, sums in float32", least_bits=least, most_bits=border
            )
        if self.math == MathMode.DEFAULT:
            return Tolerance(bound=2.0**-6, reason="whatever precision the framework chooses untouched")
        if self.element in (DType.FLOAT32, DType.FLOAT64):
            return Tolerance(bound=growth * self.element.epsilon, reason="4 eps sqrt(k)", least_bits=border)
        # One rounding is half a gap; partial sums kept in the short type come to more.
        bound = 0.51 * self.element.epsilon + growth * DType.FLOAT32.epsilon
        return Tolerance(bound=bound, reason=f"sums in float32, rounded once to {self.dtype}")


def _project(product: NDArray[Any], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``product @ vector`` in float64 without a float64 copy of the whole product."""
    import numpy as np

    rows = product.reshape(-1, product.shape[-1])
    step = max(1, 2**24 // rows.shape[1])
    parts = [rows[start : start + step].astype(np.float64) @ vector for start in range(0, rows.shape[0], step)]
    return np.concatenate(parts).reshape(*product.shape[:-1], 1)
