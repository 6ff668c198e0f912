"""Normalisations over the last axis: softmax, layer normalisation, division by the Euclidean norm.

Layer normalisation takes its scale and shift as inputs, since that is what is called in networks,
and a part of its rows varies little: elsewhere nobody would see which epsilon was added.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import narrow
from harness.workloads.base import MOST_AXES, Arrays, Problem, Tolerance, Workload, parameter
from harness.workloads.differentiable import UPSTREAM, Differentiable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OPERATIONS = ("softmax", "layer_norm", "l2")
LAYER_EPSILON = 1e-5  # added to the variance
L2_EPSILON = 1e-12  # the least norm that is divided by
QUIET_ROWS = 4  # one row in so many
QUIET = 2.0**-8  # what it is multiplied by: its variance is 1.5 times epsilon


@dataclass(frozen=True, kw_only=True)
class Normalise(Differentiable):
    """Each row by its own sum, variance or norm; judged in bytes, for moving them is the work."""

    name: ClassVar[str] = "normalise"
    summary: ClassVar[str] = "softmax, layer normalisation or division by the norm, over the last axis"

    op: str = parameter("which normalisation", choices=OPERATIONS)
    shape: tuple[int, ...] = parameter("shape of the array", low=1)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every operation in every type and direction; rows at whose length sums in 16 bits would show."""
        yield cls(op="softmax", shape=(17, 33))
        yield cls(op="layer_norm", shape=(3, 7, 65), dtype="bfloat16", direction="forward_backward")
        for op, dtype, direction in product(OPERATIONS, map(str, cls.dtypes), cls.directions):
            if (op, dtype, direction) != ("softmax", "float32", "forward"):
                yield cls(op=op, shape=(17, 33), dtype=dtype, direction=direction)
        for op in OPERATIONS:
            yield cls(op=op, shape=(8, 5001), dtype="float16")
        yield cls(op="layer_norm", shape=(2001, 8), dtype="float16", direction="forward_backward")
        yield cls(op="l2", shape=(301,), dtype="bfloat16", direction="forward_backward")
        yield cls(op="softmax", shape=(2, 3, 1, 40), distribution="uniform", direction="forward_backward")

    @property
    def rows(self) -> int:
        """How many rows are normalised."""
        return math.prod(self.shape[:-1])

    def operand_shapes(self) -> dict[str, tuple[int, ...]]:
        """One array, and for layer normalisation a scale and a shift for each column."""
        extra = {"scale": self.shape[-1:], "shift": self.shape[-1:]} if self.op == "layer_norm" else {}
        return {"x": self.shape, **extra}

    def result_shape(self) -> tuple[int, ...]:
        """That of the array."""
        return self.shape

    def problems(self) -> list[Problem]:
        """An array needs one to eight axes, and a row something to be normalised by."""
        if not 1 <= len(self.shape) <= MOST_AXES:
            return [Problem(parameter="shape", message=f"shape needs between 1 and {MOST_AXES} axes")]
        if self.op != "softmax" and self.shape[-1] == 1:
            return [Problem(parameter="shape", message=f"{self.op} of rows of one element says nothing of the element")]
        if math.prod(self.shape) >= 2**40:
            return [Problem(parameter="shape", message="that array is more than any device holds")]
        return []

    def inputs(self, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """As drawn, but for the rows whose variance is near to epsilon."""
        drawn = super().inputs(rng)
        if self.op == "layer_norm":
            wide = self.widened(drawn)["x"].reshape(-1, self.shape[-1])
            wide[:: QUIET_ROWS if self.rows > 1 else 2] *= QUIET
            drawn["x"] = narrow(wide.reshape(self.shape), self.element)
        return drawn

    # -- answers ---------------------------------------------------------------------------------

    def forward(self, inputs: Arrays) -> NDArray[Any]:
        """The normalised rows."""
        normal = self._normal(inputs["x"])[0]
        return normal * inputs["scale"] + inputs["shift"] if self.op == "layer_norm" else normal

    def gradients(self, inputs: Arrays, upstream: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """What came from above, less its part along what a normalisation cannot change."""
        import numpy as np

        normal, size = self._normal(inputs["x"])
        if self.op == "softmax":
            return (normal * (upstream - np.sum(upstream * normal, axis=-1, keepdims=True)),)
        if self.op == "l2":
            return ((upstream - normal * np.sum(upstream * normal, axis=-1, keepdims=True)) / size,)
        above = upstream * inputs["scale"]
        along = np.mean(above * normal, axis=-1, keepdims=True)
        columns = tuple(range(len(self.shape) - 1))
        return (
            (above - np.mean(above, axis=-1, keepdims=True) - normal * along) / size,
            np.sum(upstream * normal, axis=columns),
            np.sum(upstream, axis=columns),
        )

    def _normal(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the rows before scale and shift, and what they were divided by."""
        import numpy as np

        if self.op == "softmax":
            powers = np.exp(x - np.max(x, axis=-1, keepdims=True))
            total = np.sum(powers, axis=-1, keepdims=True)
            return powers / total, total
        if self.op == "l2":
            norm = np.maximum(np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True)), x.dtype.type(L2_EPSILON))
            return x / norm, norm
        centred = x - np.mean(x, axis=-1, keepdims=True)
        deviation = np.sqrt(np.mean(np.square(centred), axis=-1, keepdims=True) + x.dtype.type(LAYER_EPSILON))
        return centred / deviation, deviation

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """Each row by the largest sum of magnitudes behind its elements, for these cancel; columns likewise."""
        import numpy as np

        normal, size = self._normal(inputs["x"])
        normal = np.abs(normal)
        above = np.abs(inputs[UPSTREAM]) if self.is_backward else np.zeros_like(normal)
        if self.op == "layer_norm":
            scale, columns = np.abs(inputs["scale"]), tuple(range(len(self.shape) - 1))
            weighted = above * scale
            along = normal * np.mean(weighted * normal, axis=-1, keepdims=True)
            parts = [_row_max(normal * scale + np.abs(inputs["shift"])), _row_max((weighted + along) / size)]
            parts += [np.max(np.sum(above * normal, axis=columns)), np.max(np.sum(above, axis=columns))]
        else:
            along = np.sum(above * normal, axis=-1, keepdims=True)
            magnitudes = normal * (above + along) if self.op == "softmax" else (above + normal * along) / size
            parts = [_row_max(normal), _row_max(magnitudes)]
        return {name: np.where(part > 0, part, 1.0) for name, part in zip(reference, parts, strict=False)}

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """A few roundings of the accumulator, growing with the root of the row; short types round once or twice."""
        del reference, scales
        growth = 16 + 0.5 * math.sqrt(max(self.shape[-1], self.rows if self.is_backward else 1))
        bound = growth * self.accumulator.epsilon
        if self.element is self.accumulator:
            return Tolerance(bound=bound, reason="(16 + sqrt(terms)/2) eps of the largest sum of magnitudes")
        roundings = 1.51 if self.is_backward else 0.51  # backward may start from the rounded result
        return Tolerance(
            bound=bound + roundings * self.element.epsilon,
            reason=f"statistics in float32, rounded to {self.dtype} in each direction",
        )


def _row_max(magnitudes: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    held: NDArray[Any] = np.max(magnitudes, axis=-1, keepdims=True)
    return held
