"""What makes two trainings the same: what is observed of one, how far it may be off, and why.

From the starting weights a training is asked for the gradient of every weight at the first step, for
every weight and statistic after the first few steps, and for the losses of twenty steps and what is
held after them. Long arrays are compared by *sketches*: sums of many elements with random signs, which
keep the length of a difference and cannot be met by chance. An error is a root mean square, relative to the
length of the gradient, and of a weight to the way that the reference went: a learning rate 5 % off is an
error of 5 %. How much is let pass, `bounds` says.

Relu and max-pooling have corners, where rounding decides whether a whole gradient passes. What that can
do in the first steps of float32 is worked out: the reference trains again with every doubtful element sent
to one side, and to the other. Later it grows, so that the weights after twenty steps of such a model are
held to a fifth of their way; the first steps, held to a hundredth, and the losses tell the rest. In a short
type elements meet corners in every step, and are held to what such a model shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harness.core.dtype import DType
from harness.workloads.accuracy import Accuracy, accuracy
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
PARTS = (LOSS, GRADIENT, EARLY, WEIGHT, STATISTIC)
UNBIASED = "variance-unbiased"  # a form: running variances divide by one less than the count
DOUBT, LENGTH = "doubt", "length"  # beside each observation: what corners leave open, and what errors are relative to
START = "start"  # beside each weight: what it was
LARGEST, ALONE, CLOSEST = "way@largest", "way@alone", "gradient@closest"  # once: as `Bounds` has them

BUCKETS, SIGNS = 64, 4099  # of a sketch; the second a prime, so that signs and buckets never fall in step
GRADIENT_FLOOR = 1e-3  # a gradient that is shorter than others by more is compared as if it were not
TINY = 1e-30
SEEN = 1e-6  # of its length: what a gradient must be in the reference to be more than its rounding
REACH, DRIFTED = 16 * 2.0**-23, 1e-4  # of a corner: in the first steps of float32, and after twenty
SHORT_REACH = 2.0**-8
DOUBTED = 3.0  # how much more than both sides together is let pass


# -- the reference ------------------------------------------------------------------------------------


def reference_of(case: Training, inputs: Arrays) -> dict[str, Any]:
    """Train in float64; where a formula has two forms, in each of them."""
    import numpy as np

    from harness.workloads.network.tape import Corners

    watched = Corners(reach=SHORT_REACH if case.is_short else DRIFTED)
    found = trained(case, inputs, case.proof_steps, watched)
    doubts = _early_doubts(case, inputs, found)
    if case.rule.is_adam:
        other = trained(case, inputs, case.proof_steps, None, form=HAT)
        found |= {f"{name}@{HAT}": array for name, array in other.items() if _part(name) != GRADIENT}
    before = _before(case, inputs)
    lengths = _lengths(case, found, before)
    bounds = case.bounds
    if watched.met:
        _leave_open(case, doubts, lengths)
    return {
        **found,
        **{f"{name}@{DOUBT}": np.asarray(doubts.get(name, doubts.get(_plain(name), 0.0))) for name in found},
        **{f"{name}@{LENGTH}": np.asarray(length) for name, length in lengths.items()},
        **{f"{name}@{START}": array for name, array in before.items() if _part(name) == WEIGHT},
        ALONE: np.asarray(bounds.held.alone + (bounds.open.alone if watched.met else 0.0)),
        LARGEST: np.asarray(bounds.largest),
        CLOSEST: np.asarray(bounds.closest),
    }


def trained(
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


def _early_doubts(case: Training, inputs: Arrays, found: Arrays) -> dict[str, Any]:
    """Return how far the first steps may be off because elements near a corner may lie on either side of it."""
    from harness.workloads.network.tape import Corners

    doubts: dict[str, Any] = {}
    if case.is_short:
        return doubts
    met = Corners(reach=REACH)
    trained(case, inputs, case.early_steps, met)
    if met.met:
        for lean in (1, -1):
            other = trained(case, inputs, case.early_steps, Corners(reach=REACH, lean=lean))
            for name in [name for name in other if _part(name) in (GRADIENT, EARLY)]:
                doubts[name] = doubts.get(name, 0.0) + DOUBTED * _rms(other[name] - found[name])
    return doubts


def _leave_open(case: Training, doubts: dict[str, Any], lengths: Mapping[str, float]) -> None:
    """Add what corners that were met leave open; of losses the more the later, for it grows."""
    import numpy as np

    left = case.bounds.open
    later = np.maximum(0, np.arange(case.proof_steps) + 1 - case.early_steps) / STEPS
    shares: dict[str, Any] = {LOSS: left.loss * later, GRADIENT: left.gradient, EARLY: left.early}
    kept = {f"{EARLY}.{weight.name}" for weight in case.network.statistics()}  # so early, corners hardly move them
    for name, length in lengths.items():
        if _plain(name) not in kept:
            known = doubts.get(name, doubts.get(_plain(name), 0.0))
            doubts[name] = known + shares.get(_part(name), left.way) * length


def _before(case: Training, inputs: Arrays) -> dict[str, Any]:
    """Return what weights and statistics are at the start, by all names that they are observed under later."""
    weights, statistics = case.started(inputs)
    held = {**weights, **statistics}
    return {**sketched(case, WEIGHT, held), **sketched(case, STATISTIC, held), **_early(case, held)}


def _lengths(case: Training, found: Arrays, before: Arrays) -> dict[str, float]:
    """Return what errors are relative to: the largest loss, a gradient's length, the way that a weight went."""
    import numpy as np

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
            rounding = DType.FLOAT32.epsilon * math.sqrt(STEPS) * _rms(start) / case.bounds.held.way
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


def form_of(forms: Sequence[str]) -> str:
    """Return the form that the optimiser's formula has among the forms that a backend declares."""
    return HAT if HAT in forms else ""


def of_form(values: Mapping[str, Any], forms: Sequence[str]) -> dict[str, Any]:
    """Take those of the forms named, and else the plain ones."""
    plain = {name: value for name, value in values.items() if "@" not in name}
    for form in forms:
        plain |= {name: values[f"{name}@{form}"] for name in plain if f"{name}@{form}" in values}
    return plain


# -- how far it may be off ----------------------------------------------------------------------------


def scales(case: Training, reference: Arrays) -> dict[str, Any]:
    """Return what differences are divided by before they are held to what a way may be off."""
    import numpy as np

    bounds = case.bounds
    held = {LOSS: bounds.held.loss, GRADIENT: bounds.held.gradient, EARLY: bounds.held.early}
    largest = float(reference[LARGEST]) * float(reference[ALONE])
    found: dict[str, Any] = {}
    for name in reference:
        if f"{name}@{LENGTH}" not in reference:
            continue
        length, doubt = np.asarray(reference[f"{name}@{LENGTH}"]), np.asarray(reference[f"{name}@{DOUBT}"])
        far = held.get(_part(name), bounds.held.way) * length + doubt
        found[name] = (1.0 if _part(name) == LOSS else largest) * far / bounds.held.way
    return found


def accuracy_of(observed: Arrays, reference: Arrays, scales: Arrays, forms: Sequence[str]) -> Accuracy:
    """Return how good a training is: scales are for the largest difference, and root mean squares are held to less.

    By how much less that of an array, and that of all arrays of a part together, the reference says.
    """
    import numpy as np

    plain, divided = of_form(reference, forms), of_form(scales, forms)
    largest, alone = float(reference[LARGEST]), float(reference[ALONE])
    found = accuracy(observed, plain, divided)
    if not math.isfinite(found.max_error):
        return found
    errors = [found.max_error]
    for part, names in groupby(plain, _part):
        if part != LOSS:
            each = [largest * _rms(np.asarray(observed[name]) - plain[name]) / float(divided[name]) for name in names]
            errors += [max(each), alone * _rms(each)]
    return replace(found, max_error=max(errors))


def parts_apart(
    observed: Arrays, reference: Arrays, scales: Arrays, forms: Sequence[str], bound: float
) -> frozenset[str]:
    """Return the parts of a training that are further off than is let pass: losses, gradients, weights by when."""
    apart = set()
    for part in PARTS:
        seen = {name: values for name, values in observed.items() if _part(name) == part}
        known = {name: values for name, values in reference.items() if _part(name) in (part, _part(LARGEST))}
        if seen and not accuracy_of(seen, known, scales, forms).max_error <= bound:
            apart.add(part)
    return frozenset(apart)


def why_not(observed: Arrays, reference: Arrays, forms: Sequence[str]) -> str | None:
    """Return what bounds on differences do not tell: what does not move at all, and what is too good for its type."""
    import numpy as np

    apart = []
    for name, values in of_form(reference, forms).items():
        part, _, weight = name.partition(".")
        length = float(reference[f"{name}@{LENGTH}"])
        if part == GRADIENT:
            apart.append(_rms(np.asarray(observed[name]) - values) / length)
            if _rms(values) > SEEN * length and not np.any(observed[name]):
                return f"the gradient of {weight} is zero"
        if part == WEIGHT:
            start = reference[f"{name}@{START}"]
            if _rms(values - start) > length / 2 and np.array_equal(observed[name], start):
                return f"{weight} stays as it was"
    error, closest = _rms(apart), float(reference[CLOSEST])
    if error >= closest:
        return None
    return (
        f"first gradients are within {error:.1g} of float64, which products in bfloat16 never are ({closest:.0g}): "
        "this was computed in a better arithmetic than the one named"
    )


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
