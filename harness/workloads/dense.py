"""A stack of dense layers: the little networks of tutorials, as one function.

Between layers stands an activation, after the last none; every layer has a bias. Weights are stored
inputs x outputs. It is for networks whose whole answer can be worked out in float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType, narrow
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter
from harness.workloads.differentiable import UPSTREAM, Differentiable
from harness.workloads.elementwise import GELU_CUBE, gelu
from harness.workloads.rounding import FEW_ELEMENTS, TF32_BORDER_BITS, TF32_LEAST_BITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_FLOPS = 2**35  # the answer is worked out in float64, all of it
MOST_LAYERS = 32
ACTIVATIONS = ("relu", "tanh", "gelu")


@dataclass(frozen=True, kw_only=True)
class Dense(Differentiable):
    """``h = act(h @ w + b)`` layer after layer, the last one without the activation."""

    name: ClassVar[str] = "dense"
    summary: ClassVar[str] = "a stack of dense layers with biases: a little network"

    widths: tuple[int, ...] = parameter("numbers of features, from the input to the output", low=1)
    batch: int = parameter("samples in one call", low=1)
    activation: str = parameter(
        "what stands between layers; gelu is the form with tanh", choices=ACTIVATIONS, default="relu"
    )

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every activation, type and direction; one layer and several; no two widths alike."""
        yield cls(widths=(33, 17, 9), batch=5)
        yield cls(widths=(33, 17, 21, 9), batch=5, activation="tanh", dtype="bfloat16", direction="forward_backward")
        for activation, direction in product(ACTIVATIONS, cls.directions):
            yield cls(widths=(31, 19, 23, 7), batch=6, activation=activation, direction=direction)
        others = ("float64", "bfloat16", "float16")
        for activation, dtype in (
            *zip(ACTIVATIONS, others, strict=True),
            *zip(ACTIVATIONS, (*others[1:], *others[:1]), strict=True),
        ):
            yield cls(widths=(31, 19, 7), batch=6, activation=activation, dtype=dtype)
            yield cls(widths=(31, 19, 7), batch=6, activation=activation, dtype=dtype, direction="forward_backward")
        yield cls(widths=(4096, 11, 3), batch=1, dtype="float16")  # where sums in 16 bits would show
        yield cls(widths=(13, 1), batch=1, direction="forward_backward")
        for mode in (MathMode.TF32, MathMode.DEFAULT):
            yield cls(widths=(256, 256, 128), batch=128, math=str(mode), direction="forward_backward")

    @property
    def layers(self) -> int:
        """How many."""
        return len(self.widths) - 1

    def operand_shapes(self) -> dict[str, tuple[int, ...]]:
        """A batch of samples, then weights and bias of each layer."""
        shapes: dict[str, tuple[int, ...]] = {"x": (self.batch, self.widths[0])}
        for number, (width_in, width_out) in enumerate(pairwise(self.widths), start=1):
            shapes |= {f"w{number}": (width_in, width_out), f"b{number}": (width_out,)}
        return shapes

    def result_shape(self) -> tuple[int, ...]:
        """What the last layer gives for each sample."""
        return (self.batch, self.widths[-1])

    def forward_flops(self) -> int:
        """The products; biases and activations are not counted."""
        return 2 * self.batch * sum(width_in * width_out for width_in, width_out in pairwise(self.widths))

    def items(self) -> tuple[int, str]:
        """A call works through a batch."""
        return self.batch, "samples"

    def problems(self) -> list[Problem]:
        """At least one layer, and little enough to be worked out in float64."""
        if not 1 <= self.layers <= MOST_LAYERS:
            return [Problem(parameter="widths", message=f"widths needs between 2 and {MOST_LAYERS + 1} numbers")]
        if (self.flops() or 0) > MOST_FLOPS:
            return [
                Problem(
                    parameter="widths",
                    message="that is no little network: its answer in float64 would take minutes",
                    hint="measure its products one by one, with matmul",
                )
            ]
        return []

    def inputs(self, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """Weights are scaled by the root of what they sum up, so that features keep their size."""
        drawn = {name: self._draw(rng, shape) for name, shape in self.input_shapes().items()}
        for number, width in enumerate(self.widths[:-1], start=1):
            drawn[f"w{number}"] *= drawn[f"w{number}"].dtype.type(1 / math.sqrt(width))
        return {name: narrow(array, self.element) for name, array in drawn.items()}

    def forward(self, inputs: Arrays) -> NDArray[Any]:
        """Layer after layer."""
        answer: NDArray[Any] = self._sums(inputs)[-1]
        return answer

    def gradients(self, inputs: Arrays, upstream: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """From the last layer to the first, in the order of the operands."""
        found: dict[str, Any] = {}
        sums, delta = self._sums(inputs), upstream
        for number in range(self.layers, 0, -1):
            below = inputs["x"] if number == 1 else self._activated(sums[number - 2])
            found |= {f"w{number}": below.T @ delta, f"b{number}": delta.sum(axis=0)}
            delta = delta @ inputs[f"w{number}"].T
            if number > 1:
                delta = delta * self._slope(sums[number - 2])
        found["x"] = delta
        return tuple(found[name] for name in self.operand_shapes())

    def _sums(self, inputs: Arrays) -> list[Any]:
        """Return what each layer gives before its activation."""
        sums: list[Any] = []
        features = inputs["x"]
        for number in range(1, self.layers + 1):
            sums.append(features @ inputs[f"w{number}"] + inputs[f"b{number}"])
            features = self._activated(sums[-1])
        return sums

    def _activated(self, sums: Any) -> Any:
        import numpy as np

        match self.activation:
            case "relu":
                return np.maximum(sums, 0)
            case "tanh":
                return np.tanh(sums)
        return gelu(sums)

    def _slope(self, sums: Any) -> Any:
        import numpy as np

        match self.activation:
            case "relu":
                return (sums > 0).astype(sums.dtype)
            case "tanh":
                return 1 - np.square(np.tanh(sums))
        root = math.sqrt(2 / math.pi)
        bent = np.tanh(root * (sums + GELU_CUBE * sums**3))
        return 0.5 * (1 + bent) + 0.5 * sums * (1 - bent**2) * root * (1 + 3 * GELU_CUBE * sums**2)

    # -- how good an answer must be --------------------------------------------------------------

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """The largest element of each; and more where it is open on which side of a relu's corner a sum lies."""
        scales = super().scales(inputs, reference)
        if not (self.is_backward and self.activation == "relu"):
            return scales
        doubts = self._doubtful(inputs)
        return {
            name: scale + doubts[place - 1] / self._bound if (place := int(name.removeprefix("output"))) else scale
            for name, scale in scales.items()
        }

    def _doubtful(self, inputs: Arrays) -> list[Any]:
        """Return how far each gradient may move because sums near zero may round to either side of it.

        What such a sum lets through, or holds back, is a whole gradient and no rounding error. So few
        are that near (in float32 as a rule none) that every other element is judged as strictly as ever.
        """
        import numpy as np

        doubts: dict[str, Any] = {}
        sums, delta = self._sums(inputs), inputs[UPSTREAM]
        doubt = np.zeros_like(delta)
        for number in range(self.layers, 0, -1):
            below = inputs["x"] if number == 1 else self._activated(sums[number - 2])
            doubts |= {f"w{number}": np.abs(below).T @ doubt, f"b{number}": doubt.sum(axis=0)}
            weights = inputs[f"w{number}"].T
            delta, doubt = delta @ weights, doubt @ np.abs(weights)
            if number > 1:
                size = np.abs(sums[number - 2])
                near = size < 0.5 * self._step * (number - 1) * np.max(size)
                slope = self._slope(sums[number - 2])
                doubt = np.where(near, np.abs(delta) + doubt, doubt * slope)
                delta = delta * slope
        doubts["x"] = doubt
        return [doubts[name] for name in self.operand_shapes()]

    @property
    def _step(self) -> float:
        """What one layer may add, relative to its largest sums, in one direction."""
        longest = max(self.batch if self.is_backward else 1, *self.widths)
        kept = DType.FLOAT64 if self.element is DType.FLOAT64 else DType.FLOAT32
        growth = math.sqrt(longest) * kept.epsilon
        match self.math:
            case MathMode.TF32:
                return 2.0**-9 + growth
            case MathMode.DEFAULT:
                return 2.0**-6
        return growth if self.element is kept else growth + self.element.epsilon

    @property
    def _bound(self) -> float:
        return self._step * self._products

    @property
    def _products(self) -> int:
        """How many an error passes through, one after the other."""
        return self.layers * (2 if self.is_backward else 1)

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """Errors of a layer pass through those that follow, each adding its own."""
        del reference, scales
        reason = "eps sqrt(longest sum) for each layer and direction"
        if self.element in (DType.BFLOAT16, DType.FLOAT16):
            reason = f"sums in float32, features rounded to {self.dtype} at each step"
        if self.math != MathMode.TF32 or self.batch * self.widths[-1] < FEW_ELEMENTS:
            return Tolerance(bound=self._bound, reason=reason)
        # Errors of as many products add up; and a sum that turned a relu's corner takes bits of its own.
        least = TF32_LEAST_BITS - 0.5 * math.log2(self._products)
        turns = self.is_backward and self.activation == "relu"
        return Tolerance(
            bound=self._bound,
            reason="operands rounded to 11 bits, sums in float32",
            least_bits=None if turns else least,
            most_bits=TF32_BORDER_BITS,
        )
