"""Trainings that no arithmetic can follow: where the reference itself parts from itself, nobody is told wrong.

With long steps and few samples a batch, a training may come out somewhere else for every rounding. No bound tells
a right one from a wrong one there. So before an arm is called wrong, the reference trains once more, in float64,
from starting weights that differ by what the arithmetic in question rounds away. Where it then fails by the same
check, in all the parts in which the arm did, the case cannot be proved. What is off in a part in which the
reference still agrees with itself, the gradients of the first step say, is wrong all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.workloads import sameness

if TYPE_CHECKING:
    from harness.workloads.base import Arrays
    from harness.workloads.bundle import Bundle
    from harness.workloads.training import Training

REACH, SHORT_REACH = sameness.REACH, sameness.SHORT_REACH / 2  # of float32's sums; half a step of bfloat16
SEED = 7741


def unprovable(case: Training, bundle: Bundle, seen: Arrays, forms: Sequence[str]) -> str | None:
    """Say that nothing tells whether this training is right, or nothing where something does."""
    import numpy as np

    bound = bundle.tolerance.bound
    apart = sameness.parts_apart(seen, bundle.reference, bundle.scales, forms, bound)
    if not apart or sameness.why_not(seen, bundle.reference, forms) is not None:
        return None
    reach = SHORT_REACH if case.is_short else REACH
    again = trained_beside(case, bundle.inputs, forms, reach)
    itself = sameness.parts_apart(again, bundle.reference, bundle.scales, forms, bound)
    if not apart <= itself:
        return None
    if not np.all(np.isfinite(bundle.reference[sameness.LOSS])):
        return "but in float64 itself this training runs away, to losses that are no numbers; take shorter steps"
    found = sameness.accuracy_of(again, bundle.reference, bundle.scales, forms).max_error
    return (
        f"but in float64 itself this training comes out elsewhere ({found:.3g} where {bound:.3g} is let pass) from "
        f"starting weights that are {reach:.1g} off: it is chaotic, and nothing tells right from wrong; take shorter "
        "steps or larger batches"
    )


def trained_beside(case: Training, inputs: Mapping[str, Any], forms: Sequence[str], reach: float) -> dict[str, Any]:
    """Return what the reference observes of itself from starting weights that are up to `reach` off."""
    import numpy as np

    rng = np.random.Generator(np.random.PCG64(SEED))
    known = case.proof_inputs(case.widened(inputs))
    held = {f"{sameness.WEIGHT}.{weight.name}" for weight in case.network.weights()}
    near = {
        name: array * (1 + reach * rng.uniform(-1, 1, np.shape(array))) if name in held else array
        for name, array in known.items()
    }
    return sameness.of_form(sameness.trained(case, near, case.proof_steps, None, sameness.form_of(forms)), forms)
