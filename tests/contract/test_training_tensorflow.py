"""What is TensorFlow's alone in training: Keras's models, optimisers and `fit`, and faults planted into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.backends import proof
from harness.backends.catalog import TENSORFLOW
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.testing.plugin import bundle_of, case_id, load_backend
from harness.workloads.inference import Inference
from harness.workloads.matmul import Matmul
from harness.workloads.network.catalogue import MODELS
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
    from harness.backends.base import Learning
    from harness.backends.tensorflow.backend import TensorFlow

CPU = Device("cpu")
ENCODER = Training(model="bert", size="tiny", batch=3, learning_rate=0.02)
RATINGS = Training(model="ncf", size="tiny", batch=8, optimiser="adam", learning_rate=0.01)
ROOM = "harness.backends.tensorflow"


@pytest.fixture
def asked(request: pytest.FixtureRequest) -> None:
    if TENSORFLOW not in chosen(request.config):
        pytest.skip("tensorflow was not asked for")


def _backend(mode: str) -> TensorFlow:
    backend: TensorFlow = load_backend(TENSORFLOW, mode, CPU)  # type: ignore[assignment]
    backend.set_math(MathMode.IEEE)
    return backend


@pytest.fixture
def by_hand(asked: None) -> TensorFlow:
    return _backend("function")


@pytest.fixture
def fits(asked: None) -> TensorFlow:
    return _backend("keras-fit")


def _learning(backend: TensorFlow, workload: Training) -> Learning[Any]:
    learning = made(backend, workload).learning
    assert learning is not None
    return learning


# -- planted faults --------------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def _layers(kind: str, change: Callable[[Any], Any], name: str = "") -> Plant:
    """Change the layers of a kind, or the one of a name."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from harness.backends.tensorflow import models

        build = models.build

        def changed(*arguments: Any, **options: Any) -> Any:
            model = build(*arguments, **options)
            chosen = [layer for layer in model.layers if type(layer).__name__ == kind and name in (layer.name, "")]
            assert chosen
            for layer in chosen:
                change(layer)
            return model

        patch.setattr(models, "build", changed)

    return plant


def _called(around: Callable[[Any, Any, Any], Any]) -> Callable[[Any], None]:
    """Put something around what a layer does: it is given the layer, the layer's own call, and the values."""

    def change(layer: Any) -> None:
        own = layer.call
        layer.call = lambda values, **options: around(layer, lambda x: own(x, **options), values)

    return change


def _optimiser(make: Callable[[Any], Any]) -> Plant:
    return lambda patch: patch.setattr(f"{ROOM}.training.make_optimiser", make)


def _rule(**other: float) -> Plant:
    from harness.backends.tensorflow.optimisers import make_optimiser

    return _optimiser(lambda rule: make_optimiser(replace(rule, **other)))


def _loss(make: Callable[[str], Any]) -> Plant:
    return lambda patch: patch.setattr(f"{ROOM}.training.make_loss", make)


def _batch(change: Callable[[Callable[..., Any], tuple[Any, ...], int], Any]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        from harness.backends.tensorflow.training import Trainee

        own = Trainee.part
        patch.setattr(Trainee, "part", lambda trainee, given, at: change(own.__get__(trainee), given, at))

    return plant


def _faults() -> dict[str, tuple[Training, Plant]]:
    import keras
    import tensorflow as tf

    from harness.backends.tensorflow.models import style, transformer

    attend = transformer._attend

    def every(setting: str, value: Any) -> Plant:
        return _layers("BatchNormalization", lambda layer: setattr(layer, setting, value))

    def without_bias(layer: Any, own: Any, values: Any) -> Any:
        return own(values) - layer.bias

    def with_fixed_offset(layer: Any, own: Any, values: Any) -> Any:
        offset = tf.cast(layer.beta, values.dtype)
        return own(values) - offset + tf.stop_gradient(offset)

    def without_normalisation(layer: Any, own: Any, values: Any) -> Any:
        own(values)
        return values * layer.gamma + layer.beta

    return {
        "a rate 5 % off": (PERCEPTRON, _rule(learning_rate=0.0525)),
        "another momentum": (MOMENTUM, _rule(momentum=0.85)),
        "Nesterov's momentum": (
            MOMENTUM,
            _optimiser(lambda rule: keras.optimizers.SGD(rule.learning_rate, rule.momentum, nesterov=True)),
        ),
        "another beta": (ADAM, _optimiser(lambda rule: keras.optimizers.Adam(rule.learning_rate, beta_2=0.99))),
        "a larger epsilon": (ADAM, _optimiser(lambda rule: keras.optimizers.Adam(rule.learning_rate, epsilon=1e-3))),
        "a forgotten decay": (ADAMW, _rule(weight_decay=0.0)),
        "squares of parts": (
            RATINGS,
            _optimiser(lambda rule: keras.optimizers.Adam(rule.learning_rate, epsilon=1e-8)),
        ),
        "a lost bias": (PERCEPTRON, _layers("Dense", _called(without_bias), "dense2")),
        "a layer that does not learn": (
            PERCEPTRON,
            _layers("Dense", _called(lambda _, own, x: tf.stop_gradient(own(x)) + 0.0 * own(x)), "dense1"),
        ),
        "always the first batch": (PERCEPTRON, _batch(lambda own, given, _: own(given, 0))),
        "half of each batch": (PERCEPTRON, _batch(lambda own, given, at: tuple(x[:3] for x in own(given, at)))),
        "a sum for a mean": (
            PERCEPTRON,
            _loss(lambda _: keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")),
        ),
        "products in bfloat16": (
            PERCEPTRON,
            lambda patch: patch.setattr(f"{ROOM}.training.style_of", lambda *_: style.style_of(MIXED, None)),
        ),
        "statistics that are not kept": (RESIDUAL, every("momentum", 1.0)),
        "statistics that forget faster": (RESIDUAL, every("momentum", 0.8)),
        "another epsilon": (RESIDUAL, every("epsilon", 1e-3)),
        "a dropped normalisation": (RESIDUAL, _layers("BatchNormalization", _called(without_normalisation))),
        "normalised by what it keeps": (RESIDUAL, every("trainable", False)),
        "a lost mask": (
            DECODER,
            lambda patch: patch.setattr(
                transformer, "_attend", lambda *given, causal: attend(*given, causal=causal and False)
            ),
        ),
        "an offset that does not learn, in short products": (
            SHORT,
            _layers("LayerNormalization", _called(with_fixed_offset), "block1.norm1"),
        ),
        "the other gelu": (ENCODER, lambda patch: patch.setattr(transformer, "GELU", "gelu")),
    }


FAULTS = (
    "a rate 5 % off", "another momentum", "Nesterov's momentum", "another beta", "a larger epsilon",
    "a forgotten decay", "squares of parts", "a lost bias", "a layer that does not learn", "always the first batch",
    "half of each batch", "a sum for a mean", "products in bfloat16", "statistics that are not kept",
    "statistics that forget faster", "another epsilon", "a dropped normalisation", "normalised by what it keeps",
    "a lost mask", "an offset that does not learn, in short products", "the other gelu",
)  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_refused(by_hand: TensorFlow, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    workload, plant = _faults()[name]
    assert verdict(by_hand, workload) == "right"
    plant(monkeypatch)
    assert verdict(by_hand, workload) == "V1"


@everywhere
def test_a_fault_of_any_framework_is_refused(
    by_hand: TensorFlow, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    check_a_fault_is_seen(by_hand, monkeypatch, fault)


@pytest.mark.parametrize("name", ["a rate 5 % off", "a lost bias", "always the first batch", "another epsilon"])
def test_a_fault_shows_through_fit(fits: TensorFlow, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    workload, plant = _faults()[name]
    assert verdict(fits, workload) == "right"
    plant(monkeypatch)
    assert verdict(fits, workload) == "V1"


def test_all_faults_are_tried(asked: None) -> None:
    assert set(FAULTS) == set(_faults())


# -- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (model, size)
        for model, sizes in MODELS.items()
        for size, network in sizes.items()
        if network.weight_count() < 3e7  # those of a hundred millions are the same code
    ],
)
def test_a_model_holds_what_is_specified(asked: None, model: str, size: str) -> None:
    import keras

    from harness.backends.tensorflow.models import build, variables
    from harness.backends.tensorflow.models.style import style_of

    network = MODELS[model][size]
    held = variables(build(network, style_of("float32", None)), network)
    assert sum(keras.ops.size(variable) for variable in held.values()) == network.weight_count() + sum(
        kept.size for kept in network.statistics()
    )


def test_the_stem_of_large_images_gives_what_is_specified(asked: None) -> None:
    """Padding on all sides of what strides; no model that a test can train has it."""
    from harness.backends.tensorflow.models import build, load
    from harness.backends.tensorflow.models.style import style_of
    from harness.workloads.network.reference import outputs
    from harness.workloads.network.resnet import ResNet

    network = ResNet(side=72, blocks=(1, 1), bottleneck=True, width=4)
    assert network.large
    rng = np.random.default_rng(1)
    weights = {weight.name: weight.draw(rng) for weight in network.weights()}
    statistics = {kept.name: kept.draw(rng) for kept in network.statistics()}
    images = rng.standard_normal((2, 72, 72, 3), dtype=np.float32)
    model = build(network, style_of("float32", None))
    load(model, network, {**weights, **statistics})
    wanted = outputs(network, weights=weights, statistics=statistics, features={"x": images})
    np.testing.assert_allclose(model({"x": images}, training=False), wanted, rtol=1e-4, atol=1e-4)


def test_a_model_that_holds_something_else_is_refused(asked: None) -> None:
    from harness.backends.tensorflow.models import build, variables
    from harness.backends.tensorflow.models.style import style_of

    network = MODELS["mlp"]["tiny"]
    model = build(network, style_of("float32", None))
    with pytest.raises(ValueError, match=r"dense1\.kernel"):
        variables(model, replace(network, widths=(21, 16, 12, 10)))  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"dense4\.bias"):
        variables(model, replace(network, widths=(20, 16, 12, 10, 10)))  # type: ignore[call-arg]


@pytest.mark.parametrize("model", MODELS)
def test_weights_come_out_as_they_went_in(by_hand: TensorFlow, model: str) -> None:
    workload = Training(model=model, size="tiny", batch=4)
    weights, statistics = workload.started(bundle_of(workload).inputs)
    held, stated = _learning(by_hand, workload).weights(), {**weights, **statistics}
    assert held.keys() == stated.keys()
    for name, array in stated.items():
        np.testing.assert_array_equal(held[name], array, strict=True)


@pytest.mark.parametrize("model", ["mlp", "cnn", "resnet50", "gpt", "bert", "lstm", "ncf", "dlrm"])
def test_mixed_precision_keeps_weights_and_loss_in_float32(by_hand: TensorFlow, model: str) -> None:
    workload = Training(model=model, size="tiny", batch=4, precision=MIXED, optimiser="adamw")
    prepared = made(by_hand, workload)
    loss = prepared.function(*prepared.arguments)
    assert loss.dtype.name == "float32"
    assert prepared.learning is not None
    assert {place.dtype for place in prepared.learning.describe()} == {"float32"}
    plain = made(by_hand, replace(workload, precision="float32"))
    assert float(loss) != float(plain.function(*plain.arguments))  # 16 bits were there


@pytest.mark.parametrize("model", ["mlp", "cnn", "resnet18", "gpt", "bert", "lstm", "ncf", "dlrm"])
def test_mixed_precision_multiplies_in_bfloat16(by_hand: TensorFlow, model: str) -> None:
    prepared = made(by_hand, Training(model=model, size="tiny", batch=4, precision=MIXED))
    trainee: Any = prepared.function
    graph = trainee.step.get_concrete_function(*trainee.batch(prepared.arguments, 0)).graph
    graphs = [graph, *(function.graph for function in graph._functions.values() if hasattr(function, "graph"))]
    products = {"MatMul", "BatchMatMulV2", "Conv2D", "Einsum"}
    kinds = {op.inputs[0].dtype.name for each in graphs for op in each.get_operations() if op.type in products}
    assert kinds <= {"bfloat16"}


# -- the loop --------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", [PERCEPTRON, MOMENTUM, ADAM, RESIDUAL], ids=case_id)
def test_a_reset_goes_back_and_traces_nothing(by_hand: TensorFlow, workload: Training) -> None:
    prepared = made(by_hand, workload)
    assert prepared.reset is not None

    def losses() -> list[float]:
        return [float(prepared.function(*prepared.arguments)) for _ in range(4)]

    before = losses()
    prepared.reset()
    assert losses() == before
    assert prepared.compilations() == 1


@pytest.mark.parametrize("workload", [RESIDUAL, replace(RESIDUAL, feed=HOST, optimiser="adam"), MOMENTUM], ids=case_id)
def test_phases_and_gradients_leave_no_trace(by_hand: TensorFlow, workload: Training) -> None:
    prepared = made(by_hand, workload)
    learning = prepared.learning
    assert learning is not None
    assert prepared.reset is not None

    def two_steps(between: Callable[[], Any]) -> tuple[list[float], dict[str, Any]]:
        prepared.reset()  # type: ignore[misc]
        first = float(prepared.function(*prepared.arguments))
        between()
        return [first, float(prepared.function(*prepared.arguments))], dict(learning.weights())

    def look() -> None:
        for phase in learning.phases.values():
            phase(*prepared.arguments)
        learning.gradients(*prepared.arguments)
        assert learning.predict is not None
        learning.predict(*prepared.arguments[: len(workload.network.features())])

    plain, looked = two_steps(lambda: None), two_steps(look)
    assert plain[0] == looked[0]
    for name, array in plain[1].items():
        np.testing.assert_array_equal(looked[1][name], array)


def test_the_phases_are_those_of_a_step(by_hand: TensorFlow) -> None:
    fed = made(by_hand, replace(IMAGES, feed=HOST))
    assert all(isinstance(array, np.ndarray) for array in fed.arguments)
    assert fed.learning is not None
    phases = fed.learning.phases
    assert list(phases) == ["forward", "backward", "input"]
    assert list(_learning(by_hand, IMAGES).phases) == ["forward", "backward"]
    images, target = phases["input"](*fed.arguments)
    assert (tuple(images.shape), tuple(target.shape)) == ((4, 12, 12, 1), (4,))
    loss, *gradients = phases["backward"](*fed.arguments)
    assert float(loss) == pytest.approx(float(phases["forward"](*fed.arguments)), rel=1e-6)
    assert len(gradients) == len(IMAGES.network.weights())


def test_what_is_declared_of_adam(by_hand: TensorFlow) -> None:
    prepared = made(by_hand, RATINGS)
    assert prepared.learning is not None
    assert prepared.learning.forms == ("adam-eps-hat",)
    assert prepared.tags == ("adam-eps-hat", "dense-table-gradients")
    assert made(by_hand, ADAMW).tags == ("adam-eps-hat",)
    assert made(by_hand, replace(RATINGS, optimiser="sgd")).tags == ()


# -- fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feed", ["resident", HOST])
def test_a_fit_takes_its_steps_in_order_and_is_traced_once(fits: TensorFlow, by_hand: TensorFlow, feed: str) -> None:
    workload = replace(MOMENTUM, feed=feed)
    prepared, steps = made(fits, workload), made(by_hand, workload)
    learning = prepared.learning
    assert learning is not None
    assert learning.losses is not None
    assert prepared.reset is not None
    assert learning.steps == 64
    mean = float(prepared.function(*prepared.arguments))
    one_by_one = [float(steps.function(*steps.arguments)) for _ in range(64)]
    assert mean == pytest.approx(np.mean(one_by_one), rel=1e-5)
    prepared.reset()
    assert list(learning.losses(21, prepared.arguments)) == pytest.approx(one_by_one[:21], rel=1e-5)
    prepared.function(*fits.place(workload, bundle_of(workload).inputs))
    assert prepared.compilations() == 1


def test_a_fit_on_another_batch_is_a_trace_that_is_counted(fits: TensorFlow) -> None:
    prepared = made(fits, PERCEPTRON)
    prepared.function(*prepared.arguments)
    prepared.function(*(array[:3] for array in prepared.arguments))
    assert prepared.compilations() == 2
    prepared.function(*prepared.arguments)
    assert prepared.compilations() == 2


def test_a_fit_says_what_keras_compiled_and_has_no_parts(fits: TensorFlow) -> None:
    prepared = made(fits, ADAM)
    assert prepared.tags == ("adam-eps-hat", "keras-no-jit")  # on a CPU alone Keras asks XLA for nothing
    assert prepared.learning is not None
    assert not prepared.learning.phases


@pytest.mark.parametrize("workload", [Matmul(m=3, n=4, k=5), Inference(model="mlp", size="tiny", batch=2)], ids=case_id)
def test_fit_does_nothing_but_train(fits: TensorFlow, workload: Any) -> None:
    assert TENSORFLOW.refuses(workload, "keras-fit", CPU)
    with pytest.raises(NotImplementedError):
        made(fits, workload)


# -- the compiler ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@pytest.mark.parametrize("model", MODELS)
def test_a_compiled_model_learns_what_is_right(asked: None, model: str, optimiser: str) -> None:
    """The contract tries few cases of a compiler; here is each model, with all that is asked of it while timing."""
    rate = 0.02 if optimiser == "sgd" else 0.002
    workload = Training(model=model, size="tiny", batch=6, optimiser=optimiser, learning_rate=rate)
    backend = _backend("xla")
    prepared = made(backend, workload)
    proof.call(prepared)
    _, doubt = proof.check_answer(backend, workload, bundle_of(workload), prepared, None)
    assert doubt is None
    assert prepared.learning is not None
    for phase in prepared.learning.phases.values():
        phase(*prepared.arguments)
    assert prepared.compilations() == 1


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("model", MODELS)
def test_a_compiled_model_answers_what_is_right(asked: None, model: str, dtype: str) -> None:
    workload = Inference(model=model, size="tiny", batch=5, dtype=dtype)
    backend = _backend("xla")
    prepared = made(backend, workload)
    _, doubt = proof.check_answer(backend, workload, bundle_of(workload), prepared, proof.call(prepared))
    assert doubt is None
