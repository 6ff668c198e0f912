"""Training in JAX: one compiled step that takes a state and gives the next.

The step is what users write: ``jax.value_and_grad`` of a loss, an Optax optimiser, the state donated so
that its memory is used again. Optax's Adam is the one that is stated, and so are its decay and momentum.
A batch from the host is handed to the compiled step as it is, which then brings it to the device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from harness.backends.base import Placed, Prepared, Setting
from harness.backends.jax.arrays import described
from harness.backends.jax.models import model_of
from harness.backends.jax.models.layers import Array, Layers, Policy
from harness.backends.jax.models.weights import by_name, placed
from harness.backends.shared import learning_of
from harness.workloads.base import Arrays
from harness.workloads.network.optimiser import ADAM, ADAMW, BETA_1, BETA_2, EPSILON, MOMENTUM, SGD, Optimiser
from harness.workloads.network.spec import Network
from harness.workloads.training import MIXED, Training

Batch = tuple[Array, ...]  # features, and the target
Loss = Callable[[Layers, Layers, Batch], tuple[Array, Layers]]

LOSSES: Mapping[str, Callable[[Array, Array], Array]] = {
    "sparse": optax.softmax_cross_entropy_with_integer_labels,
    "categorical": optax.softmax_cross_entropy,
    "binary": optax.sigmoid_binary_cross_entropy,
    "squared": optax.squared_error,
}


class State(NamedTuple):
    """All that a step changes."""

    parameters: Layers
    statistics: Layers
    moments: Any


def logits_of(network: Network, policy: Policy, *, training: bool) -> Loss:
    """Return the outputs, in float32, as a function of parameters, statistics and features; and the statistics."""
    model, names = model_of(network, policy), [feature.name for feature in network.features()]

    def function(parameters: Layers, statistics: Layers, given: Batch) -> tuple[Array, Layers]:
        features = dict(zip(names, given, strict=True))
        with policy.precision():
            logits, statistics = model(parameters, statistics, features, training=training)
        return logits.astype(jnp.float32), statistics

    return function


def loss_of(workload: Training, policy: Policy) -> Loss:
    """Return the loss of a batch likewise."""
    outputs, loss = logits_of(workload.network, policy, training=True), LOSSES[workload.loss_name]

    def function(parameters: Layers, statistics: Layers, batch: Batch) -> tuple[Array, Layers]:
        logits, statistics = outputs(parameters, statistics, batch[:-1])
        return loss(logits, batch[-1]).mean(), statistics

    return function


def optimiser_of(rule: Optimiser) -> Any:
    """Return Optax's own."""
    rate, adam = rule.learning_rate, {"b1": BETA_1, "b2": BETA_2, "eps": EPSILON}
    makers: Mapping[str, Callable[[], Any]] = {
        SGD: lambda: optax.sgd(rate),
        MOMENTUM: lambda: optax.sgd(rate, momentum=rule.momentum),
        ADAM: lambda: optax.adam(rate, **adam),
        ADAMW: lambda: optax.adamw(rate, **adam, weight_decay=rule.weight_decay),
    }
    return makers[rule.name]()


def step_of(loss: Loss, optimiser: Any) -> Callable[[State, Batch], tuple[State, Array]]:
    """Return one step of training."""

    def train_step(state: State, batch: Batch) -> tuple[State, Array]:
        seen = jax.value_and_grad(loss, has_aux=True)(state.parameters, state.statistics, batch)
        (value, statistics), gradients = seen
        updates, moments = optimiser.update(gradients, state.moments, state.parameters)
        parameters = optax.apply_updates(state.parameters, updates)
        return State(parameters=parameters, statistics=statistics, moments=moments), value

    return train_step


class Trainer:
    """A model in training: calling it takes one step on the next batch and returns its loss."""

    def __init__(self, workload: Training, inputs: Arrays, setting: Setting, device: Any) -> None:
        self.traces = 0
        self._device = device
        self._state: Any = None
        self._batches, self._width = workload.batches(), len(workload.fed())
        weights, statistics = workload.started(inputs)
        kept, network = workload.kept_dtype, workload.network
        self._start = (
            placed(network.weights(), weights, kept, device),
            placed(network.statistics(), statistics, kept, device),
        )
        policy = Policy(dtype=jnp.bfloat16 if workload.precision == MIXED else jnp.float32, setting=setting)
        self._predict = jax.jit(logits_of(network, policy, training=False))
        self._compile(loss_of(workload, policy), optimiser_of(workload.rule))
        self.reset()

    def _compile(self, loss: Loss, optimiser: Any) -> None:
        """Name what is compiled on first use; phases are programs of their own, and no step traces them."""
        step = step_of(loss, optimiser)

        def traced(state: State, batch: Batch) -> tuple[State, Array]:
            self.traces += 1
            return step(state, batch)

        self._first_moments = jax.jit(optimiser.init)
        self._step = jax.jit(traced, donate_argnums=0)
        self._forward = jax.jit(lambda *given: loss(*given)[0])
        self._backward = jax.jit(jax.value_and_grad(loss, has_aux=True))

    def reset(self) -> None:
        """Go back to the start: copies, for a step uses its state's memory again."""
        self._next, self._state = 0, None  # its memory first, or the copies would come on top of it
        parameters, statistics = jax.device_put(self._start, self._device, may_alias=False)
        moments = jax.device_put(self._first_moments(parameters), self._device)
        self._state = jax.block_until_ready(State(parameters=parameters, statistics=statistics, moments=moments))

    def __call__(self, *arrays: Array) -> Array:
        """Take a step; only this is timed."""
        first = self._next * self._width
        self._next = (self._next + 1) % self._batches
        self._state, loss = self._step(self._state, arrays[first : first + self._width])
        return loss

    def weights(self) -> dict[str, Any]:
        """Weights and statistics."""
        return by_name(self._state.parameters) | by_name(self._state.statistics)

    def gradients(self, *arrays: Array) -> dict[str, Any]:
        """Of the first batch."""
        return by_name(self.backward(*arrays)[1])

    def describe(self) -> tuple[Placed, ...]:
        """Ask each weight."""
        return tuple(described(array) for array in jax.tree.leaves(self._state.parameters))

    def forward(self, *arrays: Array) -> Array:
        """The loss alone."""
        return self._forward(self._state.parameters, self._state.statistics, arrays[: self._width])

    def backward(self, *arrays: Array) -> tuple[Array, Layers]:
        """The loss and all gradients."""
        seen = self._backward(self._state.parameters, self._state.statistics, arrays[: self._width])
        (loss, _), gradients = seen
        return loss, gradients

    def predict(self, *features: Array) -> Array:
        """Outputs in use, not in training."""
        return self._predict(self._state.parameters, self._state.statistics, features)[0]

    def input(self, *arrays: Any) -> Any:
        """What a compiled step does with a batch from the host."""
        return jax.device_put(arrays[: self._width], self._device)


def prepare(
    workload: Training, inputs: Arrays, arguments: tuple[Any, ...], *, setting: Setting, device: Any
) -> Prepared[Any]:
    """Make a training ready."""
    trainer = Trainer(workload, inputs, setting, device)
    return Prepared(
        function=trainer,
        arguments=arguments,
        reset=trainer.reset,
        compilations=lambda: trainer.traces,
        learning=learning_of(trainer, workload),
    )
