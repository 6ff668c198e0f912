"""What a backend is, in two halves.

`BackendInfo` is all that is known of a backend without importing its framework: the planner, the
command line and the launcher read it. `Backend` is the heavy half, built only inside a worker.

Whatever a backend does not refuse in its `BackendInfo` must work; the contract in
`harness.testing.contract` holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from harness.core.device import Device
    from harness.core.math_mode import MathMode
    from harness.workloads.base import Arrays, Workload

T = TypeVar("T")

AS_WRITTEN = "as-written"
COMPILED = "compiled"
BOTH = "both"  # ranked in either class
UNRANKED = "-"


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One way of using a framework, and the class in which it is ranked."""

    name: str
    mode_class: str


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Why something is not here, and the command that mends it."""

    reason: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.reason}; {self.command}" if self.command else self.reason


def _no_environment(device: Device, mode: str) -> Mapping[str, str]:
    del device, mode
    return {}


def _refuses_nothing(workload: Workload, mode: str, device: Device) -> str | None:
    del workload, mode, device
    return None


def _lacks_nothing(mode: str, device: Device) -> Remedy | None:
    del mode, device
    return None


@dataclass(frozen=True, kw_only=True)
class BackendInfo:
    """A backend as far as it is known without importing its framework.

    Attributes:
        modes: The first is the default.
        implementation: ``package.module:Class``, loaded in the worker alone.
        requires: Distributions that must be installed, the framework first.
        devices: Kinds of device it can run on, or compile for.
        install: The command that installs it, by kind of device (``cpu``, ``gpu``, ``tpu``).
        environment: Variables that must be set before the framework is imported.
        refuses: A reason, for what this backend declares it does not do.
        lacks: What is missing on this machine for a mode, a compiler say.

    """

    name: str
    modes: tuple[Mode, ...]
    implementation: str
    requires: tuple[str, ...]
    devices: tuple[str, ...]
    install: Mapping[str, str] = field(default_factory=dict)
    environment: Callable[[Device, str], Mapping[str, str]] = _no_environment
    refuses: Callable[[Workload, str, Device], str | None] = _refuses_nothing
    lacks: Callable[[str, Device], Remedy | None] = _lacks_nothing

    @property
    def default_mode(self) -> str:
        """The mode that a target without one means."""
        return self.modes[0].name

    def mode(self, name: str) -> Mode | None:
        """Return the mode called `name`."""
        return next((mode for mode in self.modes if mode.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where an array really is and what it really holds, in the harness's own words."""

    dtype: str
    device: str  # the kind: "cpu", "gpu", "tpu"
    shape: tuple[int, ...]
    address: int | None = None  # where its memory begins, of a view the memory it looks at; None is not known


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The order in which a backend keeps the axes of some arrays, where it is not the workload's own.

    Axis ``i`` of an array as it is kept is axis ``axes[i]`` of the array that the workload states; None
    is its own order. The harness turns arrays round where it compares, never while it times.
    """

    name: str
    inputs: tuple[tuple[int, ...] | None, ...]
    outputs: tuple[tuple[int, ...] | None, ...]

    def backward(self, differentiated: Sequence[int]) -> Layout:
        """Return the same with the upstream gradient as last input, and a gradient of each of `differentiated`."""
        gradients = tuple(self.inputs[index] for index in differentiated)
        return Layout(name=self.name, inputs=(*self.inputs, self.outputs[0]), outputs=(*self.outputs, *gradients))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What an operation may depend on beside its workload."""

    device: Device
    mode: str
    math: MathMode


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A workload's forward function in a framework, of its inputs in their order."""

    function: Callable[..., Any]
    layout: Layout | None = None
    tags: tuple[str, ...] = ()  # what a reader of the number should know: an algorithm, say


# Makes a workload's operation in one framework; a function alone is an operation without a layout.
Maker = Callable[[Any, Setting], Operation | Callable[..., Any]]


def _never_compiles() -> int:
    return 0


@dataclass(frozen=True, kw_only=True)
class Learning(Generic[T]):
    """What can be asked of a training that was made ready, beside a step.

    Arrays go by the workload's names and lie as the workload states them; they are copies.

    Attributes:
        weights: All weights, and all running statistics, as they stand.
        gradients: Of every weight, on the first batch of the arguments given, at the weights as they
            stand, by the very loss that a step makes small; changes nothing.
        describe: Where the weights are and what they are made of.
        predict: What the model gives for a batch of features, at the weights as they stand and with the
            statistics that were kept; features are as arguments are.
        phases: Parts of a step, each a function of a call's arguments that changes nothing: ``forward``
            gives the loss, ``backward`` the loss and the gradients (so it holds ``forward``), ``input``
            brings a batch to the device.
        steps: How many one call takes.
        losses: Takes so many steps from the weights as they stand and gives the loss of each, where a call
            takes more than one; it must run what a call runs.
        forms: Formulas of its own that the backend declares; the workload has a reference for each.

    """

    weights: Callable[[], Mapping[str, Any]]
    gradients: Callable[..., Mapping[str, Any]]
    describe: Callable[[], tuple[Placed, ...]]
    predict: Callable[..., T] | None = None
    phases: Mapping[str, Callable[..., T]] = field(default_factory=dict)
    steps: int = 1
    losses: Callable[[int, tuple[Any, ...]], Sequence[float]] | None = None
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Goal(Generic[T]):
    """What can be asked of a training that goes on until it has come to something; each call is a whole one.

    Attributes:
        quality: What the model comes to in all the epochs that it may take.
        epoch: One epoch alone, from the weights as they stand, with the fence and the look that end each. Blocks
            are primed with it, and time is proved on it, for a training is nothing but epochs and may last minutes.
        ended: With how many epochs each call so far came to the goal, in their order; none where it did not.

    """

    quality: Callable[[], Mapping[str, Any]]
    epoch: Callable[..., T]
    ended: Callable[[], Sequence[int | None]]


@dataclass(frozen=True, kw_only=True)
class Prepared(Generic[T]):
    """A workload made ready to be called: ``function(*arguments)`` is what is timed.

    `function` only dispatches; `Backend.wait` is the fence. Arrays are arguments, never closed over,
    or a compiler folds them into the program. `reset` runs untimed before each block where the work
    changes its own state. `compilations` counts traces or compilations so far, and `compiling_s` says how long
    the framework traced and compiled in this process so far, where it tells. `layout` says how arrays lie where
    that is not as the workload states them. `learning` is there where the work is a training, and
    `goal` where a call is a whole training to a quality.
    """

    function: Callable[..., T]
    arguments: tuple[Any, ...]
    reset: Callable[[], None] | None = None
    compilations: Callable[[], int] = _never_compiles
    compiling_s: Callable[[], float] | None = None
    layout: Layout | None = None
    tags: tuple[str, ...] = ()
    learning: Learning[T] | None = None
    goal: Goal[T] | None = None


def is_out_of_memory(error: BaseException) -> bool:
    """Tell by its name and words whether `error`, or what it was raised from, is a lack of memory.

    No framework is imported for it: the one that raised it may not be the one that asks.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or type(seen).__name__ in _MEMORY_ERRORS:
            return True
        text = str(seen)
        if any(words in text for words in _MEMORY_WORDS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


_MEMORY_ERRORS = ("OutOfMemoryError", "ResourceExhaustedError")
_MEMORY_WORDS = (
    "RESOURCE_EXHAUSTED",  # XLA, under JAX and TensorFlow
    "OOM when allocating",  # TensorFlow
    "out of memory",  # CUDA, HIP and Metal
    "Out of memory",
    "can't allocate memory",  # PyTorch on the CPU
    "not enough memory",
    "std::bad_alloc",
)


class NotHere(Exception):
    """Raised in a worker where a package that a case needs is not installed: the arm is unavailable."""


class DeviceMissing(NotHere):
    """Raised by a backend's constructor where the framework does not see the device."""


class Backend(Protocol[T]):
    """A framework on one device in one mode. One worker process holds exactly one."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Import the framework and take hold of the device, or raise `DeviceMissing`."""

    def facts(self) -> Mapping[str, Any]:
        """Return what numbers depend on: ``framework_version``, ``device_name``, and whatever else matters."""

    def set_math(self, mode: MathMode) -> None:
        """Force the math mode on whatever is prepared or called next."""

    def place(self, workload: Workload, inputs: Arrays) -> tuple[Any, ...]:
        """Copy inputs (in their storage, see `harness.core.dtype`) to the device, as the function's arguments."""

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[T]:
        """Make `workload` ready; nothing is traced, compiled or run yet."""

    def wait(self, output: T) -> None:
        """Return once the device has really finished `output` and all that was dispatched before it."""

    def peek(self, output: T) -> float:
        """Copy one element of `output` to the host and return it."""

    def fetch(self, value: Any) -> tuple[Any, ...]:
        """Copy an output, or arguments, to the host as NumPy arrays; bfloat16 comes back as float32."""

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """Say where an output, or arguments, are and what they hold."""

    def peak_memory(self) -> int | None:
        """Return the most bytes of device memory held so far, where the framework tells."""
