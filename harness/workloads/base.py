"""What a workload is: parameters, inputs from a seed, a float64 answer, a count of the work.

A workload is a frozen dataclass whose fields are its parameters, so that two cases are the same
exactly when they compare equal, and so that the suite, the documentation and the case key all read
the same declaration. It needs NumPy alone: a worker in a stranger's interpreter can load it.

The answer is stated as named *observations*. Usually there is one per output, the output itself.
Where a full float64 answer would cost too much, a workload observes sampled parts and a random
projection instead; `probe` draws what is sampled, once a run, for every backend alike.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType, narrow, widen
from harness.core.math_mode import MathMode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Arrays = Mapping[str, Any]  # NumPy arrays by name

LARGEST = 2**31 - 1  # what every framework can index with
MOST_AXES = 8  # what every framework can index, reduce and normalise


def parameter(
    doc: str,
    *,
    default: Any = dataclasses.MISSING,
    low: int | None = None,
    high: float = LARGEST,
    choices: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
) -> Any:
    """Declare a parameter: a dataclass field that also says what it means and what it may be.

    `choices` are all the values there are; `words` may stand where otherwise numbers do.
    """
    known = {"doc": doc, "low": low, "high": high, "choices": choices, "words": words}
    return field(default=default, metadata=known)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What is known of one parameter, for the suite's reader, its schema and the docs."""

    name: str
    kind: str  # "integer", "number", "boolean", "text", "integers" (a list), and one of `choices` where there are any
    doc: str
    required: bool
    default: Any
    low: int | None
    choices: tuple[str, ...]
    high: float = LARGEST
    words: tuple[str, ...] = ()  # that stand for a value of this kind


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a value cannot be a parameter's."""

    parameter: str
    message: str
    hint: str | None = None


def shape_problems(shape: tuple[int, ...]) -> list[Problem]:
    """Return why `shape` cannot be an array's: it needs one to eight axes and a length that can be held."""
    if not 1 <= len(shape) <= MOST_AXES:
        return [Problem(parameter="shape", message=f"shape needs between 1 and {MOST_AXES} axes")]
    if math.prod(shape) >= 2**40:
        return [Problem(parameter="shape", message="that array is more than any device holds")]
    return []


class ParameterError(Exception):
    """Some values do not fit; all of them are named."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.parameter}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far an answer may lie from the reference, and why.

    `bound` is for the largest error over the scale of the observation. `least_bits` and `most_bits`
    bound the effective precision: an answer that is too good for the math mode named was computed
    in another one.
    """

    bound: float
    reason: str
    least_bits: float | None = None
    most_bits: float | None = None


@dataclass(frozen=True, kw_only=True)
class Workload(ABC):
    """The common part of all workloads."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    summary: ClassVar[str]
    dtypes: ClassVar[tuple[DType, ...]] = (DType.FLOAT64, DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16)
    directions: ClassVar[tuple[str, ...]] = ("forward",)
    serves: ClassVar[bool] = False  # its latency is what is asked for: more single calls are timed
    moves: ClassVar[bool] = False  # the work is to write the answer elsewhere: no view of an input is one

    dtype: str = parameter("element type", default="float32", choices=tuple(DType)[:5])
    math: str = parameter("arithmetic of float32 products", default="ieee", choices=tuple(MathMode))
    direction: str = parameter("what is computed", default="forward", choices=("forward", "forward_backward"))
    cache: str = parameter(
        "warm: the same inputs each call; cold: more copies than the last-level cache holds, in turn",
        default="warm",
        choices=("warm", "cold"),
    )
    distribution: str = parameter("how inputs are drawn", default="normal", choices=("normal", "uniform"))

    # -- what a workload states ------------------------------------------------------------------

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Yield small cases that touch every parameter; the contract tries them on every backend.

        The first is the plain one and the second shows all that is unusual: a mode that compiles for
        seconds is tried with these two alone unless it is asked for more.
        """
        yield from ()

    @abstractmethod
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of each input, in the order in which a function takes them."""

    @abstractmethod
    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Return the shape of each output."""

    @abstractmethod
    def compute(self, inputs: Arrays) -> tuple[NDArray[Any], ...]:
        """Return the outputs, computed by NumPy in whatever type `inputs` come in."""

    @abstractmethod
    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """Say how far from `reference` a right answer may lie."""

    def flops(self) -> int | None:
        """Return the floating-point operations of the mathematics, where counting them means something."""
        return None

    def least_flops_share(self) -> float:
        """Return the least share of `flops` that a known algorithm needs: no rate above that is possible."""
        return 1.0

    def moved_bytes(self) -> int:
        """Return the bytes that must move: each input read once, each output written once."""
        return self.input_bytes() + self.output_bytes()

    def items(self) -> tuple[int, str] | None:
        """Return how many things a call works through and what they are called (images, tokens)."""
        return None

    def problems(self) -> list[Problem]:
        """Return what is impossible in this combination of parameters, each alone being fine."""
        return []

    def output_dtypes(self) -> tuple[DType, ...]:
        """Return the element type of each output."""
        return tuple(self.result_dtype for _ in self.output_shapes())

    def input_dtypes(self) -> dict[str, DType]:
        """Return the element type of each input: the type under test, but for indices."""
        return dict.fromkeys(self.input_shapes(), self.element)

    def reference(self, inputs: Arrays, probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """Return the observations of the right answer, from inputs widened to float64."""
        return self.observe(self.compute(inputs), probe)

    def probe(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Draw what is sampled where the full answer would cost too much; nothing by default."""
        del rng
        return {}

    def observe(self, outputs: tuple[NDArray[Any], ...], probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """Return the observations of an answer, comparable with those of `reference`."""
        import numpy as np

        del probe
        return {f"output{index}": np.asarray(output, dtype=np.float64) for index, output in enumerate(outputs)}

    def arguments(self) -> tuple[str, ...]:
        """Return the inputs that a call is given; all others, weights say, are bound when it is made ready."""
        return tuple(self.input_shapes())

    def varied(self, inputs: Arrays) -> dict[str, Any]:
        """Return inputs of the same shapes and types whose arguments should lead to another answer.

        They are halved (exactly, but for subnormals), and each is shifted further than the one before,
        or factors of a product would meet the same partners again.
        """
        kinds, given = self.input_dtypes(), self.arguments()
        places = {name: place for place, name in enumerate(given, start=1)}
        return {
            name: _halved(_shifted(array, places[name]), kinds[name]) if name in places else array
            for name, array in inputs.items()
        }

    def stillness(self, tolerance: Tolerance) -> float:
        """Return up to which difference the answer to other inputs counts as the same one."""
        return tolerance.bound

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """Return what errors of each observation are divided by: max |reference| unless said otherwise."""
        import numpy as np

        del inputs
        return {name: float(np.max(np.abs(values))) or 1.0 for name, values in reference.items()}

    # -- what follows from it --------------------------------------------------------------------

    @property
    def element(self) -> DType:
        """The element type as a value."""
        return DType(self.dtype)

    @property
    def result_dtype(self) -> DType:
        """The type of the result: int8 products are summed, and returned, in int32."""
        return DType.INT32 if self.element is DType.INT8 else self.element

    @property
    def accumulator(self) -> DType:
        """The least type that sums may be kept in under ``ieee``."""
        return {DType.FLOAT64: DType.FLOAT64, DType.INT8: DType.INT32}.get(self.element, DType.FLOAT32)

    def inputs(self, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """Draw the inputs, rounded to the element type, in its storage."""
        kinds = self.input_dtypes()
        return {name: narrow(self._draw(rng, shape), kinds[name]) for name, shape in self.input_shapes().items()}

    def widened(self, stored: Arrays) -> dict[str, NDArray[np.float64]]:
        """Return the float64 values of inputs in storage; exact."""
        kinds = self.input_dtypes()
        return {name: widen(array, kinds[name]) for name, array in stored.items()}

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        import numpy as np

        kind = np.float64 if self.element is DType.FLOAT64 else np.float32
        if self.distribution == "uniform":
            drawn = (rng.random(shape, dtype=kind) * 2 - 1) * kind(3**0.5)  # variance 1, like the normal
        else:
            drawn = rng.standard_normal(shape, dtype=kind)
        return drawn * kind(32) if self.element is DType.INT8 else drawn

    @property
    def fed_from_host(self) -> bool:
        """Whether a call's arguments lie in the host's memory, and bringing them to the device is part of the work."""
        return False

    @property
    def arithmetic(self) -> str:
        """The type that products are done in, which decides the ceiling."""
        return self.dtype

    def held_bytes(self) -> int:
        """Return what an arm holds at the least: inputs, a second set of them for checks, and a few outputs."""
        return 2 * self.input_bytes() + 3 * self.output_bytes()

    def reference_bytes(self) -> int:
        """Return what it takes at the least to work out the reference: inputs and answer are held."""
        return self.input_bytes() + self.output_bytes()

    def input_bytes(self) -> int:
        """Return the size of all inputs."""
        kinds = self.input_dtypes()
        return sum(_count(shape) * kinds[name].itemsize for name, shape in self.input_shapes().items())

    def output_bytes(self) -> int:
        """Return the size of all outputs."""
        pairs = zip(self.output_shapes(), self.output_dtypes(), strict=True)
        return sum(_count(shape) * dtype.itemsize for shape, dtype in pairs)

    def params(self) -> dict[str, Any]:
        """Return all parameters as plain values."""
        return {name: _plain(getattr(self, name)) for name in self.parameters()}

    @property
    def key(self) -> str:
        """The identity of this case across suites, seeds and nights.

        Fields that stand at their default are left out, so that a new parameter never breaks history.
        """
        differing = {
            name: value
            for name, value in self.params().items()
            if (known := self.parameters()[name]).required or value != _plain(known.default)
        }
        text = json.dumps(
            {"workload": self.name, "version": self.version, "params": differing},
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Return the parameters by name, own ones first."""
        return _parameters(cls)

    @classmethod
    def make(cls, values: Mapping[str, Any]) -> typing.Self:
        """Build a workload from plain values, or raise with everything that is wrong with them."""
        known = cls.parameters()
        problems = [
            Problem(parameter=name, message=f"{cls.name} has no parameter {name!r}", hint=_meant(name, tuple(known)))
            for name in values
            if name not in known
        ]
        problems += [
            Problem(parameter=name, message=f"{cls.name} needs {name} ({spec.doc})")
            for name, spec in known.items()
            if spec.required and name not in values
        ]
        problems += [
            problem
            for name, value in values.items()
            if name in known and (problem := _misfit(known[name], value)) is not None
        ]
        if problems:
            raise ParameterError(problems)
        made = cls(**{name: _held(known[name], value) for name, value in values.items()})
        problems = made._impossible()
        if problems:
            raise ParameterError(problems)
        return made

    def _impossible(self) -> list[Problem]:
        problems = []
        if self.element not in self.dtypes:
            problems.append(Problem(parameter="dtype", message=f"{self.name} is not defined for {self.dtype}"))
        if self.direction not in self.directions:
            listed = ", ".join(self.directions)
            problems.append(
                Problem(parameter="direction", message=f"{self.name} has no {self.direction}", hint=f"it has {listed}")
            )
        if self.math == MathMode.TF32 and self.element is not DType.FLOAT32:
            problems.append(Problem(parameter="math", message=f"tf32 is a way to multiply float32, not {self.dtype}"))
        return problems or self.problems()


@cache  # read for each parameter of each case; a suite may have 10,000
def _parameters(cls: type[Workload]) -> dict[str, Parameter]:
    hints = typing.get_type_hints(cls)
    common = {known.name for known in dataclasses.fields(Workload)}
    fields = sorted(dataclasses.fields(cls), key=lambda known: known.name in common)
    return {
        known.name: Parameter(
            name=known.name,
            kind=_kind(hints[known.name]),
            doc=known.metadata["doc"],
            required=known.default is dataclasses.MISSING,
            default=None if known.default is dataclasses.MISSING else known.default,
            low=known.metadata["low"],
            high=known.metadata["high"],
            choices=tuple(str(choice) for choice in known.metadata["choices"]),
            words=known.metadata["words"],
        )
        for known in fields
    }


def _held(spec: Parameter, value: Any) -> Any:
    """Return a value as a workload holds it: `1` for a number is `1.0`, or one case would have two keys."""
    if spec.kind == "number":
        return float(value)
    return tuple(value) if isinstance(value, list) else value


def _shifted(stored: Any, places: int) -> Any:
    import numpy as np

    return np.roll(np.asarray(stored).reshape(-1), places).reshape(np.shape(stored))


def _halved(stored: Any, element: DType) -> Any:
    if element.is_integer:
        return stored >> 1
    if element.storage == element.value:
        return stored * stored.dtype.type(0.5)
    return narrow(widen(stored, element) * 0.5, element)


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for length in shape:
        total *= length
    return total


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _kind(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin in (tuple, list):
        return "integers"
    if origin in (typing.Union, types.UnionType):
        return _kind(next(arm for arm in typing.get_args(hint) if arm is not type(None)))
    return {int: "integer", float: "number", bool: "boolean", str: "text"}[hint]


def _meant(name: str, known: tuple[str, ...]) -> str:
    from harness.core.plugins import suggestion

    return suggestion(name, known)


def _misfit(spec: Parameter, value: Any) -> Problem | None:
    """Say why `value` cannot be this parameter's; a boolean is never taken for an integer."""
    if isinstance(value, str) and value in spec.words:
        return None
    match spec.kind:
        case "boolean":
            fits = isinstance(value, bool)
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "integers":
            fits = isinstance(value, list | tuple) and all(
                isinstance(item, int) and not isinstance(item, bool) for item in value
            )
        case _:
            fits = isinstance(value, str)
    if not fits:
        wanted = {
            "boolean": "true or false",
            "integer": "a whole number",
            "number": "a number",
            "integers": "a list of whole numbers",
        }
        described = " or ".join((wanted.get(spec.kind, "text"), *spec.words))
        return Problem(parameter=spec.name, message=f"{spec.name} must be {described}")
    if spec.choices and value not in spec.choices:
        return Problem(
            parameter=spec.name,
            message=f"{spec.name} cannot be {str(value)[:40]!r}",
            hint=_meant(str(value)[:40], spec.choices),
        )
    numbers = value if spec.kind == "integers" else [value] if spec.kind in ("integer", "number") else []
    low = 0 if spec.low is None else spec.low
    if any(not low <= number <= spec.high for number in numbers):
        return Problem(parameter=spec.name, message=f"{spec.name} must lie between {low} and {spec.high}")
    return None
