"""NumPy trains by the reference's own code, in float32: slow, not ranked, and a trainer where no framework is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.backends.base import Learning, Placed, Prepared
from harness.workloads.base import Arrays
from harness.workloads.network.reference import Batch, Trainer, outputs
from harness.workloads.training import Training

Array = NDArray[Any]


class Model:
    """A model in training: calling it takes one step."""

    def __init__(self, workload: Training, inputs: Arrays) -> None:
        self._workload = workload
        self._weights, self._statistics = workload.started(inputs)
        self.reset()

    def reset(self) -> None:
        """Go back to the starting weights and to the first batch."""
        workload = self._workload
        self._step = 0
        self._trainer = Trainer(
            workload.network, workload.loss_name, workload.rule, weights=self._weights, statistics=self._statistics
        )

    def __call__(self, *arrays: Array) -> Array:
        """Take one step on the next batch; its loss."""
        batch = self._batch(arrays, self._step % self._workload.batches())
        self._step += 1
        return np.asarray(self._trainer.step(batch).loss, dtype=np.float32)

    def weights(self) -> dict[str, Array]:
        """Weights and statistics."""
        return {name: array.copy() for name, array in {**self._trainer.weights, **self._trainer.running.biased}.items()}

    def gradients(self, *arrays: Array) -> dict[str, Array]:
        """Of the first batch."""
        return self._trainer.look(self._batch(arrays, 0)).gradients

    def describe(self) -> tuple[Placed, ...]:
        """Always on the CPU."""
        return tuple(
            Placed(dtype=str(array.dtype), device="cpu", shape=array.shape) for array in self._trainer.weights.values()
        )

    def forward(self, *arrays: Array) -> Array:
        """The loss alone."""
        return np.asarray(self._trainer.loss(self._batch(arrays, 0)), dtype=np.float32)

    def backward(self, *arrays: Array) -> Array:
        """The loss and all gradients."""
        return np.asarray(self._trainer.look(self._batch(arrays, 0)).loss, dtype=np.float32)

    def predict(self, *features: Array) -> Array:
        """What the model gives."""
        names = [fed.name for fed in self._workload.network.features()]
        found = outputs(
            self._workload.network,
            weights=self._trainer.weights,
            statistics=self._trainer.running.biased,
            features=dict(zip(names, features, strict=True)),
        )
        return np.asarray(found)

    def _batch(self, arrays: tuple[Array, ...], number: int) -> Batch:
        names = tuple(self._workload.batch_names(number))
        first = number * len(names)
        given = dict(zip(names, arrays[first : first + len(names)], strict=True))
        return self._workload.batch_of(given, number)


def prepare(workload: Training, inputs: Arrays, arguments: tuple[Array, ...]) -> Prepared[Array]:
    """Make a training ready."""
    model = Model(workload, inputs)
    return Prepared(
        function=model,
        arguments=arguments,
        reset=model.reset,
        learning=Learning(
            weights=model.weights,
            gradients=model.gradients,
            describe=model.describe,
            predict=model.predict,
            phases={"forward": model.forward, "backward": model.backward},
        ),
    )
