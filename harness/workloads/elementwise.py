"""Operations on each element alone: one number out for one, two or three numbers in.

Reading and writing is the work, so they are judged in bytes and no FLOPs are counted: how many a
tanh takes is a question of the library, not of the mathematics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter, shape_problems

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPERANDS = {
    "add": ("x", "y"),
    "multiply_add": ("x", "y", "z"),
    "gelu": ("x",),
    "relu": ("x",),
    "selu": ("x",),
    "tanh": ("x",),
    "exp": ("x",),
}
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
GELU_CUBE = 0.044715


@dataclass(frozen=True, kw_only=True)
class Elementwise(Workload):
    """``out[i] = op(x[i], ...)``; gelu is the form with tanh, multiply_add is ``x * y + z``."""

    name: ClassVar[str] = "elementwise"
    summary: ClassVar[str] = "an operation on each element alone: sums, products, activations"

    op: str = parameter("which operation; gelu is the form with tanh", choices=tuple(OPERANDS))
    shape: tuple[int, ...] = parameter("shape of every array", low=1)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every operation in every type; lengths that fill no vector; no axis, one, and several."""
        yield cls(op="add", shape=(257, 65))
        yield cls(op="gelu", shape=(3, 65, 7), dtype="bfloat16")
        for dtype, op in product(map(str, cls.dtypes), OPERANDS):
            if (op, dtype) != ("add", "float32"):
                yield cls(op=op, shape=(257, 65), dtype=dtype)
        yield cls(op="multiply_add", shape=(1,))
        yield cls(op="exp", shape=(70_001,), distribution="uniform")

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """As many equal arrays as the operation takes."""
        return dict.fromkeys(OPERANDS[self.op], self.shape)

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """One more of them."""
        return (self.shape,)

    def problems(self) -> list[Problem]:
        """An array needs one to eight axes and a length that can be held."""
        return shape_problems(self.shape)

    def compute(self, inputs: Arrays) -> tuple[NDArray[Any], ...]:
        """The operation."""
        import numpy as np

        x = inputs["x"]
        match self.op:
            case "add":
                result = x + inputs["y"]
            case "multiply_add":
                result = x * inputs["y"] + inputs["z"]
            case "relu":
                result = np.maximum(x, 0)
            case "selu":  # no exponential of what is positive, which would overflow
                result = SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))
            case "tanh":
                result = np.tanh(x)
            case "exp":
                result = np.exp(x)
            case _:
                result = gelu(x)
        return (result,)

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """Each element by itself: errors are relative, to the largest intermediate where those may cancel."""
        import numpy as np

        x, answer = inputs["x"], np.abs(reference["output0"])
        match self.op:
            case "multiply_add":
                size = np.abs(x * inputs["y"]) + np.abs(inputs["z"])
            case "gelu":  # 1 + tanh cancels on the left, and that is multiplied by x
                size = np.abs(x)
            case "selu":  # exp(x) - 1 cancels
                size = np.maximum(answer, 1.0)
            case _:
                size = answer
        return {"output0": np.where(size > 0, size, 1.0)}

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """One rounding a step in the type itself, or in a better one: either is `ieee`, for nothing is summed up."""
        del reference, scales
        epsilon = self.element.epsilon
        if self.op == "relu":
            return Tolerance(bound=0.0, reason="one of its inputs, or zero")
        steps, reason = {
            "add": (0.51, "rounded once"),
            "multiply_add": (1.01, "the product rounded, and the sum"),
            "gelu": (4.0, "a few roundings of the steps, relative to x"),
            "selu": (4.0, "a few roundings of the steps, relative to 1 or the answer"),
        }.get(self.op, (8.0, "a few units in the last place of a library's function"))
        if self.element is DType.FLOAT64:  # the reference is rounded as much
            steps *= 2
        return Tolerance(bound=steps * epsilon, reason=reason)


def gelu(x: Any) -> Any:
    """Return ``x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))``, which is not the form with erf."""
    import numpy as np

    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + GELU_CUBE * x**3)))
