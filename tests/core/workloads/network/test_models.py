"""Every model is stated right: its gradients, its work, its weights, and how it normalises."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.workloads.bundle import make_bundle
from harness.workloads.modelled import smallest
from harness.workloads.network import tape
from harness.workloads.network.catalogue import MODELS
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.recommender import Dlrm
from harness.workloads.network.reference import Batch, Kept, Running, Trainer, outputs
from harness.workloads.network.spec import TABLE, Network
from harness.workloads.network.tape import Node
from harness.workloads.network.transformer import Gpt
from harness.workloads.training import Training

TINY = [values["model"] for values in smallest()]
EVERY = [(model, size) for model, sizes in MODELS.items() for size in sizes]


def training(model: str, **settings: Any) -> Training:
    (few,) = smallest((model,))
    return Training(**{**few, **settings})


def trainer_of(case: Training, seed: int = 3) -> tuple[Trainer, list[Batch]]:
    wide = case.widened(make_bundle(case, seed).inputs)
    weights, statistics = case.started(wide)
    made = Trainer(case.network, case.loss_name, case.rule, weights=weights, statistics=statistics)
    return made, [case.batch_of(wide, number) for number in range(case.batches())]


@pytest.mark.parametrize("model", TINY)
def test_the_gradient_of_every_weight_is_that_of_finite_differences(model: str) -> None:
    trainer, batches = trainer_of(training(model))
    gradients = trainer.look(batches[0]).gradients
    rng, start = np.random.Generator(np.random.PCG64(9)), dict(trainer.weights)
    for name, weight in start.items():
        direction, values = rng.standard_normal(weight.shape), []
        for step in (1e-6, -1e-6):
            trainer.weights = {**start, name: weight + step * direction}
            values.append(trainer.loss(batches[0]))
        expected = (values[0] - values[1]) / 2e-6
        assert float((gradients[name] * direction).sum()) == pytest.approx(expected, rel=2e-4, abs=1e-7), name


@pytest.mark.parametrize("model", TINY)
def test_what_is_said_to_be_idle_has_no_gradient_and_all_else_has(model: str) -> None:
    trainer, batches = trainer_of(training(model))
    gradients = trainer.look(batches[0]).gradients
    for weight in training(model).network.weights():
        gradient = gradients[weight.name]
        assert np.any(gradient), weight.name
        if weight.idle is not None:
            low, high = weight.idle
            assert np.max(np.abs(gradient[..., low:high])) < 1e-12 * np.max(np.abs(gradient)), weight.name


@pytest.mark.parametrize("model", TINY)
def test_twenty_steps_make_the_loss_smaller(model: str) -> None:
    trainer, batches = trainer_of(training(model, optimiser="adam", learning_rate=0.003))
    before = np.mean([trainer.loss(batch) for batch in batches])
    for batch in batches:
        trainer.step(batch)
    assert np.mean([trainer.loss(batch) for batch in batches]) < before


class Count:
    """Counts the products of a forward direction as they are made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.flops = 0
        plain, convolve = tape.product, tape.convolve

        def product(a: Node, b: Node) -> Node:
            if not (b.value.ndim == 2 and a.value.ndim > 2):  # that one calls itself
                self.flops += (
                    2
                    * math.prod(np.broadcast_shapes(a.value.shape[:-2], b.value.shape[:-2]))
                    * (a.value.shape[-2] * a.value.shape[-1] * b.value.shape[-1])
                )
            return plain(a, b)

        def convolved(x: Node, kernel: Node, **settings: int) -> Node:
            made = convolve(x, kernel, **settings)
            self.flops += 2 * made.value.size * math.prod(kernel.value.shape[:3])
            return made

        monkeypatch.setattr(tape, "product", product)
        monkeypatch.setattr(tape, "convolve", convolved)


def unmasked(network: Network) -> int:
    """What the tape multiplies and the count leaves out: masked pairs, and each meeting of two vectors twice."""
    if isinstance(network, Gpt):
        pairs = network.length**2 - network.length * (network.length + 1) // 2
        return network.blocks * 4 * pairs * network.width
    if isinstance(network, Dlrm):
        return 2 * ((network.tables + 1) ** 2 - network.pairs) * network.bottom[-1]
    return 0


@pytest.mark.parametrize("model", TINY)
def test_the_work_is_counted_as_it_is_done(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = training(model)
    trainer, batches = trainer_of(case)
    count = Count(monkeypatch)
    trainer.loss(batches[0])
    assert count.flops == case.batch * (case.network.forward_flops() + unmasked(case.network))


def test_known_models_have_the_weights_and_the_work_that_are_known() -> None:
    """Weights and multiplications as published (torchvision's and OpenAI's counts; two operations for each)."""
    known = {
        ("mlp", "classic"): (101_770, 2 * 101_632),
        ("cnn", "lenet"): (61_706, None),
        ("resnet18", "imagenet"): (11_689_512, 2 * 1_814_073_344),
        ("resnet50", "imagenet"): (25_557_032, 2 * 4_089_184_256),
        ("gpt", "small"): (124_439_808, None),
        ("gpt", "medium"): (354_823_168, None),
    }
    for (model, size), (weights, flops) in known.items():
        network = MODELS[model][size]
        assert network.weight_count() == weights, (model, size)
        assert flops is None or network.forward_flops() == flops, (model, size)


@pytest.mark.parametrize(("model", "size"), EVERY)
def test_every_size_is_a_model(model: str, size: str) -> None:
    network = MODELS[model][size]
    names = [weight.name for weight in (*network.weights(), *network.statistics())]
    assert len(set(names)) == len(names)
    assert 0 <= network.unneeded_flops() < network.forward_flops() < network.backward_flops() + 1
    assert network.depth() > 0
    assert network.losses


def shapes_given(network: Network) -> Iterator[tuple[int, ...]]:
    rng = np.random.Generator(np.random.PCG64(0))
    weights = {weight.name: weight.draw(rng).astype(np.float64) for weight in network.weights()}
    statistics = {weight.name: weight.draw(rng).astype(np.float64) for weight in network.statistics()}
    features = {
        fed.name: rng.standard_normal((2, *fed.shape))
        if fed.below is None
        else rng.integers(0, fed.below, (2, *fed.shape))
        for fed in network.features()
    }
    yield outputs(network, weights=weights, statistics=statistics, features=features).shape


@pytest.mark.parametrize(
    ("model", "size"), [("mlp", "classic"), ("cnn", "lenet"), ("cnn", "digits"), ("lstm", "small")]
)
def test_outputs_have_the_shape_that_is_said(model: str, size: str) -> None:
    network = MODELS[model][size]
    assert list(shapes_given(network)) == [(2, *network.outputs())]


def test_a_decoder_does_not_look_ahead() -> None:
    network = MODELS["gpt"]["tiny"]
    assert isinstance(network, Gpt)
    rng = np.random.Generator(np.random.PCG64(0))
    weights = {weight.name: weight.draw(rng).astype(np.float64) for weight in network.weights()}
    tokens = rng.integers(0, network.vocabulary, (1, network.length))
    later = tokens.copy()
    later[0, 7:] = (later[0, 7:] + 1) % network.vocabulary
    first, second = (
        outputs(network, weights=weights, statistics={}, features={"tokens": each}) for each in (tokens, later)
    )
    assert np.array_equal(first[0, :7], second[0, :7])
    assert not np.any(np.all(first[0, 7:] == second[0, 7:], axis=-1))


def test_running_statistics_are_those_of_torch_and_of_keras() -> None:
    values = np.arange(12.0).reshape(3, 2, 1, 2)
    running = Running({"n.mean": np.zeros(2), "n.variance": np.ones(2)})
    weights = {"n.scale": Node(np.ones(2)), "n.offset": Node(np.zeros(2))}
    normalised = running("n", Node(values), weights).value
    assert normalised.mean(axis=(0, 1, 2)) == pytest.approx([0, 0], abs=1e-12)
    seen = values.reshape(-1, 2)
    assert running.biased["n.mean"] == pytest.approx(0.1 * seen.mean(axis=0))
    assert running.biased["n.variance"] == pytest.approx(0.9 + 0.1 * seen.var(axis=0))
    assert running.unbiased["n.variance"] == pytest.approx(0.9 + 0.1 * seen.var(axis=0, ddof=1))
    used = Kept({"n.mean": np.array([1.0, 2.0]), "n.variance": np.array([4.0, 9.0])})("n", Node(values), weights).value
    assert used == pytest.approx((values - [1, 2]) / np.sqrt(np.array([4, 9]) + 1e-5))


def test_activations_of_an_mlp_are_a_choice() -> None:
    plain = MODELS["mlp"]["tiny"]
    for name in ("relu", "gelu", "tanh", "sigmoid"):
        case = Training(model="mlp", size="tiny", batch=3, activation=name)
        assert isinstance(plain, Mlp)
        assert case.network == replace(plain, activation=name)


@pytest.mark.parametrize("model", TINY)
def test_weights_that_a_batch_does_not_touch_get_no_gradient(model: str) -> None:
    """Rows of a table that nobody looked up stand still, and move no memory."""
    case = training(model)
    trainer, batches = trainer_of(case)
    gradients = trainer.look(batches[0]).gradients
    moved = 0
    for weight in case.network.weights():
        is_table = weight.kind == TABLE and weight.name not in case.network.tied
        found = gradients[weight.name]
        moved += int(np.count_nonzero(found.any(axis=1))) * weight.shape[1] if is_table else weight.size
    assert 0 < moved <= case.network.touched(case.batch) <= case.network.weight_count()


def test_of_large_tables_only_the_rows_looked_up_count() -> None:
    ncf = MODELS["ncf"]["movies"]
    tables = sum(weight.size for weight in ncf.weights() if weight.kind == TABLE)
    rows = sum(weight.shape[1] for weight in ncf.weights() if weight.kind == TABLE)
    assert ncf.touched(64) == ncf.weight_count() - tables + 64 * rows
    assert ncf.touched(10**9) == ncf.weight_count()
    gpt = MODELS["gpt"]["small"]  # its table of tokens gives the outputs too
    assert gpt.touched(1) == gpt.weight_count()
    few = training("ncf", size="movies", batch=64)
    assert few.moved_bytes() == 64 * 3 * 4 + 4 * ncf.touched(64) * 6
    assert replace(few, optimiser="adam").moved_bytes() > 4 * 6 * tables  # moments fade everywhere
