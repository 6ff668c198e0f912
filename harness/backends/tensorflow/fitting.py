"""Training by ``model.fit``, as very many people run it. One call is one fit, of 64 steps where they are small.

For each step, `fit` takes the next batch from an iterator of `tf.data`, inside a traced function; runs the
step, a function of its own that Keras lets XLA compile where it sees a GPU and a model that can be;
adds the loss to a running mean; and calls two empty hooks of the callbacks. Around them it makes an
iterator, starts a thread for callbacks, and reads the mean at the end. Batches come out of the host's
memory whatever the device, for there `tf.data` keeps them.

What `fit` does in one piece has no parts to be timed, and a device that is named to it would hold for
its iterator too, so it places its work itself: where the variables are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from harness.backends.base import Learning, Prepared
from harness.backends.tensorflow.arrays import Tensor
from harness.backends.tensorflow.optimisers import forms_of, tags_of
from harness.backends.tensorflow.training import Site, Trainee
from harness.workloads.base import Arrays
from harness.workloads.training import Training

STEPS, FEWEST_STEPS = 64, 4  # a call of fit costs as much as tens of small steps
CALL_FLOPS = 5e10  # of a fit, on a processor: about a second, beside which what it costs to call it is nothing
HOST = "/CPU:0"


class Counted(keras.Model):  # type: ignore[misc]
    """A model that knows how often its step was traced: the body of it runs then alone."""

    traces = 0

    def train_step(self, data: Any) -> Any:
        """Keras's own, counted."""
        self.traces += 1
        return super().train_step(data)


class EachLoss(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the loss of every step: Keras tells a mean since its metrics were reset, so they are, each time."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Forget the steps before."""
        del batch, logs
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep this one."""
        del batch
        self.losses.append(float(logs["loss"]))


class Fitted(Trainee):
    """A model that is fitted: calling it takes all the steps of one fit."""

    def __init__(self, workload: Training, inputs: Arrays, site: Site) -> None:
        super().__init__(workload, inputs, site, Counted)
        self.model.compile(optimizer=self._optimiser, loss=self._loss)
        self._given: tuple[Any, ...] = ()
        self.steps = steps_of(workload, is_local=_is_local(site))

    def __call__(self, *given: Any) -> Tensor:
        """Fit once; the mean of the losses."""
        return self._fit(given, self.steps)

    def losses(self, steps: int, given: tuple[Any, ...]) -> Sequence[float]:
        """Fit over so many steps."""
        each = EachLoss()
        self._fit(given, steps, each)
        return each.losses

    def traces(self) -> int:
        """How often Keras traced its step."""
        return int(self.model.traces)

    def _fit(self, given: tuple[Any, ...], steps: int, *callbacks: Any) -> Tensor:
        history = self.model.fit(
            self._dataset(given),
            epochs=1,
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
        )
        with tf.device(self._site.device):
            return tf.constant(history.history["loss"][-1], tf.float32)

    def _dataset(self, given: tuple[Any, ...]) -> Any:
        """Return a dataset of the batches in turn, the last one again where the arguments are the same arrays."""
        if len(given) != len(self._given) or any(a is not b for a, b in zip(given, self._given, strict=True)):
            self._given, self._data = given, self._made(given)
        return self._data

    def _made(self, given: tuple[Any, ...]) -> Any:
        parts = [self.part(given, number) for number in range(self._batches)]
        stack = np.stack if self._fed_from_host else tf.stack
        with tf.device(HOST):
            *features, target = (stack(same) for same in zip(*parts, strict=True))
            slices = tf.data.Dataset.from_tensor_slices((dict(zip(self._names, features, strict=True)), target))
            return slices.repeat().prefetch(tf.data.AUTOTUNE)


def prepare(workload: Training, inputs: Arrays, site: Site, arguments: tuple[Any, ...]) -> Prepared[Tensor]:
    """Make a fit ready."""
    fitted = Fitted(workload, inputs, site)
    return Prepared(
        function=fitted,
        arguments=arguments,
        reset=fitted.reset,
        compilations=fitted.traces,
        tags=(*tags_of(workload.rule, workload.network), *_tags(fitted, site)),
        learning=Learning(
            weights=fitted.weights,
            gradients=fitted.gradients,
            describe=fitted.describe,
            steps=fitted.steps,
            losses=fitted.losses,
            forms=forms_of(workload.rule),
        ),
    )


def _tags(fitted: Fitted, site: Site) -> tuple[str, ...]:
    """Say what Keras made of its ``jit_compile="auto"``, and where batches come from."""
    compiled = "keras-jit" if fitted.model.jit_compile else "keras-no-jit"
    return (compiled,) if _is_local(site) else (compiled, "batches-from-host")


def _is_local(site: Site) -> bool:
    return str(tf.DeviceSpec.from_string(site.device).device_type) == "CPU"


def steps_of(workload: Training, *, is_local: bool) -> int:
    """How many steps a fit takes: a minute of them on a processor would be more than an arm is given."""
    return max(FEWEST_STEPS, min(STEPS, int(CALL_FLOPS // workload.flops()))) if is_local else STEPS
