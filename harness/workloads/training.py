"""Training: one call is one step on the next batch, from weights that are the same for every backend.

The answer of a training is what it does to the model, compared with the same training in float64 by NumPy:
see `sameness`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads import sameness
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter
from harness.workloads.bounds import Bounds, bounds_of
from harness.workloads.modelled import TARGET, USUAL, Modelled, batch_bytes, smallest
from harness.workloads.network.optimiser import ADAM, ADAMW, HAT, MOMENTUM, OPTIMISERS, SGD, STATE, Optimiser
from harness.workloads.network.spec import Feature, Network
from harness.workloads.sameness import EARLY_STEPS, LEAST_STEPS, STEPS, UNBIASED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.workloads.network.reference import Batch, Trainer

MOST_BATCHES, BATCHES_BYTES = 20, 256 * 2**20
PROOF_FLOPS = 4e11  # of the reference; about ten seconds of two cores
LOSSES = (USUAL, "sparse", "categorical", "binary", "squared")
FLOAT32, MIXED = "float32", "mixed_bfloat16"
RESIDENT, HOST = "resident", "host"
STILL = 1e-6  # what remembered losses may differ by

__all__ = ["HAT", "UNBIASED", "Training"]


@dataclass(frozen=True, kw_only=True)
class Training(Modelled):
    """``forward, backward, update`` on one batch after the other."""

    name: ClassVar[str] = "training"
    summary: ClassVar[str] = "a training step of a whole model: forward, backward, update"
    dtypes: ClassVar[tuple[DType, ...]] = (DType.FLOAT32,)

    optimiser: str = parameter("how gradients change weights", choices=OPTIMISERS, default=SGD)
    learning_rate: float = parameter("length of a step", low=0, high=100, default=0.01)
    momentum: float = parameter("share of the last change that is kept, by momentum alone", high=1, default=0.9)
    weight_decay: float = parameter("how much weights shrink, by adamw alone", high=1, default=0.01)
    loss: str = parameter("what is made small", choices=LOSSES, default=USUAL)
    precision: str = parameter(
        "mixed_bfloat16: products in bfloat16, weights and their updates in float32",
        choices=(FLOAT32, MIXED),
        default=FLOAT32,
    )
    feed: str = parameter(
        "resident: batches lie on the device; host: each is brought there in its step",
        choices=(RESIDENT, HOST),
        default=RESIDENT,
    )

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every model; on the smallest, every optimiser, loss, activation, precision and feed."""
        yield cls(model="mlp", size="tiny", batch=5, learning_rate=0.05)
        yield cls(model="cnn", size="tiny", batch=4, optimiser=ADAMW, learning_rate=0.002, precision=MIXED, feed=HOST)
        for few in smallest():
            yield cls(**few, optimiser=ADAM, learning_rate=0.002)
        for few in smallest(("resnet18", "bert", "ncf")):
            yield cls(**few, learning_rate=0.02, feed=HOST)
        for optimiser in (MOMENTUM, ADAMW):
            yield cls(model="mlp", size="tiny", batch=5, optimiser=optimiser, learning_rate=0.01, weight_decay=0.1)
        for loss, activation in zip(LOSSES[1:], ("sigmoid", "tanh", "gelu", "relu"), strict=True):
            yield cls(model="mlp", size="tiny", batch=5, loss=loss, activation=activation, learning_rate=0.05)
        for model in ("mlp", "gpt", "lstm", "dlrm"):
            (few,) = smallest((model,))
            yield cls(**few, precision=MIXED, learning_rate=0.02)

    def problems(self) -> list[Problem]:
        """A loss must be one of the model's; a setting of an optimiser must be one of its own."""
        found = super().problems()
        if found:
            return found
        network = self.plain_network
        if self.loss not in (USUAL, *network.losses):
            message = f"{self.model} has no loss {self.loss!r}"
            found.append(Problem(parameter="loss", message=message, hint=f"it has {', '.join(network.losses)}"))
        if self.learning_rate <= 0:
            found.append(Problem(parameter="learning_rate", message="learning_rate must be above 0"))
        if network.statistics() and self.batch < 2:  # noqa: PLR2004  (one sample has no variance)
            found.append(Problem(parameter="batch", message="batch normalisation needs two samples or more"))
        if self.precision == MIXED and self.math != MathMode.IEEE:
            found.append(
                Problem(
                    parameter="math", message="mixed_bfloat16 says how its products are done", hint="leave math out"
                )
            )
        return found

    # -- what is trained ------------------------------------------------------------------------

    @property
    def plain_network(self) -> Network:
        """The model, as far as it is known before anything is read."""
        return self.network

    @property
    def loss_name(self) -> str:
        """The loss, by its own name."""
        return self.plain_network.losses[0] if self.loss == USUAL else self.loss

    @property
    def rule(self) -> Optimiser:
        """The optimiser and its settings."""
        return Optimiser(
            name=self.optimiser,
            learning_rate=float(self.learning_rate),
            momentum=float(self.momentum),
            weight_decay=float(self.weight_decay),
        )

    @property
    def kept_dtype(self) -> DType:
        """Weights are float32 under every precision."""
        return DType.FLOAT32

    @property
    def fed_from_host(self) -> bool:
        """As `feed` says."""
        return self.feed == HOST

    @property
    def label(self) -> Feature:
        """What is right about a sample, as the loss wants it."""
        shape = self.network.outputs()
        if self.loss_name == "sparse":
            return Feature(name=TARGET, shape=shape[:-1], below=shape[-1])
        return Feature(name=TARGET, shape=shape)

    def fed(self) -> tuple[Feature, ...]:
        """Features, and then the target."""
        return (*self.network.features(), self.label)

    def batches(self) -> int:
        """Return how many different batches there are: twenty, or as many as there is room for, but two at least."""
        return max(2, min(MOST_BATCHES, BATCHES_BYTES // max(1, batch_bytes(self.fed(), self.batch))))

    def draw_feature(self, rng: np.random.Generator, fed: Feature) -> NDArray[Any]:
        """Of targets that are real numbers: shares that sum to one, yes or no, or anything."""
        import numpy as np

        if fed.name != TARGET or fed.below is not None or self.loss_name == "squared":
            return super().draw_feature(rng, fed)
        shape = (self.batch, *fed.shape)
        if self.loss_name == "binary":
            said: NDArray[Any] = rng.integers(0, 2, shape).astype(np.float32)
            return said
        wanted = np.zeros((math.prod(shape[:-1]), shape[-1]), np.float32)
        wanted[np.arange(len(wanted)), rng.integers(0, shape[-1], len(wanted))] = 1
        return wanted.reshape(shape)

    def vary_feature(self, array: NDArray[Any], fed: Feature, place: int) -> NDArray[Any]:
        """Targets go to other samples, or to the other answer where all are alike."""
        import numpy as np

        if fed.name != TARGET or fed.below is not None or self.loss_name == "squared":
            return super().vary_feature(array, fed, place)
        if self.loss_name == "binary":
            other: NDArray[Any] = array.dtype.type(1) - array
            return other
        return np.roll(array, 1, axis=-1)

    # -- the work ---------------------------------------------------------------------------------

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The loss."""
        return ((),)

    def output_dtypes(self) -> tuple[DType, ...]:
        """The loss is float32 under every precision."""
        return (DType.FLOAT32,)

    def flops(self) -> int:
        """Forward and backward; an update is counted apart (`update_flops`)."""
        network = self.network
        return self.batch * (network.forward_flops() + network.backward_flops())

    def update_flops(self) -> int:
        """Return the operations of one update of all weights."""
        return self.rule.update_flops(self.network.weight_count())

    def moved_bytes(self) -> int:
        """At the least: the batch; weights, forward and backward; gradients; what the update reads and writes.

        Rows of a table that nobody looked up have no gradient, so SGD leaves them alone; whatever keeps a
        running mean changes them all the same.
        """
        touched = self.network.touched(self.batch)
        updated = touched if self.optimiser == SGD else self.network.weight_count()
        return batch_bytes(self.fed(), self.batch) + 4 * (touched * (2 + 2) + updated * 2 * (1 + STATE[self.optimiser]))

    @property
    def arithmetic(self) -> str:
        """Mixed precision multiplies bfloat16."""
        return str(DType.BFLOAT16) if self.precision == MIXED else self.dtype

    def held_bytes(self) -> int:
        """Beside inputs: weights in training and those at the start, gradients, and what the optimiser keeps."""
        return super().held_bytes() + self.weight_bytes() * (3 + STATE[self.optimiser])

    def reference_bytes(self) -> int:
        """Weights, gradients, and what the optimiser keeps, in float64, beside all inputs."""
        return 3 * self.input_bytes() + 2 * self.weight_bytes() * (2 + STATE[self.optimiser])

    # -- what is right ------------------------------------------------------------------------------

    @property
    def proof_steps(self) -> int:
        """How many steps are compared with the reference."""
        one = 3.0 * self.network.forward_flops() * self.proof_batch
        return int(max(LEAST_STEPS, min(STEPS, PROOF_FLOPS // max(1.0, one))))

    @property
    def early_steps(self) -> int:
        """How many of them are the first."""
        return min(EARLY_STEPS, self.proof_steps)

    @property
    def proof_batch(self) -> int:
        """How many samples of each batch: all, or as few as keep the reference short."""
        least = 2 if self.network.statistics() else 1
        one = 3.0 * self.network.forward_flops() * STEPS
        return int(max(min(least, self.batch), min(self.batch, PROOF_FLOPS // max(1.0, one))))

    @property
    def is_sampled(self) -> bool:
        """Whether the reference trains on a part of each batch only."""
        return self.proof_batch < self.batch

    def proof_inputs(self, inputs: Arrays) -> dict[str, Any]:
        """Return the inputs with as many samples of each batch as are compared, the first."""
        return self._part_of(inputs, slice(self.proof_batch))

    def last_inputs(self, inputs: Arrays) -> dict[str, Any]:
        """Return the inputs with the last samples of each batch, as many."""
        return self._part_of(inputs, slice(-self.proof_batch, None))

    def _part_of(self, inputs: Arrays, samples: slice) -> dict[str, Any]:
        batches = set(self.arguments())
        return {name: array[samples] if name in batches else array for name, array in inputs.items()}

    def varied_beyond(self, inputs: Arrays) -> dict[str, Any]:
        """Return the inputs with other samples at the end of the first batch, none of which are compared."""
        import numpy as np

        few = min(self.proof_batch, self.batch - self.proof_batch)
        changed = dict(inputs)
        for place, (name, fed) in enumerate(self.batch_names(0).items()):
            array = np.array(inputs[name])
            array[-few:] = self.vary_feature(array[-few:], fed, place)
            changed[name] = array
        return changed

    def batch_of(self, inputs: Arrays, number: int) -> Batch:
        """Return one batch as the reference takes it."""
        from harness.workloads.network.reference import Batch

        fed = self.features_of(inputs, number)
        return Batch(target=fed.pop(TARGET), features=fed)

    def compute(self, inputs: Arrays) -> tuple[NDArray[Any], ...]:
        """The loss of the first step."""
        import numpy as np

        return (np.asarray(self.trainer(inputs).loss(self.batch_of(inputs, 0))),)

    def trainer(self, inputs: Arrays, form: str = "") -> Trainer:
        """Return the reference, at its starting weights."""
        from harness.workloads.network.reference import Trainer

        weights, statistics = self.started(inputs)
        return Trainer(self.network, self.loss_name, self.rule, weights=weights, statistics=statistics, form=form)

    def reference(self, inputs: Arrays, probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """What such a training does, in float64."""
        del probe
        return sameness.reference_of(self, self.proof_inputs(inputs))

    def stillness(self, tolerance: Tolerance) -> float:
        """Losses of other batches lie near each other, and are told apart by their last digits."""
        return min(tolerance.bound, STILL)

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """Lengths; and more where it is open on which side of a corner an element lies."""
        del inputs
        return sameness.scales(self, reference)

    @property
    def is_mixed(self) -> bool:
        """Whether products are done in another type than weights are kept in."""
        return self.precision == MIXED

    @property
    def is_short(self) -> bool:
        """Whether products are done in less than float32, or may be."""
        return self.is_mixed or self.math != MathMode.IEEE

    @property
    def bounds(self) -> Bounds:
        """How far it may be off."""
        return bounds_of(
            self.network.depth(),
            math_mode=MathMode(self.math),
            is_mixed=self.is_mixed,
            is_adam=self.rule.is_adam,
            is_normalised=bool(self.network.statistics()),
        )

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """Every product adds its rounding, and every step builds on those before."""
        del reference, scales
        reason = f"sqrt of {self.network.depth()} products of {self.precision}, {self.proof_steps} steps"
        return Tolerance(bound=self.bounds.held.way, reason=reason)
