"""Every operation of the tape gives the gradient that finite differences give."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.workloads.network import tape
from harness.workloads.network.tape import Node

Array = NDArray[np.float64]
STEP = 1e-6

RNG = np.random.Generator(np.random.PCG64(5))
LABELS = np.array([2, 0, 1, 1])
ROWS = np.array([[3, 0], [0, 4]])


def drawn(*shape: int) -> Array:
    return RNG.standard_normal(shape)


def one_hot(labels: NDArray[np.int64], classes: int) -> Array:
    return np.eye(classes)[labels]


OPERATIONS: dict[str, tuple[Callable[..., Node], tuple[Array, ...]]] = {
    "add": (tape.add, (drawn(3, 4), drawn(3, 4))),
    "add a row": (tape.add, (drawn(3, 4), drawn(4))),
    "add a column": (tape.add, (drawn(2, 3, 4), drawn(3, 1))),
    "multiply": (tape.multiply, (drawn(3, 4), drawn(4))),
    "scale": (lambda a: tape.scale(a, -1.5), (drawn(3, 4),)),
    "product": (tape.product, (drawn(3, 4), drawn(4, 5))),
    "product of many with one": (tape.product, (drawn(2, 3, 4), drawn(4, 5))),
    "product of many": (tape.product, (drawn(2, 3, 4), drawn(2, 4, 5))),
    "reshape": (lambda a: tape.reshape(a, (6, 2)), (drawn(3, 4),)),
    "transpose": (lambda a: tape.transpose(a, (2, 0, 1)), (drawn(2, 3, 4),)),
    "part": (lambda a: tape.part(a, (..., slice(1, 3))), (drawn(3, 4),)),
    "chosen places": (lambda a: tape.part(a, (slice(None), *np.tril_indices(3, -1))), (drawn(2, 3, 3),)),
    "join": (lambda a, b: tape.join([a, b]), (drawn(3, 2), drawn(3, 4))),
    "stack": (lambda a, b: tape.stack([a, b], axis=1), (drawn(3, 2), drawn(3, 2))),
    "take": (lambda table: tape.take(table, ROWS), (drawn(5, 3),)),
    "mean": (lambda a: tape.mean(a, (1, 2)), (drawn(2, 3, 4, 5),)),
    "relu": (tape.relu, (drawn(3, 4),)),
    "tanh": (tape.tanh, (drawn(3, 4),)),
    "sigmoid": (tape.sigmoid, (drawn(3, 4),)),
    "gelu": (tape.gelu, (drawn(3, 4),)),
    "softmax": (tape.softmax, (drawn(3, 4),)),
    "masked softmax": (lambda a: tape.softmax(a, np.tri(4, dtype=bool)), (drawn(2, 4, 4),)),
    "convolve": (lambda x, w: tape.convolve(x, w, stride=1, padding=1), (drawn(2, 5, 6, 3), drawn(3, 3, 3, 4))),
    "stride": (lambda x, w: tape.convolve(x, w, stride=2, padding=1), (drawn(2, 6, 6, 3), drawn(3, 3, 3, 2))),
    "one by one": (lambda x, w: tape.convolve(x, w, stride=2, padding=0), (drawn(2, 6, 6, 3), drawn(1, 1, 3, 2))),
    "seven by seven": (lambda x, w: tape.convolve(x, w, stride=2, padding=3), (drawn(1, 8, 8, 2), drawn(7, 7, 2, 3))),
    "max-pool": (lambda x: tape.max_pool(x, size=2, stride=2), (drawn(2, 7, 6, 3),)),
    "overlapping max-pool": (lambda x: tape.max_pool(x, size=3, stride=2, padding=1), (drawn(2, 8, 8, 3),)),
    "normalised rows": (lambda x: tape.normalised(x, (-1,), 1e-5), (drawn(3, 6),)),
    "normalised batch": (lambda x: tape.normalised(x, (0, 1, 2), 1e-5), (drawn(3, 4, 4, 2),)),
    "sparse": (lambda a: tape.sparse_cross_entropy(a, LABELS), (drawn(4, 3),)),
    "sparse of sequences": (lambda a: tape.sparse_cross_entropy(a, LABELS.reshape(2, 2)), (drawn(2, 2, 3),)),
    "categorical": (lambda a: tape.categorical_cross_entropy(a, one_hot(LABELS, 3)), (drawn(4, 3),)),
    "binary": (lambda a: tape.binary_cross_entropy(a, one_hot(LABELS, 3)), (drawn(4, 3),)),
    "squared": (lambda a: tape.mean_squared_error(a, np.ones((4, 3))), (drawn(4, 3),)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    operation, arrays = OPERATIONS[name]
    nodes = [Node(array) for array in arrays]
    result = operation(*nodes)
    towards = np.random.Generator(np.random.PCG64(1)).standard_normal(result.value.shape)

    def number(*values: Array) -> float:
        return float((operation(*(Node(value) for value in values)).value * towards).sum())

    weighed = Node(np.asarray((result.value * towards).sum()), (result,), lambda up: (up * towards,))
    found = tape.backward(weighed)
    for place, array in enumerate(arrays):
        gradient = found[id(nodes[place])]
        assert gradient.shape == array.shape
        direction = np.random.Generator(np.random.PCG64(place)).standard_normal(array.shape)
        moved = [array + sign * STEP * direction for sign in (1, -1)]
        ahead, behind = (number(*arrays[:place], value, *arrays[place + 1 :]) for value in moved)
        assert float((gradient * direction).sum()) == pytest.approx((ahead - behind) / (2 * STEP), rel=1e-5, abs=1e-7)


def test_an_array_that_is_used_twice_has_both_gradients() -> None:
    a = Node(np.array([2.0, 3.0]))
    total = tape.mean(tape.multiply(a, a) + a, (0,))
    assert tape.backward(total)[id(a)].tolist() == [2.5, 3.5]


def test_chains_may_be_longer_than_the_stack_is_deep() -> None:
    node = start = Node(np.array(1.0))
    for _ in range(5000):
        node = tape.scale(node, 1.0)
    assert tape.backward(node)[id(start)] == 1.0


def test_losses_are_what_their_definitions_say() -> None:
    logits = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    shares = [[math.exp(x) / sum(map(math.exp, row)) for x in row] for row in logits.tolist()]
    wanted = -(math.log(shares[0][1]) + math.log(shares[1][0])) / 2
    labels = np.array([1, 0])
    assert float(tape.sparse_cross_entropy(Node(logits), labels).value) == pytest.approx(wanted)
    assert float(tape.categorical_cross_entropy(Node(logits), one_hot(labels, 3)).value) == pytest.approx(wanted)
    yes = [1 / (1 + math.exp(-x)) for x in (1.0, 0.0)]
    said = -(math.log(yes[0]) + math.log(1 - yes[1])) / 2
    assert float(tape.binary_cross_entropy(Node(logits[:, :1]), np.array([[1.0], [0.0]])).value) == pytest.approx(said)
    assert float(tape.mean_squared_error(Node(logits), np.zeros((2, 3))).value) == pytest.approx(15.25 / 6)


def test_what_is_large_does_not_overflow() -> None:
    far = Node(np.array([[1e4, -1e4]]))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert float(tape.sparse_cross_entropy(far, np.array([0])).value) == 0.0
        assert float(tape.binary_cross_entropy(far, np.array([[1.0, 0.0]])).value) == 0.0
        assert tape.sigmoid(far).value.tolist() == [[1.0, 0.0]]
