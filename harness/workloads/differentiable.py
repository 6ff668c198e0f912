"""Workloads that can be run backward too: the answer, and the gradient of every input.

With ``direction: forward_backward`` the gradient that comes from above is one more seeded input,
`UPSTREAM`, and a call returns the output **and** the gradients: a compiler may drop whatever nobody
asks for, and would drop one of the products. A backend derives the gradients by its own means; the
reference states them as mathematics.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.workloads.base import Arrays, Workload

if TYPE_CHECKING:
    from numpy.typing import NDArray

UPSTREAM = "upstream"


@dataclass(frozen=True, kw_only=True)
class Differentiable(Workload):
    """A workload with one output, and a gradient for each of its inputs that is not an index."""

    directions: ClassVar[tuple[str, ...]] = ("forward", "forward_backward")

    @abstractmethod
    def operand_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of each input of the forward direction."""

    @abstractmethod
    def result_shape(self) -> tuple[int, ...]:
        """Return the shape of the output."""

    @abstractmethod
    def forward(self, inputs: Arrays) -> NDArray[Any]:
        """Return the output, computed by NumPy in the type that `inputs` come in."""

    @abstractmethod
    def gradients(self, inputs: Arrays, upstream: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return the gradient of each of `differentiated`, computed likewise."""

    def forward_flops(self) -> int | None:
        """Return the floating-point operations of the output alone."""
        return None

    def backward_flops(self) -> int | None:
        """Return those of the gradients alone: two products for each product of the output."""
        forward = self.forward_flops()
        return None if forward is None else 2 * forward

    # -- what follows from it --------------------------------------------------------------------

    @property
    def is_backward(self) -> bool:
        """Whether gradients are asked for."""
        return self.direction == "forward_backward"

    @property
    def differentiated(self) -> tuple[str, ...]:
        """The inputs that have a gradient: all but indices."""
        kinds = self.input_dtypes()
        return tuple(name for name in self.operand_shapes() if not kinds[name].is_integer)

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """The operands, and the gradient from above where gradients are asked for."""
        shapes = self.operand_shapes()
        return {**shapes, UPSTREAM: self.result_shape()} if self.is_backward else shapes

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The output, and the gradients where they are asked for."""
        operands = self.operand_shapes()
        gradients = [operands[name] for name in self.differentiated] if self.is_backward else []
        return (self.result_shape(), *gradients)

    def output_dtypes(self) -> tuple[DType, ...]:
        """The result's type, and each gradient in the type of what it is a gradient of."""
        kinds = self.input_dtypes()
        gradients = [kinds[name] for name in self.differentiated] if self.is_backward else []
        return (self.result_dtype, *gradients)

    def compute(self, inputs: Arrays) -> tuple[NDArray[Any], ...]:
        """The output, and the gradients where they are asked for."""
        output = self.forward(inputs)
        return (output, *self.gradients(inputs, inputs[UPSTREAM])) if self.is_backward else (output,)

    def flops(self) -> int | None:
        """Those of the direction."""
        forward, backward = self.forward_flops(), self.backward_flops()
        if not self.is_backward or forward is None or backward is None:
            return forward
        return forward + backward
