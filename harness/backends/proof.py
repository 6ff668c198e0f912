"""Checks on answers: is it right, does it follow from the inputs, is it where it should be.

The worker runs them on what it is about to time; the contract runs the same ones. Each returns a
`Doubt` with the code of the protocol, or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.backends import learning
from harness.measure.validity import Doubt
from harness.workloads.accuracy import Accuracy, accuracy, why_wrong

if TYPE_CHECKING:
    from harness.backends.base import Backend, Placed, Prepared
    from harness.core.device import Device
    from harness.workloads.base import Workload
    from harness.workloads.bundle import Bundle


OTHERS = 3
Order = tuple[int, ...] | None  # of axes; see `Layout`
Wanted = tuple[str, str, tuple[int, ...]]  # type, device, shape


def call(prepared: Prepared[Any]) -> Any:
    """Call what was prepared once, after its reset."""
    if prepared.reset is not None:
        prepared.reset()
    return prepared.function(*prepared.arguments)


def fetched(backend: Backend[Any], prepared: Prepared[Any], output: Any) -> tuple[Any, ...]:
    """Return an output as NumPy arrays whose axes are in the workload's own order."""
    layout = prepared.layout
    return _restored(backend.fetch(output), None if layout is None else layout.outputs)


def fetched_arguments(backend: Backend[Any], prepared: Prepared[Any]) -> tuple[Any, ...]:
    """Return the arguments likewise."""
    layout = prepared.layout
    return _restored(backend.fetch(prepared.arguments), None if layout is None else layout.inputs)


def _restored(arrays: tuple[Any, ...], orders: Sequence[Order] | None) -> tuple[Any, ...]:
    if orders is None:
        return arrays
    pairs = zip(arrays, orders, strict=True)
    return tuple(array if order is None else array.transpose(_inverse(order)) for array, order in pairs)


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(order.index(axis) for axis in range(len(order)))


def observed(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any], output: Any
) -> dict[str, Any]:
    """Return the observations of an answer; a training is asked for all that it does, whatever the output."""
    if prepared.learning is not None:
        return learning.observe(backend, workload, prepared, bundle.inputs)
    return workload.observe(fetched(backend, prepared, output), bundle.probe)


def _observed_of(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the observations of the answer to other inputs, by the very function that is timed."""
    if prepared.learning is not None:
        return learning.observe(backend, workload, prepared, inputs)
    if prepared.reset is not None:
        prepared.reset()
    output = prepared.function(*backend.place(workload, inputs))
    backend.wait(output)
    return workload.observe(fetched(backend, prepared, output), bundle.probe)


def _expected(bundle: Bundle, prepared: Prepared[Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what observations should be and what errors are divided by."""
    if prepared.learning is not None:
        return learning.expected(bundle, prepared.learning)
    return bundle.reference, bundle.scales


def judged(bundle: Bundle, prepared: Prepared[Any], seen: Mapping[str, Any]) -> tuple[Accuracy, Doubt | None]:
    """V1: observations lie within the tolerance of their type and math mode, and are not too good for it."""
    if prepared.learning is not None:
        found, reason = learning.judged(bundle, prepared.learning, seen)
    else:
        found = accuracy(seen, bundle.reference, bundle.scales)
        reason = why_wrong(found, bundle.tolerance)
    return found, None if reason is None else Doubt(code="V1", detail=reason)


def check_answer(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any], output: Any
) -> tuple[Accuracy, Doubt | None]:
    """V1: the answer is right."""
    return judged(bundle, prepared, observed(backend, workload, bundle, prepared, output))


def check_answer_to(backend: Backend[Any], workload: Workload, others: Bundle, prepared: Prepared[Any]) -> Doubt | None:
    """V1: what was prepared on some inputs gives the right answer to others."""
    return judged(others, prepared, _observed_of(backend, workload, others, prepared, others.inputs))[1]


def check_inputs_matter(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any]
) -> Doubt | None:
    """V2: the very function that will be timed gives another answer for other inputs.

    A single short number may come out the same by chance (3 % of products of one bfloat16 element
    did), so inputs are changed up to three times; what was folded or remembered stays the same. Every
    part of the answer must move: a gradient that was folded hides behind an output that was not.
    Of a training that is compared in part, the rest of a batch must count too.
    """
    import numpy as np

    if not prepared.arguments:
        return None
    inputs: Mapping[str, Any] = bundle.inputs
    reference, scales = _expected(bundle, prepared)
    still = {name for name, values in reference.items() if np.any(values)}  # zeros may well stay so
    bound = workload.stillness(bundle.tolerance)
    for _ in range(OTHERS):
        inputs = workload.varied(inputs)
        seen = _observed_of(backend, workload, bundle, prepared, inputs)
        still -= {name for name in still if _moved(name, seen, reference, scales, bound)}
        if not still:
            break
    else:
        listed = "" if len(still) == len(reference) else f" in {', '.join(sorted(still))}"
        return Doubt(code="V2", detail=f"other inputs give the same answer{listed}: it was folded or remembered")
    unheard = learning.unheard(backend, workload, prepared, bundle.inputs)
    return None if unheard is None else Doubt(code="V2", detail=unheard)


def _moved(
    name: str, seen: Mapping[str, Any], reference: Mapping[str, Any], scales: Mapping[str, Any], bound: float
) -> bool:
    if name not in seen:
        return True  # an answer of another shape is another answer, and V1's to refuse
    return accuracy(*({name: each[name]} for each in (seen, reference, scales))).max_error > bound


def check_placed(
    backend: Backend[Any], workload: Workload, prepared: Prepared[Any], output: Any, device: Device
) -> Doubt | None:
    """V7: inputs and outputs are on the device asked for, in the type and shape asked for."""
    kinds, shapes = workload.input_dtypes(), workload.input_shapes()
    held = "cpu" if workload.fed_from_host else device.kind
    wanted_in = [(str(kinds[name]), held, shapes[name]) for name in workload.arguments()]
    pairs = zip(workload.output_dtypes(), workload.output_shapes(), strict=True)
    wanted_out = [(str(dtype), device.kind, shape) for dtype, shape in pairs]
    layout = prepared.layout
    if layout is not None:
        wanted_in = _reordered(wanted_in, layout.inputs)
        wanted_out = _reordered(wanted_out, layout.outputs)
    inputs = backend.describe(prepared.arguments) if prepared.arguments else None
    wrong = (inputs is not None and _misplaced("input", inputs, wanted_in)) or _misplaced(
        "output", backend.describe(output), wanted_out
    )
    wrong = wrong or learning.misplaced(workload, prepared, device)
    return Doubt(code="V7", detail=wrong) if wrong else None


def _reordered(wanted: list[Wanted], orders: Sequence[Order]) -> list[Wanted]:
    return [
        (dtype, device, shape if order is None else tuple(shape[axis] for axis in order))
        for (dtype, device, shape), order in zip(wanted, orders, strict=True)
    ]


def _misplaced(noun: str, found: Sequence[Placed], wanted: list[Wanted]) -> str | None:
    actual = [(place.dtype, place.device, tuple(place.shape)) for place in found]
    if len(actual) != len(wanted):
        return f"{len(actual)} {noun}s, {len(wanted)} expected"
    for index, (have, want) in enumerate(zip(actual, wanted, strict=True)):
        if have != want:
            return f"{noun} {index} is {_words(have)}, not {_words(want)}"
    return None


def _words(place: Wanted) -> str:
    dtype, device, shape = place
    return f"{dtype}{list(shape)} on {device}"


def check_same_again(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any], before: Mapping[str, Any]
) -> Doubt | None:
    """V10: a second call does the same work and gives the same answer as the one that was observed `before`."""
    output = call(prepared)
    backend.wait(output)
    after = observed(backend, workload, bundle, prepared, output)
    apart = accuracy(after, before, _expected(bundle, prepared)[1]).max_error
    if apart <= bundle.tolerance.bound:
        return None
    return Doubt(code="V10", detail=f"a second call differs from the first by {apart:.3g}")


def check_inputs_untouched(
    backend: Backend[Any], bundle: Bundle, workload: Workload, prepared: Prepared[Any]
) -> Doubt | None:
    """V10: the arguments still hold what was placed."""
    import numpy as np

    if not prepared.arguments:
        return None
    placed = workload.widened(bundle.inputs)
    for name, held in zip(workload.arguments(), fetched_arguments(backend, prepared), strict=True):
        now = np.asarray(held, dtype=np.float64)
        if not np.array_equal(now, placed[name]):
            return Doubt(code="V10", detail=f"input {name!r} was changed by the work")
    return None


def check_own_memory(backend: Backend[Any], workload: Workload, prepared: Prepared[Any], output: Any) -> Doubt | None:
    """V3: where the work is to move something, the answer is memory of its own and no view of an input."""
    if not workload.moves:
        return None
    inputs = [placed.address for placed in backend.describe(prepared.arguments)]
    for placed in backend.describe(output):
        if placed.address is not None and placed.address in inputs:
            name = workload.arguments()[inputs.index(placed.address)]
            return Doubt(code="V3", detail=f"the answer is the memory of input {name!r}: nothing was moved")
    return None


def check_no_recompiling(count: int) -> Doubt | None:
    """V9: nothing was traced or compiled while timing."""
    if count == 0:
        return None
    return Doubt(code="V9", detail=f"traced or compiled {count} times while timing")


def output_hash(backend: Backend[Any], prepared: Prepared[Any], output: Any) -> str:
    """Return the SHA-256 of an answer's bytes, as fetched."""
    import numpy as np

    digest = hashlib.sha256()
    for array in fetched(backend, prepared, output):
        digest.update(f"{array.dtype}:{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
