"""What is PyTorch's alone in training: its own models and loop, and faults planted into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.backends import proof
from harness.backends.catalog import TORCH
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.testing.plugin import bundle_of, case_id, load_backend
from harness.workloads.inference import Inference
from harness.workloads.matmul import Matmul
from harness.workloads.network.catalogue import MODELS
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.reference import outputs
from harness.workloads.training import HOST, MIXED, Training
from tests.contract.conftest import chosen
from tests.contract.trainings import (
    ADAM,
    ADAMW,
    DECODER,
    IMAGES,
    MOMENTUM,
    PERCEPTRON,
    RESIDUAL,
    SHORT,
    Fault,
    check_a_fault_is_seen,
    everywhere,
    made,
    verdict,
)

if TYPE_CHECKING:
    from harness.backends.base import Prepared
    from harness.backends.torch.backend import Torch

CPU = Device("cpu")
SEQUENCES = Training(model="lstm", size="tiny", batch=5, learning_rate=0.02)
LOOP = "harness.backends.torch.training"


@pytest.fixture
def torch_backend(request: pytest.FixtureRequest) -> Torch:
    if TORCH not in chosen(request.config):
        pytest.skip("torch was not asked for")
    backend: Torch = load_backend(TORCH, "eager", CPU)  # type: ignore[assignment]
    backend.set_math(MathMode.IEEE)
    return backend


# -- planted faults --------------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def _model(change: Callable[[Any], Any]) -> Plant:
    """Change the model that is built."""
    from harness.backends.torch.models import build

    def changed(network: Any, device: Any) -> Any:
        model = build(network, device)
        change(model)
        return model

    return lambda patch: patch.setattr(f"{LOOP}.build", changed)


def _optimiser(make: Callable[[Any, Any], Any]) -> Plant:
    """Put another optimiser in the place of the loop's."""
    return lambda patch: patch.setattr(f"{LOOP}.optimiser_of", make)


def _method(name: str, method: Callable[..., Any]) -> Plant:
    return lambda patch: patch.setattr(f"{LOOP}.Loop.{name}", method)


def _loss(loss: Callable[[Any, Any], Any]) -> Plant:
    return lambda patch: patch.setattr(f"{LOOP}.LOSSES", {"sparse": loss})


def _faults() -> dict[str, tuple[Training, Plant]]:
    return {**_faults_of_the_loop(), **_faults_of_models()}


def _faults_of_the_loop() -> dict[str, tuple[Training, Plant]]:
    import torch
    import torch.nn.functional as F  # noqa: N812

    from harness.backends.torch.training import Loop, optimiser_of

    def with_rule(**other: float) -> Plant:
        return _optimiser(lambda rule, weights: optimiser_of(replace(rule, **other), weights))

    def piling_up(optimiser: Any) -> Any:
        optimiser.zero_grad = lambda **_: None
        return optimiser

    whole = Loop._batch
    return {
        "a rate 5 % off": (PERCEPTRON, with_rule(learning_rate=0.0525)),
        "another momentum": (MOMENTUM, with_rule(momentum=0.85)),
        "Nesterov's momentum": (
            MOMENTUM, _optimiser(lambda rule, w: torch.optim.SGD(w, rule.learning_rate, rule.momentum, nesterov=True)),
        ),
        "a dampened momentum": (
            MOMENTUM, _optimiser(lambda rule, w: torch.optim.SGD(w, rule.learning_rate, rule.momentum, dampening=0.1)),
        ),
        "another beta": (
            ADAM, _optimiser(lambda rule, w: torch.optim.Adam(w, rule.learning_rate, (0.9, 0.99))),
        ),
        "a forgotten decay": (ADAMW, with_rule(weight_decay=0.0)),
        "a decay by way of the gradient": (
            ADAMW, _optimiser(lambda rule, w: torch.optim.Adam(w, rule.learning_rate, weight_decay=rule.weight_decay)),
        ),
        "gradients that pile up": (PERCEPTRON, _optimiser(lambda rule, w: piling_up(optimiser_of(rule, w)))),
        "always the first batch": (PERCEPTRON, _method("_batch", lambda loop, arrays, _: whole(loop, arrays, 0))),
        "half of each batch": (
            PERCEPTRON, _method("_batch", lambda loop, arrays, at: tuple(x[:3] for x in whole(loop, arrays, at))),
        ),
        "a sum for a mean": (PERCEPTRON, _loss(lambda x, y: F.cross_entropy(x, y.long(), reduction="sum"))),
        "smoothed labels": (PERCEPTRON, _loss(lambda x, y: F.cross_entropy(x, y.long(), label_smoothing=0.01))),
        "products in bfloat16": (PERCEPTRON, lambda patch: patch.setattr(f"{LOOP}.MIXED", "float32")),
    }  # fmt: skip


def _faults_of_models() -> dict[str, tuple[Training, Plant]]:
    import torch
    import torch.nn.functional as F  # noqa: N812
    from torch import nn

    def every(kind: Any, change: Callable[[Any], Any]) -> Plant:
        return _model(lambda model: [change(part) for part in model.modules() if isinstance(part, kind)])

    def without_bias(model: Any) -> None:
        model.layers.dense2.register_forward_hook(lambda layer, _, output: output - layer.bias)

    def without_normalisation(norm: Any) -> None:
        norm.forward = lambda x: x * norm.weight + norm.bias

    def by_what_it_keeps(norm: Any) -> None:
        norm.forward = lambda x: F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)

    def looking_ahead(model: Any) -> None:
        for block in model.blocks:
            block.causal = False

    def untied(model: Any) -> None:
        def forward(tokens: Any) -> Any:
            x = model.token(tokens) + model.position(model.positions)
            return F.linear(model.norm(model.blocks(x)), model.token.weight.detach())

        model.forward = forward

    return {
        "a lost bias": (PERCEPTRON, _model(without_bias)),
        "a layer that does not learn": (
            PERCEPTRON, _model(lambda model: model.layers.dense1.weight.register_hook(torch.zeros_like)),
        ),
        "statistics that are not kept": (RESIDUAL, every(nn.BatchNorm2d, lambda norm: setattr(norm, "momentum", 0.0))),
        "statistics that forget faster": (RESIDUAL, every(nn.BatchNorm2d, lambda norm: setattr(norm, "momentum", 0.2))),
        "another epsilon": (RESIDUAL, every(nn.BatchNorm2d, lambda norm: setattr(norm, "eps", 1e-3))),
        "normalised by what is kept": (RESIDUAL, every(nn.BatchNorm2d, by_what_it_keeps)),
        "no normalisation": (DECODER, every(nn.LayerNorm, without_normalisation)),
        "a look ahead": (DECODER, _model(looking_ahead)),
        "a table that is not tied": (DECODER, _model(untied)),
        "an offset that does not learn, in short products": (
            SHORT, _model(lambda model: model.blocks[0].norm1.bias.register_hook(torch.zeros_like)),
        ),
        "two biases of an LSTM": (
            SEQUENCES, _model(lambda model: model.lstm.bias_ih_l0.register_hook(lambda gradient: 2 * gradient)),
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "a rate 5 % off", "another momentum", "Nesterov's momentum", "a dampened momentum", "another beta",
        "a forgotten decay", "a decay by way of the gradient", "gradients that pile up", "a lost bias",
        "a layer that does not learn", "always the first batch", "half of each batch", "a sum for a mean",
        "smoothed labels", "products in bfloat16", "statistics that are not kept", "statistics that forget faster",
        "another epsilon", "normalised by what is kept", "no normalisation", "a look ahead",
        "a table that is not tied", "an offset that does not learn, in short products", "two biases of an LSTM",
    ],
)  # fmt: skip
def test_a_planted_fault_is_seen(torch_backend: Torch, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    faults = _faults()
    assert len(faults) == 24
    workload, plant = faults[name]
    assert verdict(torch_backend, workload, made(torch_backend, workload)) == "right"
    plant(monkeypatch)
    assert verdict(torch_backend, workload, made(torch_backend, workload)) == "V1"


@everywhere
def test_a_fault_of_any_framework_is_seen(torch_backend: Torch, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    check_a_fault_is_seen(torch_backend, monkeypatch, fault)


def test_an_optimiser_that_is_not_reset_is_seen(torch_backend: Torch, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = made(torch_backend, MOMENTUM)
    monkeypatch.setattr("torch.Tensor.zero_", lambda tensor: tensor)
    prepared.function(*prepared.arguments)
    assert verdict(torch_backend, MOMENTUM, prepared) == "V1"


# -- the models ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "size"), [(model, size) for model, sizes in MODELS.items() for size in sizes])
def test_every_model_holds_what_is_specified(torch_backend: Torch, model: str, size: str) -> None:
    import torch

    from harness.backends.torch.models import build
    from harness.backends.torch.models.weights import find_slots

    network = MODELS[model][size]
    slots = find_slots(build(network, torch.device("meta")), network)
    assert sum(slot.held.numel() for slot in slots.weights) == network.weight_count()


def test_a_model_that_holds_something_else_is_refused(torch_backend: Torch) -> None:
    import torch

    from harness.backends.torch.models import build
    from harness.backends.torch.models.weights import find_slots

    network = MODELS["mlp"]["tiny"]
    model = build(network, torch.device("cpu"))
    model.extra = torch.nn.Linear(2, 3)
    with pytest.raises(ValueError, match=r"extra\.weight"):
        find_slots(model, network)
    with pytest.raises(ValueError, match=r"dense1\.kernel"):
        find_slots(build(Mlp(widths=(21, 16, 12, 10)), torch.device("cpu")), network)


@pytest.mark.parametrize("model", MODELS)
def test_weights_come_out_as_they_went_in(torch_backend: Torch, model: str) -> None:
    workload = Training(model=model, size="tiny", batch=4)
    inputs = bundle_of(workload).inputs
    learning = made(torch_backend, workload).learning
    assert learning is not None
    held = learning.weights()
    weights, statistics = workload.started(inputs)
    stated = {**weights, **statistics}
    assert held.keys() == stated.keys()
    for name, array in stated.items():
        assert held[name].dtype == np.float32
        np.testing.assert_array_equal(held[name], array, strict=True)


def test_the_second_bias_of_an_lstm_stays_zero(torch_backend: Torch) -> None:
    prepared = made(torch_backend, replace(SEQUENCES, optimiser="adamw"))
    for _ in range(3):
        prepared.function(*prepared.arguments)
    module: Any = prepared.function
    biases = [held for name, held in module._model.named_parameters() if "bias_hh" in name]
    assert len(biases) == 2
    assert not any(bias.any() or bias.requires_grad for bias in biases)


# -- the loop --------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", [PERCEPTRON, MOMENTUM, ADAM, RESIDUAL, SEQUENCES], ids=case_id)
def test_a_reset_goes_back_in_the_memory_that_there_is(torch_backend: Torch, workload: Training) -> None:
    prepared = made(torch_backend, workload)
    assert prepared.reset is not None
    assert prepared.learning is not None

    def losses() -> list[float]:
        return [float(prepared.function(*prepared.arguments)) for _ in range(4)]

    before, places = losses(), _addresses(prepared)
    prepared.reset()
    assert losses() == before
    assert _addresses(prepared) == places


def _addresses(prepared: Prepared[Any]) -> list[int | None]:
    assert prepared.learning is not None
    loop: Any = prepared.function
    kept = [value.data_ptr() for state in loop._optimiser.state.values() for value in state.values()]
    return [*(place.address for place in prepared.learning.describe()), *kept]


@pytest.mark.parametrize("workload", [RESIDUAL, replace(RESIDUAL, feed=HOST, optimiser="adam"), MOMENTUM], ids=case_id)
def test_phases_and_gradients_leave_no_trace(torch_backend: Torch, workload: Training) -> None:
    prepared = made(torch_backend, workload)
    learning = prepared.learning
    assert learning is not None

    def two_steps(between: Callable[[], Any]) -> tuple[list[float], dict[str, Any]]:
        assert prepared.reset is not None
        prepared.reset()
        first = float(prepared.function(*prepared.arguments))
        between()
        return [first, float(prepared.function(*prepared.arguments))], dict(learning.weights())

    def look() -> None:
        for phase in learning.phases.values():
            phase(*prepared.arguments)
        learning.gradients(*prepared.arguments)
        assert learning.predict is not None
        learning.predict(prepared.arguments[0])

    plain, looked = two_steps(lambda: None), two_steps(look)
    assert plain[0] == looked[0]
    for name, array in plain[1].items():
        np.testing.assert_array_equal(looked[1][name], array)


def test_the_phases_are_those_of_a_step(torch_backend: Torch) -> None:
    workload = replace(IMAGES, feed=HOST)
    learning = made(torch_backend, workload).learning
    assert learning is not None
    assert list(learning.phases) == ["forward", "backward", "input"]
    resident = made(torch_backend, IMAGES).learning
    assert resident is not None
    assert list(resident.phases) == ["forward", "backward"]
    arguments = made(torch_backend, workload).arguments
    images, target = learning.phases["input"](*arguments)
    assert images.shape == (4, 1, 12, 12)
    assert float(learning.phases["forward"](*arguments)) == float(learning.phases["backward"](*arguments))
    assert target.shape == (4,)


def test_predictions_are_those_of_the_weights_as_they_stand(torch_backend: Torch) -> None:
    workload = replace(RESIDUAL, feed=HOST)
    prepared = made(torch_backend, workload)
    learning = prepared.learning
    assert learning is not None
    assert learning.predict is not None
    prepared.function(*prepared.arguments)
    held = bundle_of(workload).inputs
    features = torch_backend.place(workload, held)[:1]
    (found,) = torch_backend.fetch(learning.predict(*features))
    weights, statistics = (
        {weight.name: learning.weights()[weight.name].astype(np.float64) for weight in weights}
        for weights in (workload.network.weights(), workload.network.statistics())
    )
    images = {"x": held["batch0.x"].astype(np.float64)}
    wanted = outputs(workload.network, weights=weights, statistics=statistics, features=images)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("model", ["mlp", "cnn", "resnet50", "bert", "lstm", "ncf"])
def test_mixed_precision_keeps_weights_and_loss_in_float32(torch_backend: Torch, model: str) -> None:
    import torch

    workload = Training(model=model, size="tiny", batch=4, precision=MIXED, optimiser="adamw")
    prepared = made(torch_backend, workload)
    loss = prepared.function(*prepared.arguments)
    assert loss.dtype is torch.float32
    assert not loss.requires_grad
    assert prepared.learning is not None
    assert {place.dtype for place in prepared.learning.describe()} == {"float32"}
    plain = made(torch_backend, replace(workload, precision="float32"))
    assert float(loss) != float(plain.function(*plain.arguments))  # 16 bits were there


# -- the compiler ----------------------------------------------------------------------------------


def test_models_of_a_class_and_sizes_of_a_batch_are_compiled_each_for_itself(
    torch_backend: Torch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler gives up on the ninth version of a function, and makes the second one for any size.

    Which is decided before code is generated, so none is here.
    """
    import torch

    backend = load_backend(TORCH, "compile", CPU)
    compiled = torch.compile
    monkeypatch.setattr("torch.compile", lambda model: compiled(model, backend="eager"))
    for batch in range(2, 13):
        workload = Inference(model="mlp", size="tiny", batch=batch)
        prepared = backend.prepare(workload, bundle_of(workload).inputs)
        assert _traced(prepared, prepared.arguments) == 1
        assert _traced(prepared, prepared.arguments) == 0
    for count in (7, 6):
        assert _traced(prepared, tuple(array[:count] for array in prepared.arguments)) == 1
    assert _traced(prepared, prepared.arguments) == 0


def test_functions_are_compiled_for_the_sizes_they_see(torch_backend: Torch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler remembers sizes by the line that a function stands on, whatever its code object."""
    import torch

    backend = load_backend(TORCH, "compile", CPU)
    compiled = torch.compile
    monkeypatch.setattr("torch.compile", lambda function: compiled(function, backend="eager"))
    for rows in (3, 4):
        workload = Matmul(m=rows, n=5, k=6)
        prepared = backend.prepare(workload, bundle_of(workload).inputs)
        assert _traced(prepared, prepared.arguments) == 1
    a, b = prepared.arguments
    assert _traced(prepared, (a[:2], b)) == 1


def _traced(prepared: Prepared[Any], arguments: tuple[Any, ...]) -> int:
    """Call, and return how many graphs that took."""
    before = prepared.compilations()
    prepared.function(*arguments)
    return prepared.compilations() - before


def test_nothing_of_an_lstm_is_compiled(torch_backend: Torch) -> None:
    """The day something is, the tag has to go."""
    backend = load_backend(TORCH, "compile", CPU)
    for workload in (SEQUENCES, Inference(model="lstm", size="tiny", batch=5)):
        prepared = backend.prepare(workload, bundle_of(workload).inputs)
        assert "nothing-compiled" in prepared.tags
        assert _traced(prepared, prepared.arguments) == 0


@pytest.mark.slow
@pytest.mark.parametrize("model", ["resnet18", "gpt", "lstm", "dlrm"])
def test_a_compiled_model_learns_what_is_right(torch_backend: Torch, model: str) -> None:
    """The contract tries few cases of a compiler; here are more models, with all that is asked of it while timing."""
    backend: Any = load_backend(TORCH, "compile", CPU)
    backend.set_math(MathMode.IEEE)
    workload = Training(model=model, size="tiny", batch=6, learning_rate=0.02)
    prepared = backend.prepare(workload, bundle_of(workload).inputs)
    proof.call(prepared)
    before = prepared.compilations()
    assert verdict(backend, workload, prepared) == "right"
    assert prepared.learning is not None
    for phase in prepared.learning.phases.values():
        phase(*prepared.arguments)
    assert prepared.compilations() == before


@pytest.mark.slow
@pytest.mark.parametrize("batch", [8, 16, 32])
def test_gradients_that_a_compiler_loses_are_seen(torch_backend: Torch, batch: int) -> None:
    """Of some sizes, torch 2.13 puts a pool's way back after the convolution that reads it: those gradients are 0.

    Which sizes is the compiler's affair; what counts is that ours is judged as a plain loop with a plain model is.
    """
    backend: Any = load_backend(TORCH, "compile", CPU)
    backend.set_math(MathMode.IEEE)
    workload = Training(model="cnn", size="lenet", batch=batch, learning_rate=0.02)
    assert verdict(backend, workload) == ("right" if _compiles_rightly(workload) else "V1")


def _compiles_rightly(workload: Training) -> bool:
    """Whether the compiler's gradients of such a model are PyTorch's own, of noise and with nothing of ours between."""
    import torch

    from harness.backends.torch.models import build

    torch.manual_seed(0)
    model = build(workload.network, torch.device("cpu"))
    batch = torch.randn(workload.batch, 1, 28, 28)
    with torch.enable_grad():
        plain, made = (
            torch.autograd.grad(called(batch).square().sum(), list(model.parameters()))
            for called in (model, torch.compile(model))
        )
    return all(torch.allclose(one, other, rtol=1e-3, atol=1e-3) for one, other in zip(plain, made, strict=True))
