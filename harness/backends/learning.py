"""What a training does to its model.

From the starting weights: the gradients of the first step, what the model holds after a few steps, and the
losses of more steps with what it holds after those. Weights and losses come of the very function that is timed;
it gives no gradients, so those come of another, which works out the same loss. A workload that is too large for
a reference of all its samples is asked for a part of each batch, and then whether the rest of a batch counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.workloads import chaos, sameness
from harness.workloads.accuracy import Accuracy, why_wrong
from harness.workloads.training import STILL, Training

if TYPE_CHECKING:
    from harness.backends.base import Backend, Learning, Prepared
    from harness.core.device import Device
    from harness.workloads.base import Workload
    from harness.workloads.bundle import Bundle

TRIES = 3  # a change of few samples may by chance leave the mean of many where it was


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


def expected(bundle: Bundle, known: Learning[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what observations should be and what errors are divided by, in the backend's declared forms."""
    return sameness.of_form(bundle.reference, known.forms), sameness.of_form(bundle.scales, known.forms)


def judged(bundle: Bundle, known: Learning[Any], seen: Mapping[str, Any]) -> tuple[Accuracy, str | None]:
    """Return how good observations are, and why they cannot be accepted where they cannot."""
    found = sameness.accuracy_of(seen, bundle.reference, bundle.scales, known.forms)
    reason = why_wrong(found, bundle.tolerance) or sameness.why_not(seen, bundle.reference, known.forms)
    return found, reason


def unprovable(workload: Workload, bundle: Bundle, prepared: Prepared[Any], seen: Mapping[str, Any]) -> str | None:
    """Say why nothing tells whether a training that is not accepted is right."""
    if prepared.learning is None:
        return None
    assert isinstance(workload, Training)  # noqa: S101
    return chaos.unprovable(workload, bundle, seen, prepared.learning.forms)


def told(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the columns of a row that only a training has: how far each part is off, and losses of whole batches."""
    if prepared.learning is None:
        return {}
    assert isinstance(workload, Training)  # noqa: S101
    errors = sameness.errors_by_part(seen, bundle.reference, prepared.learning.forms)
    losses = seen[sameness.LOSS]
    if workload.is_sampled or len(losses) < sameness.STEPS:
        losses = losses_of(backend, prepared, prepared.arguments, sameness.STEPS)
        _reset(prepared)
    return {"losses": [float(loss) for loss in losses], **{f"{part}_error": each for part, each in errors.items()}}


def unheard(
    backend: Backend[Any], workload: Workload, prepared: Prepared[Any], inputs: Mapping[str, Any]
) -> str | None:
    """Say where samples that the reference leaves out do not count in a step on a whole batch.

    The last ones of the first batch are changed. By how much its loss moves then, they tell in a batch of their
    own; but with batch normalisation the loss of each sample depends on all others, and there it must move at all.
    """
    if prepared.learning is None or not isinstance(workload, Training) or not workload.is_sampled:
        return None
    few = workload.proof_batch
    share = few / workload.batch

    def first_loss(held: Mapping[str, Any]) -> float:
        return losses_of(backend, prepared, backend.place(workload, held), 1)[0]

    whole, last = first_loss(inputs), first_loss(workload.last_inputs(inputs))
    for _ in range(TRIES):
        inputs = workload.varied_beyond(inputs)
        moved = first_loss(inputs) - whole
        if abs(moved) > STILL * abs(whole):
            break
    else:
        return f"the loss of {workload.batch} samples does not depend on the last of them: a part of a batch is used"
    due = share * (first_loss(workload.last_inputs(inputs)) - last)
    _reset(prepared)
    rounding = (STILL + share * workload.bounds.held.loss) * abs(whole)
    if workload.network.statistics() or abs(moved - due) <= abs(due) / 2 + rounding:
        return None
    return f"the loss of {workload.batch} samples moves by {moved:.3g} where its last {few} account for {due:.3g}"


def misplaced(workload: Workload, prepared: Prepared[Any], device: Device) -> str | None:
    """Say which of a model's weights is elsewhere, or of another type."""
    if prepared.learning is None:
        return None
    assert isinstance(workload, Training)  # noqa: S101
    wanted = (workload.kept_dtype, device.kind)
    for place in prepared.learning.describe():
        if (place.dtype, place.device) != wanted:
            return f"a weight is {place.dtype} on {place.device}, not {wanted[0]} on {wanted[1]}"
    return None


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
