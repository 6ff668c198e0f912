"""Training until a target is reached: the loop around any backend's step.

The loop is one for all backends, as the batches are; what differs is the step and the prediction, which
are the backend's own. It runs twice over: once through all epochs, untimed, for the quality that the model
comes to; and as what is timed, until the target is reached. An epoch ends with a fence and an answer that is
read, and a training is nothing but epochs: what is true of the time of one is true of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.backends import learning
from harness.backends.base import Goal
from harness.measure.validity import Doubt
from harness.workloads.convergence import HELD_X, HELD_Y, TimeToAccuracy
from harness.workloads.quality import Quality, quality_of

if TYPE_CHECKING:
    from harness.backends.base import Backend, Prepared
    from harness.workloads.base import Arrays, Workload


def make_ready(backend: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Prepare `workload`; a training to a target is the loop around its step."""
    prepared = backend.prepare(workload, inputs)
    if not isinstance(workload, TimeToAccuracy):
        return prepared
    loop = Loop(backend, workload, inputs, prepared)
    return replace(prepared, function=loop, learning=loop.learning, goal=loop.goal)


def check_ends(epochs: int | None, ended: Sequence[int | None]) -> Doubt | None:
    """V1: each training that was timed came to the goal; and where they took unlike numbers of epochs, that is told."""
    if epochs is None:
        return None  # the arm has failed already: not one of all its epochs was good enough
    missed = sum(one is None for one in ended)
    if missed:
        return Doubt(code="V1", detail=f"{missed} of {len(ended)} trainings that were timed missed the goal")
    took = {epochs, *(one for one in ended if one is not None)}
    if len(took) == 1:
        return None
    return Doubt(code="V1", detail=f"trainings took {min(took)} to {max(took)} epochs to the goal", warning=True)


class Loop:
    """Calling it trains from the start until the target is reached, and gives the last loss."""

    def __init__(self, backend: Backend[Any], workload: TimeToAccuracy, inputs: Arrays, step: Prepared[Any]) -> None:
        if step.learning is None or step.learning.predict is None:
            raise NotImplementedError("this mode cannot be asked for predictions between its steps")
        self._backend = backend
        self._workload = workload
        self._inputs = inputs
        self._step = step
        self._predict = step.learning.predict
        self._ended: list[int | None] = []
        self.learning = replace(step.learning, losses=self._losses, phases={})
        self.goal = Goal(quality=self.quality, epoch=self.first_epoch, ended=lambda: tuple(self._ended))

    def __call__(self, *arguments: Any) -> Any:
        """Train; `reset` was called before. The batches are bound, for they come in an order of their own."""
        del arguments
        output, seen = self._train(stop=True)
        self._ended.append(len(seen) if self._is_reached(seen[-1]) else None)
        return output

    def first_epoch(self, *arguments: Any) -> Any:
        """Train through one epoch, and look as after every other."""
        del arguments
        return self._epoch(0)[0]

    def quality(self) -> Mapping[str, Any]:
        """Train through all epochs; say what came of it, and when the target was reached."""
        self._reset()
        _, epochs = self._train(stop=False)
        self._reset()
        reached = [number for number, seen in enumerate(epochs, start=1) if self._is_reached(seen)]
        last = epochs[-1]
        found: dict[str, Any] = {
            "accuracies": [seen.accuracy for seen in epochs],
            "accuracy": last.accuracy,
            "recall": last.recall,
            "f1": last.f1,
            "epochs": reached[0] if reached else None,
        }
        if not reached:
            best = max(seen.accuracy for seen in epochs)
            found["unreached"] = (
                f"{best:.1%} of the held-out samples at best in {self._workload.most_epochs} epochs; "
                f"{self._workload.target:.1%} was asked for"
            )
        return found

    def _train(self, *, stop: bool) -> tuple[Any, list[Quality]]:
        output, epochs = None, []
        for number in range(self._workload.most_epochs):
            output, seen = self._epoch(number)
            epochs.append(seen)
            if stop and self._is_reached(seen):
                break
        return output, epochs

    def _is_reached(self, seen: Quality) -> bool:
        return seen.accuracy >= self._workload.target

    def _epoch(self, number: int) -> tuple[Any, Quality]:
        backend, workload, output = self._backend, self._workload, None
        for batch in workload.epoch(self._inputs, number):
            output = self._step.function(*backend.place(workload, batch))
        backend.wait(output)
        return output, self._look()

    def _look(self) -> Quality:
        """Ask how many of the held-out samples are right."""
        held = {"batch0.x": self._inputs[HELD_X], "batch0.target": self._inputs[HELD_Y]}
        features = self._backend.place(self._workload, held)[:-1]
        (logits,) = self._backend.fetch(self._predict(*features))
        return quality_of(logits.argmax(axis=-1), self._inputs[HELD_Y])

    def _losses(self, steps: int, arguments: tuple[Any, ...]) -> list[float]:
        return learning.stepped(self._backend, self._step, arguments, steps)

    def _reset(self) -> None:
        if self._step.reset is not None:
            self._step.reset()
