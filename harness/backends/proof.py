"""Checks on answers: is it right, does it follow from the inputs, is it where it should be.

The worker runs them on what it is about to time; the contract runs the same ones. Each returns a
`Doubt` with the code of the protocol, or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.measure.validity import Doubt
from harness.workloads.accuracy import Accuracy, accuracy, why_wrong

if TYPE_CHECKING:
    from harness.backends.base import Backend, Placed, Prepared
    from harness.core.device import Device
    from harness.core.dtype import DType
    from harness.workloads.base import Workload
    from harness.workloads.bundle import Bundle


OTHERS = 3


def call(prepared: Prepared[Any]) -> Any:
    """Call what was prepared once, after its reset."""
    if prepared.reset is not None:
        prepared.reset()
    return prepared.function(*prepared.arguments)


def check_answer(
    backend: Backend[Any], workload: Workload, bundle: Bundle, output: Any
) -> tuple[Accuracy, Doubt | None]:
    """V1: the answer lies within the tolerance of its type and math mode, and is not too good for it."""
    observed = workload.observe(backend.fetch(output), bundle.probe)
    found = accuracy(observed, bundle.reference, bundle.scales)
    reason = why_wrong(found, bundle.tolerance)
    return found, None if reason is None else Doubt(code="V1", detail=reason)


def check_inputs_matter(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any]
) -> Doubt | None:
    """V2: the very function that will be timed gives another answer for other inputs.

    A single short number may come out the same by chance (3 % of products of one bfloat16 element
    did), so inputs are changed up to three times; what was folded or remembered stays the same.
    """
    if not prepared.arguments:
        return None
    inputs: Mapping[str, Any] = bundle.inputs
    for _ in range(OTHERS):
        inputs = other_inputs(workload, inputs)
        others = backend.place(workload, inputs)
        if prepared.reset is not None:
            prepared.reset()
        output = prepared.function(*others)
        backend.wait(output)
        observed = workload.observe(backend.fetch(output), bundle.probe)
        if accuracy(observed, bundle.reference, bundle.scales).max_error > bundle.tolerance.bound:
            return None
    return Doubt(code="V2", detail="other inputs give the same answer: it was folded or remembered")


def other_inputs(workload: Workload, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs of the same shapes and types that should lead to another answer.

    They are halved (exactly, but for subnormals), and each is shifted further than the one before,
    or factors of a product would meet the same partners again.
    """
    return {
        name: _halved(_shifted(array, places), workload.element)
        for places, (name, array) in enumerate(inputs.items(), start=1)
    }


def _shifted(stored: Any, places: int) -> Any:
    import numpy as np

    return np.roll(np.asarray(stored).reshape(-1), places).reshape(np.shape(stored))


def _halved(stored: Any, element: DType) -> Any:
    from harness.core.dtype import narrow, widen

    if element.is_integer:
        return stored >> 1
    if element.storage == element.value:
        return stored * stored.dtype.type(0.5)
    return narrow(widen(stored, element) * 0.5, element)


def check_placed(
    backend: Backend[Any], workload: Workload, prepared: Prepared[Any], output: Any, device: Device
) -> Doubt | None:
    """V7: inputs and outputs are on the device asked for, in the type and shape asked for."""
    wanted_in = [(str(workload.element), device.kind, shape) for shape in workload.input_shapes().values()]
    pairs = zip(workload.output_dtypes(), workload.output_shapes(), strict=True)
    wanted_out = [(str(dtype), device.kind, shape) for dtype, shape in pairs]
    inputs = backend.describe(prepared.arguments) if prepared.arguments else None
    wrong = (inputs is not None and _misplaced("input", inputs, wanted_in)) or _misplaced(
        "output", backend.describe(output), wanted_out
    )
    return Doubt(code="V7", detail=wrong) if wrong else None


def _misplaced(noun: str, found: Sequence[Placed], wanted: list[tuple[str, str, tuple[int, ...]]]) -> str | None:
    actual = [(place.dtype, place.device, tuple(place.shape)) for place in found]
    if len(actual) != len(wanted):
        return f"{len(actual)} {noun}s, {len(wanted)} expected"
    for index, (have, want) in enumerate(zip(actual, wanted, strict=True)):
        if have != want:
            return f"{noun} {index} is {_words(have)}, not {_words(want)}"
    return None


def _words(place: tuple[str, str, tuple[int, ...]]) -> str:
    dtype, device, shape = place
    return f"{dtype}{list(shape)} on {device}"


def check_same_again(
    backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any], first: Any
) -> Doubt | None:
    """V10: a second call does the same work and gives the same answer."""
    before = workload.observe(backend.fetch(first), bundle.probe)
    output = call(prepared)
    backend.wait(output)
    after = workload.observe(backend.fetch(output), bundle.probe)
    apart = accuracy(after, before, bundle.scales).max_error
    if apart <= bundle.tolerance.bound:
        return None
    return Doubt(code="V10", detail=f"a second call differs from the first by {apart:.3g}")


def check_inputs_untouched(
    backend: Backend[Any], bundle: Bundle, workload: Workload, prepared: Prepared[Any]
) -> Doubt | None:
    """V10: the arguments still hold what was placed."""
    import numpy as np

    from harness.core.dtype import widen

    if not prepared.arguments:
        return None
    for (name, stored), held in zip(bundle.inputs.items(), backend.fetch(prepared.arguments), strict=True):
        now = np.asarray(held, dtype=np.float64)
        if now.shape != np.shape(stored) or not np.array_equal(now, widen(np.asarray(stored), workload.element)):
            return Doubt(code="V10", detail=f"input {name!r} was changed by the work")
    return None


def check_no_recompiling(count: int) -> Doubt | None:
    """V9: nothing was traced or compiled while timing."""
    if count == 0:
        return None
    return Doubt(code="V9", detail=f"traced or compiled {count} times while timing")


def output_hash(backend: Backend[Any], output: Any) -> str:
    """Return the SHA-256 of an answer's bytes, as fetched."""
    import numpy as np

    digest = hashlib.sha256()
    for array in backend.fetch(output):
        digest.update(f"{array.dtype}:{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
