"""Gradients by NumPy alone: what a network's reference step is made of.

A `Node` is an array that remembers what it was made from and how a gradient goes back to it. There are
as many operations here as the networks need; each is held to finite differences by a test. Arrays keep
the type they come in: the reference is float64, and the NumPy backend runs the same code in float32.

What an operation returns may share memory with what it was given, so nothing is written into a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pull = Callable[[Array], tuple[Array | None, ...]]  # the gradient of a result -> that of each parent

GELU_CUBE = 0.044715
MATRIX = 2  # axes


class Node:
    """An array, and how its gradient goes back to those it was made from."""

    __slots__ = ("parents", "pull", "value")

    def __init__(self, value: Array, parents: tuple[Node, ...] = (), pull: Pull | None = None) -> None:
        self.value = value
        self.parents = parents
        self.pull = pull

    def __add__(self, other: Node) -> Node:
        return add(self, other)

    def __mul__(self, other: Node) -> Node:
        return multiply(self, other)

    def __matmul__(self, other: Node) -> Node:
        return product(self, other)


def backward(result: Node) -> dict[int, Array]:
    """Return the gradients of `result`, a single number, by the identity of each node that led to it."""
    found: dict[int, Array] = {id(result): np.ones_like(result.value)}
    for node in reversed(_in_order(result)):
        if node.pull is None or id(node) not in found:
            continue
        upstream = found.pop(id(node)) if node.parents else found[id(node)]
        for parent, gradient in zip(node.parents, node.pull(upstream), strict=True):
            if gradient is not None:
                found[id(parent)] = found[id(parent)] + gradient if id(parent) in found else gradient
    return found


def _in_order(result: Node) -> list[Node]:
    """Return all that led to `result`, each after its parents; without recursion, for chains are long."""
    order: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(result, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order


# -- corners -------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Corners:
    """Where a gradient jumps: relu at zero, and a maximum that two elements share.

    An element within `reach` of a corner, relative to the largest of its array, may lie on either side of it
    in shorter arithmetic; what it lets through is a whole gradient and no rounding error. They are counted,
    and by `lean` all of them are sent to one side: 1 closes a relu that is hardly open and takes the last of
    nearly equal elements, -1 opens a relu that is hardly closed.
    """

    reach: float
    lean: int = 0
    met: int = 0

    def passes(self, values: Array) -> NDArray[np.bool_]:
        """Return which elements a relu lets through on the way back."""
        near = self.reach * float(np.max(np.abs(values), initial=0.0))
        self.met += int(np.sum(np.abs(values) < near))
        open_: NDArray[np.bool_] = values > self.lean * near
        return open_

    def chosen(self, windows: Array, largest: Array) -> NDArray[np.intp]:
        """Return which element of each window, along the last axis, is its largest."""
        best = np.take_along_axis(windows, largest[..., None], axis=-1)
        near = self.reach * float(np.max(np.abs(best), initial=0.0))
        close = (windows >= best - near) & (best > near)  # where all are zero, a relu before it lets nothing through
        self.met += int(np.sum(close)) - int(np.sum(np.any(close, axis=-1)))
        if self.lean <= 0:
            return largest
        last = windows.shape[-1] - 1 - np.argmax(close[..., ::-1], axis=-1)
        return np.where(np.any(close, axis=-1), last, largest)


_watched: list[Corners] = []


@contextmanager
def watching(corners: Corners) -> Iterator[Corners]:
    """Have `corners` asked about every relu and maximum that is made meanwhile."""
    _watched.append(corners)
    try:
        yield corners
    finally:
        _watched.pop()


# -- arithmetic ----------------------------------------------------------------------------------


def _as(gradient: Array, like: Array) -> Array:
    """Sum a gradient over the axes along which `like` was repeated."""
    extra = gradient.ndim - like.ndim
    axes = tuple(range(extra)) + tuple(
        axis + extra for axis, length in enumerate(like.shape) if length == 1 and gradient.shape[axis + extra] != 1
    )
    return gradient.sum(axis=axes).reshape(like.shape) if axes else gradient


def add(a: Node, b: Node) -> Node:
    """``a + b``, repeated where shapes ask for it."""
    return Node(a.value + b.value, (a, b), lambda up: (_as(up, a.value), _as(up, b.value)))


def multiply(a: Node, b: Node) -> Node:
    """``a * b`` element by element."""
    return Node(a.value * b.value, (a, b), lambda up: (_as(up * b.value, a.value), _as(up * a.value, b.value)))


def scale(a: Node, factor: float) -> Node:
    """``factor * a``."""
    kind = a.value.dtype.type
    return Node(a.value * kind(factor), (a,), lambda up: (up * kind(factor),))


def product(a: Node, b: Node) -> Node:
    """Matrix product over the last two axes; a matrix `b` may meet many in `a`."""
    if b.value.ndim == MATRIX < a.value.ndim:
        rows = reshape(a, (-1, a.value.shape[-1]))
        return reshape(product(rows, b), (*a.value.shape[:-1], b.value.shape[-1]))
    return Node(
        a.value @ b.value,
        (a, b),
        lambda up: (_as(up @ np.swapaxes(b.value, -1, -2), a.value), _as(np.swapaxes(a.value, -1, -2) @ up, b.value)),
    )


# -- shape ---------------------------------------------------------------------------------------


def reshape(a: Node, shape: tuple[int, ...]) -> Node:
    """The same elements in another shape."""
    return Node(a.value.reshape(shape), (a,), lambda up: (up.reshape(a.value.shape),))


def transpose(a: Node, axes: Sequence[int]) -> Node:
    """Axes in another order."""
    return Node(a.value.transpose(axes), (a,), lambda up: (up.transpose(np.argsort(axes)),))


def part(a: Node, index: Any) -> Node:
    """``a[index]`` for slices and whole numbers."""

    def pull(up: Array) -> tuple[Array]:
        gradient = np.zeros_like(a.value)
        gradient[index] = up
        return (gradient,)

    return Node(a.value[index], (a,), pull)


def join(nodes: Sequence[Node], axis: int = -1) -> Node:
    """Arrays one after the other along an axis."""
    ends = np.cumsum([node.value.shape[axis] for node in nodes])[:-1]
    return Node(
        np.concatenate([node.value for node in nodes], axis=axis),
        tuple(nodes),
        lambda up: tuple(np.split(up, ends, axis=axis)),
    )


def stack(nodes: Sequence[Node], axis: int) -> Node:
    """Arrays side by side along a new axis."""
    count = len(nodes)
    return Node(
        np.stack([node.value for node in nodes], axis=axis),
        tuple(nodes),
        lambda up: tuple(np.take(up, place, axis=axis) for place in range(count)),
    )


def take(table: Node, rows: Array) -> Node:
    """Rows of a table; the gradients of a row that was taken more than once add up."""

    def pull(up: Array) -> tuple[Array]:
        gradient = np.zeros_like(table.value)
        np.add.at(gradient, rows.reshape(-1), up.reshape(-1, table.value.shape[-1]))
        return (gradient,)

    return Node(table.value[rows], (table,), pull)


def mean(a: Node, axes: tuple[int, ...]) -> Node:
    """The mean over some axes, which go."""
    count = math.prod(a.value.shape[axis] for axis in axes)

    def pull(up: Array) -> tuple[Array]:
        wide = np.expand_dims(up, axes) / up.dtype.type(count)
        return (np.broadcast_to(wide, a.value.shape),)

    return Node(a.value.mean(axis=axes), (a,), pull)


# -- activations ---------------------------------------------------------------------------------


def relu(a: Node) -> Node:
    """``max(a, 0)``."""
    passes = _watched[-1].passes(a.value) if _watched else a.value > 0
    return Node(np.maximum(a.value, 0), (a,), lambda up: (up * passes,))


def tanh(a: Node) -> Node:
    """The hyperbolic tangent."""
    value = np.tanh(a.value)
    return Node(value, (a,), lambda up: (up * (1 - value * value),))


def sigmoid(a: Node) -> Node:
    """``1 / (1 + exp(-a))``, through tanh, which cannot overflow."""
    value = (1 + np.tanh(a.value / 2)) / 2
    return Node(value, (a,), lambda up: (up * value * (1 - value),))


def gelu(a: Node) -> Node:
    """The form with tanh, as GPT-2 has it."""
    root = a.value.dtype.type(math.sqrt(2 / math.pi))
    x = a.value
    bent = np.tanh(root * (x + GELU_CUBE * x**3))

    def pull(up: Array) -> tuple[Array]:
        slope = 0.5 * (1 + bent) + 0.5 * x * (1 - bent * bent) * root * (1 + 3 * GELU_CUBE * x * x)
        return (up * slope,)

    return Node(0.5 * x * (1 + bent), (a,), pull)


ACTIVATIONS: dict[str, Callable[[Node], Node]] = {"relu": relu, "gelu": gelu, "tanh": tanh, "sigmoid": sigmoid}


def softmax(a: Node, allowed: Array | None = None) -> Node:
    """Shares along the last axis; what is not allowed gets none."""
    shown = a.value if allowed is None else np.where(allowed, a.value, -np.inf)
    raised = np.exp(shown - shown.max(axis=-1, keepdims=True))
    value = raised / raised.sum(axis=-1, keepdims=True)
    return Node(value, (a,), lambda up: (value * (up - (up * value).sum(axis=-1, keepdims=True)),))


# -- layers that NumPy has no word for ----------------------------------------------------------


def convolve(x: Node, kernel: Node, *, stride: int, padding: int) -> Node:
    """Cross-correlation of images (batch, height, width, channels) with a kernel (height, width, in, out)."""
    high, wide, channels, out = kernel.value.shape
    padded = np.pad(x.value, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    windows = _windows(padded, high, wide, stride)  # batch, rows, columns, channels, high, wide
    count, rows, columns = windows.shape[:3]
    flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, high * wide * channels)
    matrix = kernel.value.reshape(-1, out)

    def pull(up: Array) -> tuple[Array, Array]:
        above = up.reshape(-1, out)
        gradient = np.zeros_like(padded)
        spread = (above @ matrix.T).reshape(count, rows, columns, high, wide, channels)
        for i in range(high):
            for j in range(wide):
                gradient[:, i : i + stride * rows : stride, j : j + stride * columns : stride] += spread[:, :, :, i, j]
        inner = gradient[:, padding : padding + x.value.shape[1], padding : padding + x.value.shape[2]]
        return inner, (flat.T @ above).reshape(kernel.value.shape)

    return Node((flat @ matrix).reshape(count, rows, columns, out), (x, kernel), pull)


def _windows(padded: Array, high: int, wide: int, stride: int) -> Array:
    views = np.lib.stride_tricks.sliding_window_view(padded, (high, wide), axis=(1, 2))
    return views[:, ::stride, ::stride]


def max_pool(x: Node, *, size: int, stride: int, padding: int = 0) -> Node:
    """The largest of each window. Of equal ones the first has the gradient."""
    low = np.asarray(-np.inf, x.value.dtype)
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    padded = np.pad(x.value, around, constant_values=low) if padding else x.value
    windows = _windows(padded, size, size, stride)
    count, rows, columns, channels = windows.shape[:4]
    flat = windows.reshape(count, rows, columns, channels, size * size)
    largest = flat.argmax(axis=-1)
    which = _watched[-1].chosen(flat, largest) if _watched else largest

    def pull(up: Array) -> tuple[Array]:
        gradient = np.zeros_like(padded)
        for place in range(size * size):
            i, j = divmod(place, size)
            gradient[:, i : i + stride * rows : stride, j : j + stride * columns : stride] += up * (which == place)
        return (gradient[:, padding : padding + x.value.shape[1], padding : padding + x.value.shape[2]],)

    return Node(np.take_along_axis(flat, largest[..., None], axis=-1)[..., 0], (x,), pull)


def normalised(x: Node, axes: tuple[int, ...], epsilon: float) -> Node:
    """Mean zero and variance one over `axes`; the variance is the one that divides by the count."""
    centre = x.value - x.value.mean(axis=axes, keepdims=True)
    root = 1 / np.sqrt((centre * centre).mean(axis=axes, keepdims=True) + x.value.dtype.type(epsilon))
    value = centre * root

    def pull(up: Array) -> tuple[Array]:
        level = up.mean(axis=axes, keepdims=True)
        tilt = (up * value).mean(axis=axes, keepdims=True)
        return (root * (up - level - value * tilt),)

    return Node(value, (x,), pull)


# -- losses, each the mean over what there is to be right about -----------------------------------


def sparse_cross_entropy(logits: Node, labels: Array) -> Node:
    """Cross-entropy of class numbers."""
    classes = logits.value.shape[-1]
    wanted = np.zeros_like(logits.value).reshape(-1, classes)
    flat = labels.reshape(-1)
    wanted[np.arange(flat.size), flat] = 1
    return categorical_cross_entropy(logits, wanted.reshape(logits.value.shape))


def categorical_cross_entropy(logits: Node, wanted: Array) -> Node:
    """Cross-entropy of shares that sum to one."""
    shifted = logits.value - logits.value.max(axis=-1, keepdims=True)
    raised = np.exp(shifted)
    total = raised.sum(axis=-1, keepdims=True)
    count = logits.value.dtype.type(logits.value.size // logits.value.shape[-1])
    value = -(wanted * (shifted - np.log(total))).sum() / count
    return Node(np.asarray(value), (logits,), lambda up: (up * (raised / total - wanted) / count,))


def binary_cross_entropy(logits: Node, wanted: Array) -> Node:
    """Cross-entropy of yes or no, each output for itself, from logits."""
    x = logits.value
    value = (np.maximum(x, 0) - x * wanted + np.log1p(np.exp(-np.abs(x)))).mean()
    share = (1 + np.tanh(x / 2)) / 2
    return Node(np.asarray(value), (logits,), lambda up: (up * (share - wanted) / x.dtype.type(x.size),))


def mean_squared_error(outputs: Node, wanted: Array) -> Node:
    """The mean of squares."""
    apart = outputs.value - wanted
    count = apart.dtype.type(apart.size)
    return Node(np.asarray((apart * apart).mean()), (outputs,), lambda up: (up * 2 * apart / count,))


LOSSES: dict[str, Callable[[Node, Array], Node]] = {
    "sparse": sparse_cross_entropy,
    "categorical": categorical_cross_entropy,
    "binary": binary_cross_entropy,
    "squared": mean_squared_error,
}
