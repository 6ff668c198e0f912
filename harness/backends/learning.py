"""What a training does to its model, asked of the very function that is timed.

From the starting weights: the gradients of the first step, what the model holds after a few steps, and the
losses of more steps with what it holds after those. A workload that is too large for a reference of all
its samples is asked for a part of each batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.workloads import sameness
from harness.workloads.training import Training

if TYPE_CHECKING:
    from harness.backends.base import Backend, Prepared
    from harness.workloads.base import Workload


def observe(
    backend: Backend[Any], workload: Workload, prepared: Prepared[Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the observations of a training on `inputs`, and leave the model as it was at the start."""
    assert isinstance(workload, Training)  # noqa: S101  (nothing else is prepared with a `learning`)
    assert prepared.learning is not None  # noqa: S101
    arguments = backend.place(workload, workload.proof_inputs(inputs))
    _reset(prepared)
    gradients = prepared.learning.gradients(*arguments)
    losses_of(backend, prepared, arguments, workload.early_steps)
    early = prepared.learning.weights()
    losses = losses_of(backend, prepared, arguments, workload.proof_steps)
    late = prepared.learning.weights()
    _reset(prepared)
    return sameness.observations(workload, losses=losses, gradients=gradients, early=early, late=late)


def losses_of(
    backend: Backend[Any], prepared: Prepared[Any], arguments: tuple[Any, ...], steps: int
) -> Sequence[float]:
    """Return the losses of the first steps from the start."""
    _reset(prepared)
    if prepared.learning is not None and prepared.learning.losses is not None:
        return prepared.learning.losses(steps, arguments)
    return stepped(backend, prepared, arguments, steps)


def stepped(backend: Backend[Any], prepared: Prepared[Any], arguments: tuple[Any, ...], steps: int) -> list[float]:
    """Take so many steps from the weights as they stand; return the loss of each."""
    losses = []
    for _ in range(steps):
        output = prepared.function(*arguments)
        backend.wait(output)
        losses.append(backend.peek(output))
    return losses


def _reset(prepared: Prepared[Any]) -> None:
    if prepared.reset is not None:
        prepared.reset()
