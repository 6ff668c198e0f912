"""Training written by hand, as users of Keras write it: a tape, its gradients, an optimiser.

One step is one `tf.function`. It is given a batch; model and optimiser are variables, which it changes in
place, so a reset assigns them and nothing is traced again. The variables stay on the device they were
made on, and what is computed follows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from harness.backends.base import Placed, Prepared
from harness.backends.shared import learning_of
from harness.backends.tensorflow import arrays, models
from harness.backends.tensorflow.arrays import Tensor
from harness.backends.tensorflow.models.style import style_of
from harness.backends.tensorflow.optimisers import forms_of, make_loss, make_optimiser, tags_of
from harness.core.dtype import DType
from harness.workloads.base import Arrays
from harness.workloads.training import Training

RATE = "learning_rate"  # Keras's name for the one variable of an optimiser that no step changes


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where variables are made, and whether XLA compiles what is done with them."""

    device: str  # TensorFlow's own name
    jit: bool | None


class Trainee:
    """A Keras model in training, and what can be asked of it. `kind` is the class that it is a model of."""

    def __init__(self, workload: Training, inputs: Arrays, site: Site, kind: Any = keras.Model) -> None:
        network = workload.network
        self._site = site
        self._names = tuple(feature.name for feature in network.features())
        self._batches, self._fed_from_host = workload.batches(), workload.fed_from_host
        self._weight_names = tuple(weight.name for weight in network.weights())
        self._loss = make_loss(workload.loss_name)
        with tf.device(site.device):
            self.model = models.build(network, style_of(workload.precision, site.jit), kind)
            self._optimiser = make_optimiser(workload.rule)
            self._optimiser.build(self.model.trainable_variables)
        self._held = models.variables(self.model, network)
        self._weights = [self._held[name] for name in self._weight_names]
        self._slots = [slot for slot in self._optimiser.variables if slot.name != RATE]
        weights, statistics = workload.started(inputs)
        starts = {**weights, **statistics}
        self._starts = tuple(arrays.on_device(starts[name], DType.FLOAT32, site.device) for name in self._held)
        self._restore = _traced(self._assign_starts, None)
        self.step = _traced(self._take_step, site.jit)
        self._forward = _traced(self._lose, site.jit)
        self._backward = _traced(self._look, site.jit)
        self._predict = _traced(self._infer, site.jit)
        self.reset()

    def reset(self) -> None:
        """Go back to the starting weights and to the first batch, and wait until all is there."""
        self._steps = 0
        self._restore(*self._starts)
        tf.test.experimental.sync_devices()

    def __call__(self, *given: Any) -> Tensor:
        """Take one step on the next batch; its loss."""
        batch = self.batch(given, self._steps % self._batches)
        self._steps += 1
        return self.step(*batch)

    # -- what is traced: given arrays side by side, for a mapping is taken apart anew in every call ---

    def _take_step(self, *batch: Tensor) -> Tensor:
        *features, target = batch
        with tf.GradientTape() as tape:
            loss = self._loss(target, self.model(self._named(features), training=True))
        trained = self.model.trainable_variables
        self._optimiser.apply(tape.gradient(loss, trained), trained)
        return loss

    def _lose(self, *batch: Tensor) -> Tensor:
        """In a stateless scope, where running statistics are worked out and then let go."""
        *features, target = batch
        with keras.StatelessScope():
            return self._loss(target, self.model(self._named(features), training=True))

    def _look(self, *batch: Tensor) -> tuple[Tensor, ...]:
        """Gradients are outputs, or they would not be worked out."""
        with tf.GradientTape() as tape:
            loss = self._lose(*batch)
        return (loss, *tape.gradient(loss, self._weights))

    def _infer(self, *features: Tensor) -> Tensor:
        return self.model(self._named(features), training=False)

    def _named(self, features: Iterable[Tensor]) -> dict[str, Tensor]:
        """Return features as the model wants them."""
        return dict(zip(self._names, features, strict=True))

    def _assign_starts(self, *starts: Tensor) -> None:
        for variable, start in zip(self._held.values(), starts, strict=True):
            variable.assign(start)
        for slot in self._slots:
            slot.assign(keras.ops.zeros_like(slot))

    # -- batches ---------------------------------------------------------------------------------

    def batch(self, given: tuple[Any, ...], number: int) -> tuple[Tensor, ...]:
        """Return the features and the target of one batch, on the device."""
        return self.bring(*self.part(given, number))

    def part(self, given: tuple[Any, ...], number: int) -> tuple[Any, ...]:
        """Return those of a call's arguments that are one batch: features, and the target last."""
        width = len(self._names) + 1
        return given[number * width : (number + 1) * width]

    def bring(self, *batch: Any) -> tuple[Tensor, ...]:
        """Bring arrays of the host to the device."""
        if not self._fed_from_host:
            return batch
        with tf.device(self._site.device):
            return tuple(tf.convert_to_tensor(array) for array in batch)

    # -- what is asked ---------------------------------------------------------------------------

    def weights(self) -> dict[str, Any]:
        """Weights and statistics."""
        return {name: arrays.fetched(tf.convert_to_tensor(held)) for name, held in self._held.items()}

    def gradients(self, *given: Any) -> dict[str, Any]:
        """Of the first batch."""
        _, *found = self.backward(*given)
        dense = (arrays.fetched(tf.convert_to_tensor(gradient)) for gradient in found)
        return dict(zip(self._weight_names, dense, strict=True))

    def describe(self) -> tuple[Placed, ...]:
        """Weights and statistics."""
        return tuple(arrays.placed(tf.convert_to_tensor(held)) for held in self._held.values())

    def forward(self, *given: Any) -> Tensor:
        """The loss alone."""
        return self._forward(*self.batch(given, 0))

    def backward(self, *given: Any) -> tuple[Tensor, ...]:
        """The loss and all gradients."""
        return tuple(self._backward(*self.batch(given, 0)))

    def predict(self, *features: Any) -> Tensor:
        """What the model gives, by the statistics that it kept."""
        return self._predict(*self.bring(*features))

    def input(self, *given: Any) -> tuple[Tensor, ...]:
        """One batch on the device."""
        return self.batch(given, 0)


def _traced(method: Callable[..., Any], jit: bool | None) -> Any:  # noqa: FBT001  (as `tf.function` has it)
    """Trace a function of this trainee alone: of a method, TensorFlow counts what all trainees trace, and warns."""

    def run(*given: Any) -> Any:
        return method(*given)

    return tf.function(run, jit_compile=jit, autograph=False)


def prepare(workload: Training, inputs: Arrays, site: Site, arguments: tuple[Any, ...]) -> Prepared[Tensor]:
    """Make a training ready."""
    trainee = Trainee(workload, inputs, site)
    return Prepared(
        function=trainee,
        arguments=arguments,
        reset=trainee.reset,
        compilations=trainee.step.experimental_get_tracing_count,
        tags=tags_of(workload.rule, workload.network),
        learning=learning_of(trainee, workload, forms_of(workload.rule)),
    )
