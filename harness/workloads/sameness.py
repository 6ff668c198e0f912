"""What makes two trainings the same: what is observed of one, how far it may be off, and why.

From the starting weights a training is asked for the gradient of every weight at the first step, for
every weight and statistic after the first few steps, and for the losses of twenty steps and what is
held after them. Long arrays are compared by *sketches*: sums of many elements with random signs, which
keep the length of a difference and cannot be met by chance. An error is relative to the length of the
gradient, and of a weight to the way that the reference went: a learning rate 5 % off is an error of 5 %.

Relu and max-pooling have corners, where rounding decides whether a whole gradient passes. What that can
do in the first steps is worked out: the reference trains again with every doubtful element sent to one
side, and to the other. Later it grows, so that the weights after twenty steps of such a model are held
to a fifth of their way; the first steps, held to a hundredth, and the losses tell the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.core.dtype import DType
from harness.workloads.network.optimiser import HAT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.workloads.base import Arrays
    from harness.workloads.network.spec import Weight
    from harness.workloads.network.tape import Corners
    from harness.workloads.training import Training

STEPS, EARLY_STEPS, LEAST_STEPS = 20, 3, 2
LOSS, GRADIENT, EARLY, WEIGHT, STATISTIC = "loss", "gradient", "early", "weight", "statistic"
UNBIASED = "variance-unbiased"  # a form: running variances divide by one less than the count
DOUBT, LENGTH = "doubt", "length"  # beside each observation: what corners leave open, and what errors are relative to

BUCKETS, SIGNS = 64, 4099  # of a sketch; the second a prime, so that signs and buckets never fall in step
SURE = 3.0  # how many times the root mean square the largest of 64 numbers may be
GRADIENT_FLOOR = 1e-3  # a gradient that is shorter than others by more is compared as if it were not
TINY = 1e-30
REACH, DRIFTED = 16 * 2.0**-23, 1e-4  # of a corner: in the first steps of float32, and after twenty
DOUBTED = 3.0  # how much more than both sides together is let pass
OPEN, OPEN_EARLY, OPEN_LOSS = 0.2, 0.01, 0.02  # of the ways and of the loss, where twenty steps met a corner


# -- the reference ------------------------------------------------------------------------------------


def reference_of(case: Training, inputs: Arrays) -> dict[str, Any]:
    """Train in float64; where a formula has two forms, in each of them."""
    import numpy as np

    from harness.workloads.network.tape import Corners

    watched = Corners(reach=DRIFTED)
    found = _trained(case, inputs, case.proof_steps, watched)
    doubts = _early_doubts(case, inputs, found)
    if case.rule.is_adam:
        other = _trained(case, inputs, case.proof_steps, None, form=HAT)
        found |= {f"{name}@{HAT}": array for name, array in other.items() if _part(name) != GRADIENT}
    lengths = _lengths(case, inputs, found)
    if watched.met:
        left = {LOSS: OPEN_LOSS, EARLY: OPEN_EARLY, WEIGHT: OPEN, STATISTIC: OPEN}
        kept = {f"{EARLY}.{weight.name}" for weight in case.network.statistics()}  # so early, corners hardly move them
        for name, length in lengths.items():
            known = doubts.get(name, doubts.get(_plain(name), 0.0))
            doubts[name] = known + (0.0 if _plain(name) in kept else left.get(_part(name), 0.0)) * length
    return {
        **found,
        **{f"{name}@{DOUBT}": np.asarray(doubts.get(name, doubts.get(_plain(name), 0.0))) for name in found},
        **{f"{name}@{LENGTH}": np.asarray(length) for name, length in lengths.items()},
    }


def _trained(
    case: Training, inputs: Arrays, steps: int, corners: Corners | None, form: str = ""
) -> dict[str, NDArray[np.float64]]:
    """Take so many steps; all that is observed of them."""
    import numpy as np

    from harness.workloads.network.tape import watching

    batches = [case.batch_of(inputs, number) for number in range(min(steps, case.batches()))]
    trainer = case.trainer(inputs, form)
    losses: list[float] = []
    seen: dict[str, NDArray[np.float64]] = {}
    with watching(corners) if corners is not None else nullcontext():
        for number in range(steps):
            step = trainer.step(batches[number % len(batches)])
            losses.append(step.loss)
            if number == 0:
                seen |= sketched(case, GRADIENT, step.gradients)
            if number + 1 == case.early_steps:
                seen |= _early(case, {**trainer.weights, **trainer.running.biased})
                seen |= _unbiased(_early(case, {**trainer.weights, **trainer.running.unbiased}))
    return {
        LOSS: np.array(losses),
        **seen,
        **sketched(case, WEIGHT, trainer.weights),
        **sketched(case, STATISTIC, trainer.running.biased),
        **_unbiased(sketched(case, STATISTIC, trainer.running.unbiased)),
    }


def _unbiased(sketches: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variances, as what a backend of that form holds."""
    return {f"{name}@{UNBIASED}": array for name, array in sketches.items() if name.endswith(".variance")}


def _early_doubts(case: Training, inputs: Arrays, found: Arrays) -> dict[str, float]:
    """Return how far the first steps may be off because elements near a corner may lie on either side of it."""
    from harness.workloads.network.tape import Corners

    met = Corners(reach=REACH)
    _trained(case, inputs, case.early_steps, met)
    doubts: dict[str, float] = {}
    if met.met and not case.is_mixed:
        for lean in (1, -1):
            other = _trained(case, inputs, case.early_steps, Corners(reach=REACH, lean=lean))
            for name in [name for name in other if _part(name) in (GRADIENT, EARLY)]:
                doubts[name] = doubts.get(name, 0.0) + DOUBTED * _rms(other[name] - found[name])
    return doubts


def _lengths(case: Training, inputs: Arrays, found: Arrays) -> dict[str, float]:
    """Return what errors are relative to: the largest loss, a gradient's length, the way that a weight went."""
    import numpy as np

    weights, statistics = case.started(inputs)
    held = {**weights, **statistics}
    before = {**sketched(case, WEIGHT, held), **sketched(case, STATISTIC, held), **_early(case, held)}
    gradients = [values for name, values in found.items() if _part(name) == GRADIENT]
    floor = GRADIENT_FLOOR * math.sqrt(float(np.mean([np.mean(np.square(values)) for values in gradients])))
    lengths: dict[str, float] = {}
    for name, values in found.items():
        if _part(name) == LOSS:
            lengths[name] = float(np.max(np.abs(values))) or 1.0
        elif _part(name) == GRADIENT:
            lengths[name] = max(_rms(values), floor, TINY)
        else:
            start = before[_plain(name)]
            rounding = DType.FLOAT32.epsilon * math.sqrt(STEPS) * _rms(start) / case.allowed
            lengths[name] = max(_rms(values - start) + rounding, TINY)
    return lengths


# -- what is observed ---------------------------------------------------------------------------------


def observations(
    case: Training, *, losses: Sequence[float], gradients: Arrays, early: Arrays, late: Arrays
) -> dict[str, Any]:
    """Return what is compared of a training: all that it did, by the names that the reference has."""
    import numpy as np

    return {
        LOSS: np.asarray(losses, dtype=np.float64),
        **sketched(case, GRADIENT, gradients),
        **_early(case, early),
        **sketched(case, WEIGHT, late),
        **sketched(case, STATISTIC, late),
    }


def sketched(case: Training, kind: str, arrays: Arrays) -> dict[str, NDArray[np.float64]]:
    """Return sketches by observed name; what mathematics leaves open is left out."""
    known = case.network.statistics() if kind == STATISTIC else case.network.weights()
    return {f"{kind}.{weight.name}": sketch(_settled(arrays[weight.name], weight)) for weight in known}


def _early(case: Training, arrays: Arrays) -> dict[str, NDArray[np.float64]]:
    """Return weights and statistics under the name of what they are after the first steps."""
    known = (*case.network.weights(), *case.network.statistics())
    return {f"{EARLY}.{weight.name}": sketch(_settled(arrays[weight.name], weight)) for weight in known}


def of_form(values: Mapping[str, Any], forms: Sequence[str]) -> dict[str, Any]:
    """Take those of the forms named, and else the plain ones."""
    plain = {name: value for name, value in values.items() if "@" not in name}
    for form in forms:
        plain |= {name: values[f"{name}@{form}"] for name in plain if f"{name}@{form}" in values}
    return plain


# -- how far it may be off ----------------------------------------------------------------------------


def scales(case: Training, reference: Arrays) -> dict[str, Any]:
    """Return what differences are divided by before they are held to what is allowed."""
    import numpy as np

    found: dict[str, Any] = {}
    for name in reference:
        if f"{name}@{LENGTH}" not in reference:
            continue
        times = {LOSS: 1.0, GRADIENT: SURE / case.first}.get(_part(name), SURE * case.slack)
        length, doubt = np.asarray(reference[f"{name}@{LENGTH}"]), np.asarray(reference[f"{name}@{DOUBT}"])
        found[name] = times * length + (1.0 if _part(name) == LOSS else SURE) * doubt / case.allowed
    return found


def errors_by_part(observed: Arrays, reference: Arrays, forms: Sequence[str]) -> dict[str, float]:
    """Return the largest relative difference of losses, gradients, weights and statistics.

    Of losses it is relative to the largest; of the others one of lengths, to the length of the gradient or
    of the way that the reference went. Weights are those after all steps.
    """
    import numpy as np

    marked = f"@{LENGTH}"
    lengths = of_form({n.removesuffix(marked): each for n, each in reference.items() if n.endswith(marked)}, forms)
    parts: dict[str, float] = {}
    for name, values in of_form(reference, forms).items():
        apart = np.asarray(observed[name]) - values
        error = float(np.max(np.abs(apart))) if _part(name) == LOSS else _rms(apart)
        parts[_part(name)] = max(error / float(lengths[name]), parts.get(_part(name), 0.0))
    return {part: error for part, error in parts.items() if part != EARLY}


# -- sketches -----------------------------------------------------------------------------------------


def sketch(array: Any) -> NDArray[np.float64]:
    """Return 64 sums of all elements with fixed random signs; a short array as it is."""
    import numpy as np

    flat = np.asarray(array, dtype=np.float64).reshape(-1)
    if flat.size <= BUCKETS:
        return flat
    padded = np.zeros(-(-flat.size // BUCKETS) * BUCKETS)
    padded[: flat.size] = flat * np.resize(_signs(), flat.size)
    total: NDArray[np.float64] = padded.reshape(-1, BUCKETS).sum(axis=0)
    return total


@cache
def _signs() -> NDArray[np.float64]:
    import numpy as np

    return np.random.Generator(np.random.PCG64(SIGNS)).choice(np.array([-1.0, 1.0]), SIGNS)


def _settled(array: Any, weight: Weight) -> Any:
    """Return the array without the part that nothing but rounding noise moves."""
    if weight.idle is None:
        return array
    import numpy as np

    low, high = weight.idle
    kept = np.array(array)
    kept[..., low:high] = 0
    return kept


def _rms(values: Any) -> float:
    import numpy as np

    return math.sqrt(float(np.mean(np.square(values))))


def _part(name: str) -> str:
    return name.partition("@")[0].partition(".")[0]


def _plain(name: str) -> str:
    return name.partition("@")[0]
