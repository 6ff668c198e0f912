"""Layers on the tape, by the names of their weights."""

from __future__ import annotations

from collections.abc import Mapping

from harness.workloads.network import tape
from harness.workloads.network.spec import EPSILON
from harness.workloads.network.tape import Node

Weights = Mapping[str, Node]


def dense(w: Weights, name: str, x: Node) -> Node:
    """``x @ kernel + bias``."""
    result = x @ w[f"{name}.kernel"]
    return result + w[f"{name}.bias"] if f"{name}.bias" in w else result


def convolution(w: Weights, name: str, x: Node, *, stride: int = 1, padding: int = 0) -> Node:
    """A convolution, with its bias where it has one."""
    result = tape.convolve(x, w[f"{name}.kernel"], stride=stride, padding=padding)
    return result + w[f"{name}.bias"] if f"{name}.bias" in w else result


def layer_norm(w: Weights, name: str, x: Node) -> Node:
    """Normalisation of each position over its features."""
    return tape.normalised(x, (-1,), EPSILON) * w[f"{name}.scale"] + w[f"{name}.offset"]
