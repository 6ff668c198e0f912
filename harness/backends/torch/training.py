"""Training in PyTorch: the loop that its users write, one step a call.

Under ``compile`` the model is compiled, and the loop around it is the same: loss and optimiser stay eager.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its users' name for it)

from harness.backends.base import Placed, Prepared
from harness.backends.shared import learning_of
from harness.backends.torch.arrays import described, image_layout
from harness.backends.torch.compiling import compiled_model, count_graphs, tags_of
from harness.backends.torch.models import build
from harness.backends.torch.models.weights import find_slots
from harness.workloads import base
from harness.workloads.network.optimiser import ADAM, ADAMW, BETA_1, BETA_2, EPSILON, MOMENTUM, Optimiser
from harness.workloads.training import MIXED, UNBIASED, Training

Arrays = tuple[torch.Tensor, ...]  # of a batch: features, and the target last


def _sparse(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """PyTorch wants class numbers of 64 bits, whatever they were kept in."""
    return F.cross_entropy(logits.flatten(0, -2), target.flatten().long())


LOSSES: Mapping[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "sparse": _sparse,
    "categorical": F.cross_entropy,
    "binary": F.binary_cross_entropy_with_logits,
    "squared": F.mse_loss,
}


def optimiser_of(rule: Optimiser, weights: list[torch.Tensor]) -> Any:
    """Return PyTorch's own, as it is by default: one kernel for all weights on a GPU, one for each on a CPU."""
    adam: dict[str, Any] = {"lr": rule.learning_rate, "betas": (BETA_1, BETA_2), "eps": EPSILON}
    if rule.name == ADAM:
        return torch.optim.Adam(weights, **adam)
    if rule.name == ADAMW:
        return torch.optim.AdamW(weights, **adam, weight_decay=rule.weight_decay)
    return torch.optim.SGD(weights, lr=rule.learning_rate, momentum=rule.momentum if rule.name == MOMENTUM else 0)


class Loop:
    """A model in training: calling it takes one step.

    Gradients are off in the process, so what needs them turns them on.
    """

    def __init__(self, workload: Training, inputs: base.Arrays, device: torch.device, *, compiles: bool) -> None:
        model = build(workload.network, device).train()
        self._slots = find_slots(model, workload.network)
        self._slots.load(inputs, workload.input_dtypes())
        self._held = [slot.held for slot in self._slots.all]
        self._start = [held.clone() for held in self._held]
        self._statistics = [slot.held for slot in self._slots.statistics]
        self._optimiser = optimiser_of(workload.rule, [slot.held for slot in self._slots.weights])
        self._module = model
        self._model = compiled_model(model) if compiles else model
        self._loss_of = LOSSES[workload.loss_name]
        self._is_mixed = workload.precision == MIXED
        self._is_fed_from_host = workload.fed_from_host
        self._device = device
        self._parts, self._batches = len(workload.fed()), workload.batches()
        self._step = 0

    # -- a step ------------------------------------------------------------------------------------

    def __call__(self, *arrays: torch.Tensor) -> torch.Tensor:
        """Take one step on the next batch; its loss."""
        batch = self._batch(arrays, self._step % self._batches)
        self._step += 1
        with torch.enable_grad():
            self._optimiser.zero_grad(set_to_none=True)
            loss = self._loss(batch)
            loss.backward()
            self._optimiser.step()
        return loss.detach()

    def _batch(self, arrays: Arrays, number: int) -> Arrays:
        """Return one batch on the device.

        From the host it comes as a loop's users bring it: `place` pinned it, as their loader would, so that
        the copy needs no wait. On a CPU there is nothing to bring, and the same words do nothing.
        """
        return self._brought(arrays[number * self._parts : (number + 1) * self._parts])

    def _brought(self, arrays: Arrays) -> Arrays:
        if not self._is_fed_from_host:
            return arrays
        return tuple(array.to(self._device, non_blocking=True) for array in arrays)

    def _loss(self, batch: Arrays) -> torch.Tensor:
        *features, target = batch
        return self._loss_of(self._logits(*features), target)

    def _logits(self, *features: torch.Tensor) -> torch.Tensor:
        if not self._is_mixed:
            return self._model(*features)
        with torch.autocast(self._device.type, dtype=torch.bfloat16):  # its range needs no scaling of the loss
            return self._model(*features).float()

    def reset(self) -> None:
        """Go back to the starting weights and to the first batch, in the memory that there is."""
        self._step = 0
        torch._foreach_copy_(self._held, self._start)  # as its optimisers do it
        for kept in self._optimiser.state.values():
            for value in kept.values():
                if isinstance(value, torch.Tensor):
                    value.zero_()  # moments that are zero are those of an optimiser that took no step

    # -- what can be asked of it -------------------------------------------------------------------

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """The loss, with all that is kept for the way back."""
        with self._statistics_kept(), torch.enable_grad():
            return self._loss(self._batch(arrays, 0)).detach()

    def backward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """The loss; gradients are left beside the weights, as a step leaves them, and the device is waited for."""
        with self._statistics_kept(), torch.enable_grad():
            self._optimiser.zero_grad(set_to_none=True)
            loss = self._loss(self._batch(arrays, 0))
            loss.backward()
        return loss.detach()

    def predict(self, *features: torch.Tensor) -> torch.Tensor:
        """What the model gives, in evaluation; gradients are off."""
        self._module.eval()
        found = self._logits(*self._brought(features))
        self._module.train()
        return found

    def input(self, *arrays: torch.Tensor) -> Arrays:
        """The first batch on the device."""
        return self._batch(arrays, 0)

    @contextmanager
    def _statistics_kept(self) -> Iterator[None]:
        """Put running statistics back: normalisation in training moves them in its forward direction."""
        if not self._statistics:
            yield
            return
        before = [held.clone() for held in self._statistics]
        yield
        torch._foreach_copy_(self._statistics, before)

    def gradients(self, *arrays: torch.Tensor) -> dict[str, Any]:
        """Of the first batch, as `backward` left them."""
        self.backward(*arrays)
        found = self._slots.gradients()
        self._optimiser.zero_grad(set_to_none=True)
        return dict(found)

    def weights(self) -> dict[str, Any]:
        """Weights and statistics."""
        return dict(self._slots.stated())

    def describe(self) -> tuple[Placed, ...]:
        """Weights and statistics."""
        return described(self._held)


def prepare(
    workload: Training, inputs: base.Arrays, arguments: Arrays, device: torch.device, *, compiles: bool
) -> Prepared[Any]:
    """Make a training ready."""
    loop = Loop(workload, inputs, device, compiles=compiles)
    forms = (UNBIASED,) if workload.network.statistics() else ()
    return Prepared(
        function=loop,
        arguments=arguments,
        reset=loop.reset,
        compilations=count_graphs if compiles else int,
        layout=image_layout(workload),
        tags=(*forms, *(tags_of(workload.network) if compiles else ())),
        learning=learning_of(loop, workload, forms),
    )
