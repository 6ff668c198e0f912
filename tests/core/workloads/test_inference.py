"""Inference is stated right: its answer, its work, and what of it is compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.backends import proof
from harness.backends.numpy import NumPy
from harness.core.device import Device
from harness.workloads.base import ParameterError
from harness.workloads.bundle import make_bundle
from harness.workloads.inference import PLACES, Inference
from harness.workloads.modelled import smallest
from harness.workloads.training import Training

BACKEND = NumPy(device=Device("cpu"), mode="reference", threads=1)


def checked(case: Inference, spoil: Any = None) -> str | None:
    bundle = make_bundle(case, 1)
    inputs = dict(bundle.inputs)
    if spoil is not None:
        spoil(inputs)
    prepared = BACKEND.prepare(case, inputs)
    doubt = proof.check_answer(BACKEND, case, bundle, prepared, proof.call(prepared))[1]
    return doubt.detail if doubt else None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("model", [values["model"] for values in smallest()])
def test_numpy_gives_what_float64_gives(model: str, dtype: str) -> None:
    (few,) = smallest((model,))
    assert checked(Inference(**few, dtype=dtype)) is None


def test_a_weight_that_is_off_shows() -> None:
    def lost(inputs: dict[str, Any]) -> None:
        inputs["weight.head.bias"] = np.zeros_like(inputs["weight.head.bias"])

    def statistics(inputs: dict[str, Any]) -> None:
        inputs["statistic.stem.norm.variance"] = inputs["statistic.stem.norm.variance"] * np.float32(1.01)

    case = Inference(model="resnet18", size="tiny", batch=3)
    assert checked(case) is None
    for spoil in (lost, statistics):
        assert "error" in (checked(case, spoil) or "")


def test_the_work_is_the_forward_direction_of_training() -> None:
    few = {"model": "gpt", "size": "tiny", "batch": 3}
    served, trained = Inference.make(few), Training.make(few)
    network = served.network
    assert served.flops() == 3 * network.forward_flops()
    assert trained.flops() == 3 * (network.forward_flops() + network.backward_flops())
    assert served.items() == trained.items() == (36, "tokens")
    assert served.arguments() == ("batch0.tokens",)


def test_of_long_outputs_and_of_many_samples_a_part_is_compared() -> None:
    long = Inference(model="gpt", size="small", batch=8)
    assert long.proof_batch == 1
    places = long.probe(np.random.Generator(np.random.PCG64(0)))[PLACES]
    assert places.max() < 1024 * 50257
    output = np.zeros((8, 1024, 50257), np.float16)
    output.reshape(-1)[places[5]] = 3
    seen = long.observe((output,), {PLACES: places})["output0"]
    assert seen.shape == places.shape
    assert seen[5] == 3
    few = Inference(model="mlp", size="classic", batch=4)
    assert few.probe(np.random.Generator(np.random.PCG64(0))) == {}
    assert few.proof_batch == 4


def test_what_is_of_another_shape_is_wrong() -> None:
    case = Inference(model="mlp", size="tiny", batch=3)
    bundle = make_bundle(case, 0)
    assert case.observe((np.zeros((3, 9)),), {})["output0"].shape != bundle.reference["output0"].shape


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match="bert has no size 'imagenet'"):
        Inference.make({"model": "bert", "size": "imagenet", "batch": 1})
    with pytest.raises(ParameterError, match="no parameter 'optimiser'"):
        Inference.make({"model": "mlp", "size": "tiny", "batch": 1, "optimiser": "sgd"})
