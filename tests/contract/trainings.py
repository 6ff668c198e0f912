"""Small trainings that faults are planted into, and how they are judged; for the tests of each framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from harness.backends import proof
from harness.backends.base import Backend, Prepared
from harness.testing.plugin import bundle_of
from harness.workloads.training import FLOAT32, MIXED, Training

PERCEPTRON = Training(model="mlp", size="tiny", batch=5, learning_rate=0.05)
MOMENTUM = replace(PERCEPTRON, optimiser="momentum", learning_rate=0.01)
ADAM = replace(PERCEPTRON, optimiser="adam", learning_rate=0.01)
ADAMW = replace(ADAM, optimiser="adamw", weight_decay=0.1)
RESIDUAL = Training(model="resnet18", size="tiny", batch=6, learning_rate=0.02)
DECODER = Training(model="gpt", size="tiny", batch=3, learning_rate=0.02)
IMAGES = Training(model="cnn", size="tiny", batch=4, learning_rate=0.02)
SHORT = Training(model="gpt", size="tiny", batch=8, optimiser="adamw", learning_rate=1e-3, precision=MIXED)
SHRINKING = replace(SHORT, weight_decay=1.0)
IN_PART = replace(PERCEPTRON, batch=12)  # where `few_are_proved`
PROVED = 3


def made(backend: Backend[Any], workload: Any) -> Prepared[Any]:
    return backend.prepare(workload, bundle_of(workload).inputs)


def verdict(backend: Backend[Any], workload: Training, prepared: Prepared[Any] | None = None) -> str:
    """Return the code of what is wrong with a training, or that it is right."""
    bundle, prepared = bundle_of(workload), prepared or made(backend, workload)
    doubt = proof.check_answer(backend, workload, bundle, prepared, None)[1]
    if doubt is None and workload.is_sampled:
        doubt = proof.check_inputs_matter(backend, workload, bundle, prepared)
    return "right" if doubt is None else doubt.code


def few_are_proved(patch: pytest.MonkeyPatch) -> None:
    """Let a reference take so little time that of a small batch only a part is compared."""
    patch.setattr("harness.workloads.training.PROOF_FLOPS", 3e5)
    assert IN_PART.proof_batch == PROVED


# -- faults that can be planted into any framework --------------------------------------------------

Arrays = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A training by other settings than those that it is judged by, or of other arrays than it is given."""

    workload: Training
    settings: dict[str, Any] = field(default_factory=dict)
    feeds: Callable[[Arrays], Arrays] | None = None
    code: str = "V1"

    def planted(self, backend: Backend[Any]) -> Prepared[Any]:
        """Return the training with the fault."""
        found = backend.prepare(replace(self.workload, **self.settings), bundle_of(self.workload).inputs)
        feeds, step = self.feeds, found.function
        return found if feeds is None else replace(found, function=lambda *arrays: step(*feeds(arrays)))


def _twice(arrays: Arrays) -> Arrays:
    """Put the seventh batch in the place of the eighth."""
    width = len(PERCEPTRON.fed())
    return (*arrays[: 7 * width], *arrays[6 * width : 7 * width], *arrays[8 * width :])


def _of_whole(change: Callable[[Any], Any]) -> Callable[[Arrays], Arrays]:
    """Change batches that are larger than those that are compared."""
    return lambda arrays: tuple(change(array) if array.shape[0] > PROVED else array for array in arrays)


ANYWHERE = {
    "a rate of adam 5 % off": Fault(workload=ADAM, settings={"learning_rate": 1.05 * ADAM.learning_rate}),
    "a batch twice": Fault(workload=PERCEPTRON, feeds=_twice),
    "a rate twice as large, in short products": Fault(
        workload=SHORT, settings={"learning_rate": 2 * SHORT.learning_rate}
    ),
    "a forgotten decay, in short products": Fault(workload=SHRINKING, settings={"weight_decay": 0.0}),
    "no short products": Fault(workload=SHORT, settings={"precision": FLOAT32}),
    "the part that is compared and no more": Fault(
        workload=IN_PART, feeds=_of_whole(lambda array: array[:PROVED]), code="V2"
    ),
    "half of a whole batch": Fault(workload=IN_PART, feeds=_of_whole(lambda array: array[:6]), code="V2"),
    "every second sample of a whole batch": Fault(
        workload=IN_PART, feeds=_of_whole(lambda array: array[::2]), code="V2"
    ),
}
everywhere = pytest.mark.parametrize("fault", ANYWHERE.values(), ids=ANYWHERE)


def check_a_fault_is_seen(backend: Backend[Any], patch: pytest.MonkeyPatch, fault: Fault) -> None:
    """Fail where the fault is not seen, or where the training without it is not right."""
    if fault.workload is IN_PART:
        few_are_proved(patch)
    assert verdict(backend, fault.workload) == "right"
    assert verdict(backend, fault.workload, fault.planted(backend)) == fault.code
