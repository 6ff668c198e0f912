"""A training is stated right: what is refused, what is fed, what is compared, and what would not be let through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends import proof
from harness.backends.base import Prepared
from harness.backends.numpy import NumPy
from harness.backends.numpy_training import Model
from harness.core.device import Device
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.modelled import smallest
from harness.workloads.network import tape
from harness.workloads.network.optimiser import Updates
from harness.workloads.network.reference import Trainer
from harness.workloads.network.tape import Node
from harness.workloads.sameness import UNBIASED, of_form, sketch
from harness.workloads.training import HAT, Training

BACKEND = NumPy(device=Device("cpu"), mode="reference", threads=1)
MLP = Training(model="mlp", size="tiny", batch=5, learning_rate=0.05)
RESNET = Training(model="resnet18", size="tiny", batch=6, learning_rate=0.02)


def checked(case: Training, bundle: Bundle | None = None) -> str | None:
    bundle = bundle or make_bundle(case, 1)
    prepared: Prepared[Any] = BACKEND.prepare(case, bundle.inputs)
    doubt = proof.check_answer(BACKEND, case, bundle, prepared, proof.call(prepared))[1]
    return doubt.detail if doubt else None


@pytest.mark.parametrize("model", [values["model"] for values in smallest()])
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_numpy_in_float32_is_right(model: str, optimiser: str) -> None:
    (few,) = smallest((model,))
    rate = 0.02 if optimiser == "sgd" else 0.002
    assert checked(Training(**few, optimiser=optimiser, learning_rate=rate)) is None


# -- planted faults --------------------------------------------------------------------------------


def with_learning_rate(factor: float) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = Trainer.__init__

        def made(self: Trainer, network: Any, loss: str, optimiser: Any, **others: Any) -> None:
            rule = replace(optimiser, learning_rate=optimiser.learning_rate * factor)
            honest(self, network, loss, rule, **others)

        monkeypatch.setattr(Trainer, "__init__", made)

    return plant


def with_momentum(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Updates._momentum

    def dampened(self: Updates, name: str, weight: Any, gradient: Any) -> Any:
        return honest(self, name, weight, gradient * weight.dtype.type(0.9))

    monkeypatch.setattr(Updates, "_momentum", dampened)


def without_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Model._batch

    def lost(self: Model, arrays: Any, number: int) -> Any:
        trainer = self._trainer
        trainer.weights = {**trainer.weights, "dense2.bias": np.zeros_like(trainer.weights["dense2.bias"])}
        return honest(self, arrays, number)

    monkeypatch.setattr(Model, "_batch", lost)


def with_a_batch_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Model._batch

    def again(self: Model, arrays: Any, number: int) -> Any:
        return honest(self, arrays, 6 if number == 7 else number)

    monkeypatch.setattr(Model, "_batch", again)


def with_forgotten_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Model.weights

    def forgotten(self: Model) -> Any:
        kept = {name: array for name, array in self._statistics.items() if name.startswith("stage2.block1.norm")}
        return {**honest(self), **(kept or self._statistics)}

    monkeypatch.setattr(Model, "weights", forgotten)


def without_normalisation(monkeypatch: pytest.MonkeyPatch) -> None:
    def skipped(x: Node, axes: tuple[int, ...], epsilon: float) -> Node:
        del axes, epsilon
        return x

    monkeypatch.setattr(tape, "normalised", skipped)


@pytest.mark.parametrize(
    ("case", "plant"),
    [
        pytest.param(MLP, with_learning_rate(1.05), id="learning rate 5 % up"),
        pytest.param(MLP, with_learning_rate(0.95), id="learning rate 5 % down"),
        pytest.param(replace(MLP, optimiser="adam", learning_rate=0.002), with_learning_rate(1.05), id="of adam too"),
        pytest.param(replace(MLP, optimiser="momentum"), with_momentum, id="momentum"),
        pytest.param(MLP, without_bias, id="lost bias"),
        pytest.param(MLP, with_a_batch_twice, id="a batch twice"),
        pytest.param(RESNET, with_forgotten_statistics, id="forgotten statistics"),
        pytest.param(RESNET, without_normalisation, id="lost normalisation"),
        pytest.param(RESNET, with_learning_rate(1.05), id="learning rate of a deep model"),
    ],
)
def test_a_planted_fault_is_caught(
    case: Training, plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle(case, 1)
    assert checked(case, bundle) is None
    plant(monkeypatch)
    assert "error" in (checked(case, bundle) or "")


def test_formulas_have_a_reference_for_each_form() -> None:
    bundle = make_bundle(replace(RESNET, optimiser="adam", learning_rate=0.002), 1)
    plain = of_form(bundle.reference, ())
    other = of_form(bundle.reference, (HAT, UNBIASED))
    assert plain.keys() == other.keys()
    changed = {name.partition(".")[0] for name in plain if not np.array_equal(plain[name], other[name])}
    assert changed == {"loss", "early", "weight", "statistic"}
    assert not any("@" in name for name in other)


# -- what is fed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [*Training.examples()], ids=lambda case: case.key)
def test_inputs_are_what_is_said_and_other_inputs_are_like_them(case: Training) -> None:
    inputs = make_bundle(case, 4).inputs
    shapes, kinds = case.input_shapes(), case.input_dtypes()
    for held in (inputs, case.varied(inputs)):
        assert {name: array.shape for name, array in held.items()} == shapes
        assert {name: str(array.dtype) for name, array in held.items()} == {n: k.storage for n, k in kinds.items()}
    assert set(case.arguments()) < set(shapes)
    for number in range(case.batches()):
        for name, fed in case.batch_names(number).items():
            for held in (inputs, case.varied(inputs)):
                if fed.below is not None:
                    assert 0 <= held[name].min() <= held[name].max() < fed.below
            assert not np.array_equal(inputs[name], case.varied(inputs)[name]), name
    for name in case.starts():
        assert case.varied(inputs)[name] is inputs[name]


def test_no_two_batches_are_alike() -> None:
    inputs = make_bundle(MLP, 4).inputs
    assert len({inputs[f"batch{number}.x"].tobytes() for number in range(MLP.batches())}) == MLP.batches() == 20


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"model": "mlp", "size": "imagenet"}, "mlp has no size 'imagenet'"),
        ({"model": "nothing", "size": "tiny"}, "model cannot be 'nothing'"),
        ({"model": "gpt", "size": "tiny", "loss": "binary"}, "gpt has no loss 'binary'"),
        ({"model": "gpt", "size": "tiny", "activation": "relu"}, "the activations of gpt are given"),
        ({"model": "mlp", "size": "tiny", "learning_rate": 0}, "learning_rate must be above 0"),
        ({"model": "mlp", "size": "tiny", "learning_rate": "fast"}, "learning_rate must be a number"),
        ({"model": "mlp", "size": "tiny", "learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"model": "mlp", "size": "tiny", "momentum": 1.5}, "momentum must lie between 0 and 1"),
        ({"model": "mlp", "size": "tiny", "dtype": "float64"}, "not defined for float64"),
        ({"model": "resnet18", "size": "tiny", "batch": 1}, "batch normalisation needs two samples"),
        ({"model": "mlp", "size": "tiny", "cache": "cold"}, "in turn"),
        ({"model": "mlp", "size": "tiny", "direction": "forward_backward"}, "has no forward_backward"),
        ({"model": "mlp", "size": "tiny", "precision": "mixed_bfloat16", "math": "tf32"}, "how its products are done"),
    ],
)
def test_what_cannot_be_is_refused_in_words(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Training.make({"batch": 4, **values})


def test_one_and_one_point_nought_are_one_case() -> None:
    whole, point = (Training.make({"model": "mlp", "size": "tiny", "batch": 4, "learning_rate": r}) for r in (1, 1.0))
    assert whole.key == point.key


def test_a_large_model_is_compared_in_part() -> None:
    large = Training(model="resnet18", size="cifar", batch=128)
    assert large.is_sampled
    assert 2 <= large.proof_batch < 128
    largest = Training(model="gpt", size="medium", batch=8)
    assert (largest.proof_batch, largest.proof_steps) == (1, 2)
    assert not MLP.is_sampled
    assert MLP.proof_steps == 20


# -- sketches --------------------------------------------------------------------------------------


@given(st.integers(1, 5000), st.integers(0, 2**32 - 1))
def test_a_sketch_is_linear_and_keeps_lengths(size: int, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    a, b = rng.standard_normal((2, size))
    assert sketch(a - 2 * b) == pytest.approx(sketch(a) - 2 * sketch(b))
    assert len(sketch(a)) == min(size, 64)
    length, kept = float(np.linalg.norm(a)), float(np.linalg.norm(sketch(a)))
    assert kept == pytest.approx(length, rel=1e-9) if size <= 64 else 0.4 * length < kept < 1.8 * length


def test_a_sketch_tells_the_order_of_rows() -> None:
    values = np.random.Generator(np.random.PCG64(0)).standard_normal((64, 64))
    assert np.linalg.norm(sketch(values) - sketch(values[::-1])) > np.linalg.norm(values)
    assert np.linalg.norm(sketch(values) - sketch(values.T)) > np.linalg.norm(values)
