"""Inference: what a model gives for a batch, with the weights it was made with.

Batch normalisation uses its running statistics. Samples do not know of each other, so the answer to as
many of them is compared as a float64 reference can be worked out for in some seconds, and of long
outputs as many numbers, drawn once a run, as are still quickly fetched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Tolerance, Workload
from harness.workloads.modelled import Modelled, batch_bytes, smallest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROOF_FLOPS = 4e11  # of the reference; about ten seconds of two cores
MOST_COMPARED = 2**20
PLACES = "places"
FLOAT32_STEP, SHORT_STEP = 64.0, 4.0  # roundings of a layer, in eps of the largest output


@dataclass(frozen=True, kw_only=True)
class Inference(Modelled):
    """``outputs = model(batch)``."""

    name: ClassVar[str] = "inference"
    summary: ClassVar[str] = "a whole model, forward only"
    serves: ClassVar[bool] = True
    dtypes: ClassVar[tuple[DType, ...]] = (DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every model, alone and in a batch, in every type."""
        yield cls(model="mlp", size="tiny", batch=7)
        yield cls(model="gpt", size="tiny", batch=3, dtype="bfloat16")
        for few in smallest():
            yield cls(**{**few, "batch": 1})
            yield cls(**few)
            yield cls(**few, dtype="bfloat16")
            yield cls(**few, dtype="float16")
        for activation in ("gelu", "tanh", "sigmoid"):
            yield cls(model="mlp", size="tiny", batch=5, activation=activation)

    # -- the work ---------------------------------------------------------------------------------

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Logits, as a rule."""
        return ((self.batch, *self.network.outputs()),)

    def flops(self) -> int:
        """The forward direction."""
        return self.batch * self.network.forward_flops()

    def moved_bytes(self) -> int:
        """The batch, every weight that it needs once, and the outputs."""
        weights = self.network.touched(self.batch) * self.element.itemsize
        return batch_bytes(self.fed(), self.batch) + weights + self.output_bytes()

    # -- what is right ------------------------------------------------------------------------------

    @property
    def proof_batch(self) -> int:
        """How many samples are compared."""
        return int(max(1, min(self.batch, PROOF_FLOPS // self.network.forward_flops())))

    def probe(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Of outputs that are too many, the places that are compared."""
        import numpy as np

        size = self.proof_batch * math.prod(self.network.outputs())
        if size <= MOST_COMPARED:
            return {}
        return {PLACES: np.sort(rng.integers(0, size, MOST_COMPARED, dtype=np.int64))}

    def compute(self, inputs: Arrays) -> tuple[NDArray[Any], ...]:
        """All outputs of as many samples as there are."""
        return (self._outputs(inputs),)

    def reference(self, inputs: Arrays, probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """Those of the samples that are compared."""
        given = set(self.arguments())
        few = {name: array[: self.proof_batch] if name in given else array for name, array in inputs.items()}
        return self.observe((self._outputs(few),), probe)

    def _outputs(self, inputs: Arrays) -> NDArray[Any]:
        from harness.workloads.network.reference import outputs

        weights, statistics = self.started(inputs)
        return outputs(self.network, weights=weights, statistics=statistics, features=self.features_of(inputs, 0))

    def observe(self, outputs: tuple[NDArray[Any], ...], probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """What is compared; an output of another shape is observed as it is, and refused."""
        import numpy as np

        (output,) = outputs
        wanted = self.output_shapes()[0]
        if output.shape not in (wanted, (self.proof_batch, *wanted[1:])):
            return {"output0": np.asarray(output, dtype=np.float64)}
        seen = np.asarray(output[: self.proof_batch], dtype=np.float64)
        return {"output0": seen.reshape(-1)[probe[PLACES]] if PLACES in probe else seen}

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """Every layer adds its rounding."""
        del reference, scales
        depth = math.sqrt(self.network.depth())
        if self.element is not DType.FLOAT32:
            step, kept = SHORT_STEP, self.element.epsilon
        elif self.math == MathMode.IEEE:
            step, kept = FLOAT32_STEP, DType.FLOAT32.epsilon
        else:
            step, kept = SHORT_STEP, 2.0**-11 if self.math == MathMode.TF32 else 2.0**-8
        return Tolerance(bound=step * kept * depth, reason=f"sqrt of {self.network.depth()} products of {self.dtype}")
