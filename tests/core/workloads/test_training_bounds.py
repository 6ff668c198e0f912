"""How far a training may be off means something for every model, and so does what is not compared at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.backends import proof
from harness.backends.numpy import NumPy
from harness.backends.numpy_training import Model
from harness.core.device import Device
from harness.workloads import sameness
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.network.catalogue import MODELS
from harness.workloads.network.lstm import Lstm
from harness.workloads.network.optimiser import OPTIMISERS
from harness.workloads.training import MIXED, Training

BACKEND = NumPy(device=Device("cpu"), mode="reference", threads=1)
MLP = Training(model="mlp", size="tiny", batch=12, learning_rate=0.05)
RESNET = Training(model="resnet18", size="tiny", batch=12, learning_rate=0.02)
SHORT = Training(model="mlp", size="tiny", batch=5, precision=MIXED, learning_rate=0.02)
EVERY_SIZE = [(model, size) for model, sizes in MODELS.items() for size in sizes]


def why_wrong(case: Training, bundle: Bundle, **settings: Any) -> str:
    """Return what is said of NumPy's training, by other settings than those it is judged by."""
    prepared = BACKEND.prepare(replace(case, **settings), bundle.inputs)
    doubt = proof.check_answer(BACKEND, case, bundle, prepared, proof.call(prepared))[1]
    return doubt.detail if doubt else ""


# -- bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "size"), EVERY_SIZE)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_learning_rate_a_twentieth_off_is_found_in_every_model(model: str, size: str, optimiser: str) -> None:
    """Where the first steps meet a corner too."""
    bounds = Training(model=model, size=size, batch=8, optimiser=optimiser).bounds
    assert bounds.held.early + bounds.open.early < 0.05
    assert bounds.held.gradient < 0.01
    assert bounds.held.loss <= 0.02
    assert bounds.held.alone + bounds.open.alone == 1


@pytest.mark.parametrize(("model", "size"), EVERY_SIZE)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("how", [{"precision": MIXED}, {"math": "tf32"}, {"math": "default"}])
def test_no_model_is_too_deep_to_be_judged_in_a_short_type(
    model: str, size: str, optimiser: str, how: dict[str, Any]
) -> None:
    bounds = Training(model=model, size=size, batch=8, optimiser=optimiser, **how).bounds
    assert bounds.held.gradient <= 0.25
    assert bounds.held.way == bounds.held.early <= 0.35
    assert bounds.held.loss <= 0.02
    assert bounds.held.gradient + bounds.open.gradient <= 0.5
    assert bounds.held.way + bounds.open.way <= 0.75
    assert bounds.held.way * bounds.held.alone < 1


def test_a_rate_of_adam_is_judged_however_deep_a_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lstm, "depth", lambda _: 1601)
    case = Training(model="lstm", size="tiny", batch=5, optimiser="adam", learning_rate=0.002)
    bundle = make_bundle(case, 1)
    assert why_wrong(case, bundle) == ""
    assert "is above 0.03" in why_wrong(case, bundle, learning_rate=1.05 * 0.002)


def test_all_weights_together_are_held_more_closely_than_one_array_and_that_than_one_number() -> None:
    case = replace(SHORT, activation="tanh")  # it has no corners
    bundle = make_bundle(case, 1)
    plain = sameness.of_form(bundle.reference, ())
    lengths = {name: float(bundle.reference[f"{name}@length"]) for name in plain}
    bound = bundle.tolerance.bound

    def error(**apart: Any) -> float:
        seen = {name: plain[name] + apart.get(name.replace(".", "_"), 0) * lengths[name] * bound for name in plain}
        return sameness.accuracy_of(seen, bundle.reference, bundle.scales, ()).max_error / bound

    none = np.zeros(plain["weight.dense1.bias"].size)
    one = none.copy()
    one[3] = 7.0
    assert error(weight_dense1_bias=one) < 1
    assert error(weight_dense1_bias=none + 2.2) < 1 < error(weight_dense1_bias=none + 2.6)
    ways = [name.replace(".", "_") for name in plain if name.startswith("weight.")]
    assert len(ways) == 6
    assert error(**dict.fromkeys(ways, 0.9)) < 1 < error(**dict.fromkeys(ways, 1.1))


def test_a_step_twice_as_long_or_none_is_found_where_all_arrays_are_as_far_off_as_they_may_be() -> None:
    for case in (SHORT, replace(SHORT, optimiser="adam"), replace(SHORT, model="resnet50", activation="usual")):
        bounds = case.bounds
        assert bounds.held.gradient + bounds.open.gradient < 1
        assert bounds.held.way + bounds.open.way < 1
        assert bounds.held.early + bounds.open.early < 1


# -- what no bound tells ---------------------------------------------------------------------------


def test_float32_in_the_place_of_short_products_is_refused() -> None:
    """It is better than what was asked for, and slower or quicker than that would be."""
    said = why_wrong(SHORT, make_bundle(SHORT, 1))
    assert "products in bfloat16" in said
    assert "a better arithmetic than the one named" in said


@pytest.fixture
def nearly() -> tuple[Bundle, dict[str, Any]]:
    """What a right training in short products may be like."""
    bundle = make_bundle(SHORT, 1)
    rng = np.random.default_rng(1)
    plain = sameness.of_form(bundle.reference, ())
    seen = {name: values + 0.02 * np.std(values) * rng.standard_normal(values.shape) for name, values in plain.items()}
    assert sameness.why_not(seen, bundle.reference, ()) is None
    return bundle, seen


def test_a_gradient_that_is_zero_is_refused_however_short_it_would_be(nearly: tuple[Bundle, dict[str, Any]]) -> None:
    bundle, seen = nearly
    name = "gradient.dense1.bias"
    seen[name] = 0 * seen[name]
    assert sameness.why_not(seen, bundle.reference, ()) == "the gradient of dense1.bias is zero"
    flat = {**bundle.reference, name: seen[name]}  # where nothing flows, zero is right
    assert sameness.why_not(seen, flat, ()) is None


def test_a_weight_that_stays_as_it_was_is_refused(nearly: tuple[Bundle, dict[str, Any]]) -> None:
    bundle, seen = nearly
    name = "weight.dense1.bias"
    start = sameness.sketch(bundle.inputs[name])
    seen[name] = start
    assert sameness.why_not(seen, bundle.reference, ()) == "dense1.bias stays as it was"
    still = {**bundle.reference, name: start + 1e-9}  # a way shorter than the rounding of a weight
    assert sameness.why_not(seen, still, ()) is None


# -- a part of each batch --------------------------------------------------------------------------


def of_whole_batches(change: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = Model._batch

        def changed(self: Model, arrays: Any, number: int) -> Any:
            return honest(self, tuple(change(array) if len(array) == 12 else array for array in arrays), number)

        monkeypatch.setattr(Model, "_batch", changed)

    return plant


def of_inputs(case: Training, bundle: Bundle) -> str:
    prepared = BACKEND.prepare(case, bundle.inputs)
    doubt = proof.check_inputs_matter(BACKEND, case, bundle, prepared)
    return f"{doubt.code}: {doubt.detail}" if doubt else ""


@pytest.fixture
def few_are_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.workloads.training.PROOF_FLOPS", 3e5)
    assert MLP.proof_batch == 3
    assert RESNET.proof_batch == 2


@pytest.mark.usefixtures("few_are_proved")
@pytest.mark.parametrize(
    ("case", "change", "said"),
    [
        pytest.param(MLP, lambda array: array[:3], "a part of a batch is used", id="what is compared"),
        pytest.param(MLP, lambda array: array[:6], "a part of a batch is used", id="half"),
        pytest.param(MLP, lambda array: array[::2], "where its last 3 account for", id="every second"),
        pytest.param(RESNET, lambda array: array[:6], "a part of a batch is used", id="half, normalised together"),
    ],
)
def test_samples_that_are_not_compared_must_count(
    case: Training, change: Callable[[Any], Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle(case, 1)
    assert of_inputs(case, bundle) == ""
    of_whole_batches(change)(monkeypatch)
    assert why_wrong(case, bundle) == ""
    assert of_inputs(case, bundle).startswith("V2")
    assert said in of_inputs(case, bundle)


@pytest.mark.usefixtures("few_are_proved")
@pytest.mark.parametrize("loss", ["sparse", "categorical", "binary", "squared"])
@pytest.mark.parametrize("batch", [4, 5, 12, 300])
def test_a_right_step_on_a_whole_batch_is_let_pass(loss: str, batch: int) -> None:
    case = replace(MLP, loss=loss, batch=batch)
    assert case.is_sampled
    assert of_inputs(case, make_bundle(case, 2)) == ""


@pytest.mark.usefixtures("few_are_proved")
def test_what_is_changed_of_a_whole_batch_is_what_is_not_compared() -> None:
    for case in (MLP, replace(MLP, batch=4)):
        inputs = make_bundle(case, 3).inputs
        changed = case.varied_beyond(inputs)
        few = min(3, case.batch - 3)
        for name in case.batch_names(0):
            assert np.array_equal(changed[name][:-few], inputs[name][:-few])
            assert not np.array_equal(changed[name][-few:], inputs[name][-few:])
        assert all(changed[name] is inputs[name] for name in inputs if name not in case.batch_names(0))
