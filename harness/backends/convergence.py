"""Training until a target is reached: the loop around any backend's step.

The loop is one for all backends, as the batches are; what differs is the step and the prediction, which
are the backend's own. It runs twice over: once through all epochs, untimed, for the quality that the model
comes to; and as what is timed, until the target is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.backends import learning
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
    return replace(prepared, function=loop, learning=loop.learning, quality=loop.quality)


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
        self._seen: list[Quality] = []
        self.learning = replace(step.learning, losses=self._losses, phases={})

    def __call__(self, *arguments: Any) -> Any:
        """Train; `reset` was called before. The batches are bound, for they come in an order of their own."""
        del arguments
        return self._train(stop=True)

    def quality(self) -> Mapping[str, Any]:
        """Train through all epochs; say what came of it, and when the target was reached."""
        self._reset()
        self._train(stop=False)
        self._reset()
        reached = [number for number, seen in enumerate(self._seen, start=1) if seen.accuracy >= self._workload.target]
        last = self._seen[-1]
        found: dict[str, Any] = {
            "accuracies": [seen.accuracy for seen in self._seen],
            "accuracy": last.accuracy,
            "recall": last.recall,
            "f1": last.f1,
            "epochs": reached[0] if reached else None,
        }
        if not reached:
            best = max(seen.accuracy for seen in self._seen)
            found["unreached"] = (
                f"{best:.1%} of the held-out samples at best in {self._workload.most_epochs} epochs; "
                f"{self._workload.target:.1%} was asked for"
            )
        return found

    def _train(self, *, stop: bool) -> Any:
        backend, workload, output = self._backend, self._workload, None
        self._seen = []
        for number in range(workload.most_epochs):
            for batch in workload.epoch(self._inputs, number):
                output = self._step.function(*backend.place(workload, batch))
            backend.wait(output)
            self._seen.append(self._look())
            if stop and self._seen[-1].accuracy >= workload.target:
                break
        return output

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
