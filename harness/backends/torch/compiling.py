"""``torch.compile``, so that each case is compiled for itself alone, as it is in a process of its own.

The compiler keeps what it compiled by code object, and gives up on the ninth version of one. It also
remembers, by the line that a function stands on, which sizes it has seen there: the second size would be
compiled for every size (torch 2.13). Many cases run in one of our processes, so each gets a code object of
its own, and sizes are taken as they are.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from harness.workloads.network.lstm import Lstm

if TYPE_CHECKING:
    from harness.workloads.network.spec import Network

Function = Callable[..., Any]
NOTHING_COMPILED = "nothing-compiled"
WHOLE = "total_wall_time"  # of the compiler's own phases: their sum


def take_sizes_as_they_are() -> None:
    """Compile for the sizes that are seen.

    This says to the whole process what `dynamic=False` says to one function, which costs 2 % of a call of
    300 us (torch 2.13).
    """
    import torch._dynamo

    torch._dynamo.config.automatic_dynamic_shapes = False  # noqa: SLF001  (where its users set it)


def compiled(function: Function) -> Any:
    """Compile a function on its own, as its users do: without an option.

    Each sees one shape, so no option would be of use, and `fullgraph=True` too costs about 2 % of such a
    call.
    """
    return torch.compile(_of_its_own(function))


def compiled_model(model: Any) -> Any:
    """Compile a model, as its users do, after it was made the only one of its class."""
    kind = type(model)
    model.__class__ = type(kind.__name__, (kind,), {"forward": _of_its_own(kind.forward)})
    return torch.compile(model)


def tags_of(network: Network) -> tuple[str, ...]:
    """Return what a reader should know: the compiler leaves ``nn.LSTM`` alone, and with it whoever calls it.

    Without a word: it was meant for a model's other parts, but of ours nothing is left (torch 2.13).
    """
    return (NOTHING_COMPILED,) if isinstance(network, Lstm) else ()


def count_graphs() -> int:
    """Return how many graphs were traced in this process so far."""
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])


def own_clock() -> Callable[[], float] | None:
    """Return what tells how long the compiler was at work in this process so far, forward and backward.

    Nothing where this PyTorch has no such thing: it is no part of what its users are promised.
    """
    import torch._dynamo.utils as told

    spent = getattr(told, "calculate_time_spent", None)
    if spent is None or WHOLE not in spent():
        return None
    return lambda: float(spent()[WHOLE])


def _of_its_own(function: Function) -> Function:
    """Return `function` with a code object of its own.

    The lambdas of `operations` share theirs among all workloads of a kind, and so do all models of a class.
    """
    if not isinstance(function, types.FunctionType):  # a stranger's object that can be called
        function = _called(function)
    return types.FunctionType(
        function.__code__.replace(), function.__globals__, function.__name__, None, function.__closure__
    )


def _called(function: Function) -> Any:
    """Return a plain function around anything that can be called."""

    def run(*arrays: Any) -> Any:
        return function(*arrays)

    return run
