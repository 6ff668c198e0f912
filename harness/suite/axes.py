"""What varies in an entry of a suite: each axis a tuple of parameters and its rows of values.

Lengths are known before anything is made, so that an expansion of ten million cases is refused by
arithmetic alone. Every value carries its place, for what a workload says about it later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.suite.nodes import Findings, Node, Place, shown
from harness.suite.schema import Pow2, Range

Value = tuple[Any, Place]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Parameters that take their values together; `rows` makes them, `length` says how many there will be."""

    names: tuple[str, ...]
    length: int
    rows: Callable[[], Iterable[tuple[Value, ...]]]


def size(axes: Iterable[Axis]) -> int:
    """Return the number of combinations."""
    return math.prod(axis.length for axis in axes)


def matrix_axes(written: Mapping[str, Any], node: Node, findings: Findings) -> list[Axis]:
    """Return one axis for each parameter."""
    axes = []
    for name, spec in written.items():
        made = _values(name, spec, node.get(name), findings)
        if made is None:
            continue
        if isinstance(spec, list):
            _no_twins(name, spec, node.get(name), findings)
        axes.append(Axis(names=(name,), length=made[0], rows=partial(_alone, made[1])))
    return axes


def _alone(values: Callable[[], Iterable[Value]]) -> Iterable[tuple[Value, ...]]:
    return ((value,) for value in values())


def zip_axis(written: Mapping[str, Any], node: Node, findings: Findings) -> Axis | None:
    """Return one axis for all parameters, which must offer equally many values."""
    made = {name: _values(name, spec, node.get(name), findings) for name, spec in written.items()}
    sound = {name: pair for name, pair in made.items() if pair is not None}
    if len(sound) < len(made):
        return None
    lengths = {name: length for name, (length, _) in sound.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        findings.add(node.place, f"zip needs equally many values of each: {listed}", "make the lists equally long")
        return None
    length = next(iter(lengths.values()))
    return Axis(
        names=tuple(sound),
        length=length,
        rows=lambda: zip(*(values() for _, values in sound.values()), strict=True),
    )


def _values(name: str, spec: Any, node: Node, findings: Findings) -> tuple[int, Callable[[], Iterable[Value]]] | None:
    """Return how many values there are, and a function that makes them."""
    if isinstance(spec, list):
        return len(spec), lambda: zip(spec, (item.place for item in node.items), strict=True)
    low, high = spec.pow2 if isinstance(spec, Pow2) else spec.range
    if low > high:
        findings.add(node.place, f"{name}: {low} is above {high}", "write the smaller end first")
        return None
    exact = range(low, high + 1, spec.step if isinstance(spec, Range) else 1)
    if exact[-1] != high:
        findings.add(node.place, f"{name}: steps of {spec.step} from {low} do not reach {high}", f"end at {exact[-1]}")
    if isinstance(spec, Pow2):
        return len(exact), lambda: ((2**exponent, node.place) for exponent in exact)
    return len(exact), lambda: ((number, node.place) for number in exact)


def _no_twins(name: str, values: list[Any], node: Node, findings: Findings) -> None:
    seen: dict[str, Place] = {}
    for value, item in zip(values, node.items, strict=True):
        if seen.setdefault(repr(value), item.place) is not item.place:
            findings.add(item.place, f"{shown(value)} is already a value of {name}", "remove one")
