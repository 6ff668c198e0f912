"""Small trainings that faults are planted into, and how they are judged; for the tests of each framework."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.backends import proof
from harness.backends.base import Backend, Prepared
from harness.testing.plugin import bundle_of
from harness.workloads.training import Training

PERCEPTRON = Training(model="mlp", size="tiny", batch=5, learning_rate=0.05)
MOMENTUM = replace(PERCEPTRON, optimiser="momentum", learning_rate=0.01)
ADAM = replace(PERCEPTRON, optimiser="adam", learning_rate=0.01)
ADAMW = replace(ADAM, optimiser="adamw", weight_decay=0.1)
RESIDUAL = Training(model="resnet18", size="tiny", batch=6, learning_rate=0.02)
DECODER = Training(model="gpt", size="tiny", batch=3, learning_rate=0.02)
IMAGES = Training(model="cnn", size="tiny", batch=4, learning_rate=0.02)


def made(backend: Backend[Any], workload: Any) -> Prepared[Any]:
    return backend.prepare(workload, bundle_of(workload).inputs)


def verdict(backend: Backend[Any], workload: Training, prepared: Prepared[Any] | None = None) -> str:
    """Return the code of what is wrong with a training, or that it is right."""
    doubt = proof.check_answer(backend, workload, bundle_of(workload), prepared or made(backend, workload), None)[1]
    return "right" if doubt is None else doubt.code
