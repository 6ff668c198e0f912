"""Training loops as users of each framework write them by hand; nothing here comes from the harness.

Two models: the classic 784-128-10 perceptron with Adam, and a LeNet with momentum. `agreement.py` times
them in turn with the harness's own steps on batches of the same shapes. Each stretch of steps begins at the
same weights, as the harness's blocks do: how long a step takes depends on what was learned, for a max-pool
and a relu compare numbers, and a processor guesses how a comparison comes out. The first step after that is
not timed: a loop by hand goes on for thousands, and what putting weights back costs is no part of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

Timed = Callable[[int], float]  # steps -> seconds a step

MLP, CNN = "mlp", "cnn"
ADAM_RATE, MOMENTUM_RATE, MOMENTUM = 1e-3, 0.01, 0.9
BATCH = {MLP: 64, CNN: 32}
BATCHES = 20
FIT_STEPS = 64  # of one call of fit


def batches(model: str) -> list[tuple[Any, Any]]:
    """Return batches of images, channels last, and of labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    shape = (784,) if model == MLP else (28, 28, 1)
    return [
        (
            rng.standard_normal((BATCH[model], *shape), dtype=np.float32),
            rng.integers(0, 10, BATCH[model]).astype(np.int32),
        )
        for _ in range(BATCHES)
    ]


def timed(restart: Callable[[], None], run: Callable[[int], None], first: int = 1) -> Timed:
    """Return what times steps from the same weights on, after `first` of them."""

    def by_hand(steps: int) -> float:
        restart()
        run(first)
        start = time.perf_counter()
        run(steps)
        return (time.perf_counter() - start) / steps

    return by_hand


def torch_loop(model: str, mode: str, threads: int) -> Timed:
    """Modules, an optimiser of `torch.optim`, and the five lines that every tutorial has."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    flat = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    images = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )
    net: Any = flat if model == MLP else images
    optimiser: Any = (
        torch.optim.Adam(net.parameters(), lr=ADAM_RATE)
        if model == MLP
        else torch.optim.SGD(net.parameters(), lr=MOMENTUM_RATE, momentum=MOMENTUM)
    )
    called = torch.compile(net) if mode == "compile" else net
    criterion = nn.CrossEntropyLoss()
    data = [
        (torch.tensor(x if model == MLP else x.transpose(0, 3, 1, 2).copy()), torch.tensor(y).long())
        for x, y in batches(model)
    ]

    weights = [weight.detach().clone() for weight in net.parameters()]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def restart() -> None:
        for weight, first in zip(net.parameters(), weights, strict=True):
            weight.copy_(first)
        for kept in optimiser.state.values():
            for value in kept.values():
                if isinstance(value, torch.Tensor):
                    value.zero_()

    @torch.enable_grad()  # type: ignore[untyped-decorator]
    def run(steps: int) -> None:
        for x, y in islice(cycle(data), steps):
            optimiser.zero_grad()
            loss = criterion(called(x), y)
            loss.backward()
            optimiser.step()

    return timed(restart, run)


def jax_loop(model: str, mode: str, threads: int) -> Timed:
    """Pure functions, optax, and one jitted step that gives its state away."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax

    del mode, threads
    rng = np.random.default_rng(1)
    shapes: dict[str, tuple[int, ...]] = (
        {"w1": (784, 128), "b1": (128,), "w2": (128, 10), "b2": (10,)}
        if model == MLP
        else {
            "k1": (5, 5, 1, 6),
            "c1": (6,),
            "k2": (5, 5, 6, 16),
            "c2": (16,),
            "w1": (400, 120),
            "b1": (120,),
            "w2": (120, 84),
            "b2": (84,),
            "w3": (84, 10),
            "b3": (10,),
        }
    )
    params = {name: jnp.asarray(0.05 * rng.standard_normal(shape), jnp.float32) for name, shape in shapes.items()}
    optimiser = optax.adam(ADAM_RATE) if model == MLP else optax.sgd(MOMENTUM_RATE, momentum=MOMENTUM)

    def convolved(x: Any, kernel: Any, bias: Any, padding: int) -> Any:
        made = jax.lax.conv_general_dilated(
            x, kernel, (1, 1), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return jax.lax.reduce_window(
            jax.nn.relu(made + bias), -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"
        )

    def logits(p: Any, x: Any) -> Any:
        if model == MLP:
            return jax.nn.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]
        x = convolved(convolved(x, p["k1"], p["c1"], 2), p["k2"], p["c2"], 0).reshape(x.shape[0], -1)
        x = jax.nn.relu(x @ p["w1"] + p["b1"])
        return jax.nn.relu(x @ p["w2"] + p["b2"]) @ p["w3"] + p["b3"]

    def loss_of(p: Any, x: Any, y: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(logits(p, x), y).mean()

    def step(p: Any, kept: Any, x: Any, y: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(p, x, y)
        updates, kept = optimiser.update(gradients, kept, p)
        return optax.apply_updates(p, updates), kept, loss

    jitted = jax.jit(step, donate_argnums=(0, 1))
    state: list[Any] = [None, None]
    data = [(jnp.asarray(x), jnp.asarray(y)) for x, y in batches(model)]

    def restart() -> None:
        state[0] = jax.tree.map(jnp.copy, params)
        state[1] = optimiser.init(state[0])

    def run(steps: int) -> None:
        for x, y in islice(cycle(data), steps):
            state[0], state[1], loss = jitted(state[0], state[1], x, y)
        loss.block_until_ready()

    return timed(restart, run)


def keras_net(model: str) -> Any:
    """Layers one after another."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [keras.Input((784,)), layers.Dense(128, "relu"), layers.Dense(10)]
        if model == MLP
        else [
            *(keras.Input((28, 28, 1)), layers.Conv2D(6, 5, padding="same", activation="relu"), layers.MaxPooling2D()),
            *(layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten()),
            *(layers.Dense(120, "relu"), layers.Dense(84, "relu"), layers.Dense(10)),
        ]
    )


def tensorflow_loop(model: str, mode: str, threads: int) -> Timed:
    """Keras layers with a step of one's own, or `fit`."""
    import keras
    import tensorflow as tf

    del threads
    net = keras_net(model)
    optimiser = (
        keras.optimizers.Adam(ADAM_RATE) if model == MLP else keras.optimizers.SGD(MOMENTUM_RATE, momentum=MOMENTUM)
    )
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    data = [(tf.constant(x), tf.constant(y)) for x, y in batches(model)]
    optimiser.build(net.trainable_variables)
    first = [(variable, variable.numpy()) for variable in (*net.trainable_variables, *optimiser.variables)]

    def restart() -> None:
        for variable, value in first:
            variable.assign(value)

    if mode == "keras-fit":
        return fit_loop(net, optimiser, criterion, data, restart)

    @tf.function(jit_compile=True if mode == "xla" else None)  # type: ignore[untyped-decorator]
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as taped:
            loss = criterion(y, net(x, training=True))
        optimiser.apply_gradients(
            zip(taped.gradient(loss, net.trainable_variables), net.trainable_variables, strict=True)
        )
        return loss

    def run(steps: int) -> None:
        for x, y in islice(cycle(data), steps):
            step(x, y)
        tf.test.experimental.sync_devices()

    return timed(restart, run)


def fit_loop(net: Any, optimiser: Any, criterion: Any, data: list[Any], restart: Callable[[], None]) -> Timed:
    """As many people train: a data set, and `fit`."""
    import tensorflow as tf

    net.compile(optimizer=optimiser, loss=criterion)
    fed = tf.data.Dataset.from_tensor_slices(tuple(map(tf.stack, zip(*data, strict=True)))).repeat()

    def run(steps: int) -> None:
        for _ in range(steps // FIT_STEPS):
            net.fit(fed, epochs=1, steps_per_epoch=FIT_STEPS, shuffle=False, verbose=0)

    return timed(restart, run, first=FIT_STEPS)


LOOPS: dict[str, Callable[[str, str, int], Timed]] = {
    "torch": torch_loop,
    "jax": jax_loop,
    "tensorflow": tensorflow_loop,
}
