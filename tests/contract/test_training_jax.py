"""Training in JAX: each fault is caught, and what is special to a state that is donated."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from harness.backends import proof
from harness.backends.base import NotHere, Prepared, Setting
from harness.backends.catalog import JAX
from harness.backends.numpy_training import Model
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.base import Workload
from harness.workloads.inference import Inference
from harness.workloads.modelled import smallest
from harness.workloads.network.catalogue import MODELS
from harness.workloads.training import Training
from tests.contract import trainings
from tests.contract.conftest import chosen

CPU = Device("cpu")
HERE = "harness.backends.jax"
Change = Callable[[Any], Any]


def tiny(model: str, **settings: Any) -> Training:
    (few,) = smallest((model,))
    return Training(**few, **{"learning_rate": 0.02, **settings})


MLP, CNN, RESNET, GPT, BERT = (tiny(model) for model in ("mlp", "cnn", "resnet18", "gpt", "bert"))
MOMENTUM, ADAM = (tiny("mlp", optimiser=optimiser) for optimiser in ("momentum", "adam"))
ADAMW = tiny("mlp", optimiser="adamw", weight_decay=0.1)
HOST = tiny("mlp", feed="host")
MIXED = tiny("gpt", precision="mixed_bfloat16")


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Any:
    if JAX not in chosen(request.config):
        pytest.skip("jax was not asked for")
    found = load_backend(JAX, "jit", CPU)
    found.set_math(MathMode.IEEE)
    return found


def prepared_of(backend: Any, workload: Workload) -> Prepared[Any]:
    found: Prepared[Any] = backend.prepare(workload, bundle_of(workload).inputs)
    return found


def verdict(backend: Any, workload: Workload) -> str | None:
    """Return the code of what is wrong, as a worker finds it."""
    prepared, bundle = prepared_of(backend, workload), bundle_of(workload)
    _, doubt = proof.check_answer(backend, workload, bundle, prepared, proof.call(prepared))
    return None if doubt is None else doubt.code


# -- faults --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is put in the place of a function."""

    name: str
    workload: Training
    where: str
    change: Change


def of_rule(**changes: Callable[[float], float]) -> Change:
    """Change settings of the optimiser."""
    return lambda made: (
        lambda rule: made(replace(rule, **{name: change(getattr(rule, name)) for name, change in changes.items()}))
    )


def doubled(loss: Any) -> Any:
    return lambda *given: 2 * loss(*given)


def coupled(_: Any) -> Any:
    import optax

    return lambda rate, *, weight_decay, **known: optax.chain(
        optax.add_decayed_weights(weight_decay), optax.adam(rate, **known)
    )


def rounded(apply: Any) -> Any:
    from jax import numpy as jnp
    from jax import tree

    return lambda *given: tree.map(lambda array: array.astype(jnp.bfloat16).astype(jnp.float32), apply(*given))


def in_bfloat16(policy: Any) -> Any:
    from jax import numpy as jnp

    return lambda *, dtype, setting: policy(dtype=jnp.bfloat16, setting=setting)


def with_fixed_offset(loss_of: Any) -> Any:
    """Let the offset of one normalisation be no part of what gradients are asked of."""
    from jax.lax import stop_gradient

    name = "block1.norm1"

    def made(*given: Any) -> Any:
        loss = loss_of(*given)

        def fixed(parameters: Any, *rest: Any) -> Any:
            layer = parameters[name]
            return loss({**parameters, name: {**layer, "offset": stop_gradient(layer["offset"])}}, *rest)

        return fixed

    return made


def without_gradient(function: Any) -> Any:
    from jax.lax import stop_gradient

    return lambda *given: stop_gradient(function(*given))


FAULTS = (
    Fault(
        name="a learning rate 5 % off",
        workload=MLP,
        where=f"{HERE}.training.optimiser_of",
        change=of_rule(learning_rate=lambda rate: 1.05 * rate),
    ),
    Fault(
        name="another momentum",
        workload=MOMENTUM,
        where=f"{HERE}.training.optimiser_of",
        change=of_rule(momentum=lambda _: 0.85),
    ),
    Fault(
        name="Nesterov's momentum",
        workload=MOMENTUM,
        where="optax.sgd",
        change=lambda sgd: lambda rate, **known: sgd(rate, **known, nesterov=True),
    ),
    Fault(
        name="another beta",
        workload=ADAM,
        where="optax.adam",
        change=lambda adam: lambda rate, **known: adam(rate, **{**known, "b2": 0.99}),
    ),
    Fault(
        name="decay forgotten",
        workload=ADAMW,
        where=f"{HERE}.training.optimiser_of",
        change=of_rule(weight_decay=lambda _: 0.0),
    ),
    Fault(name="decay within the gradient", workload=ADAMW, where="optax.adamw", change=coupled),
    Fault(
        name="a loss twice as large",
        workload=MLP,
        where=f"{HERE}.training.LOSSES",
        change=lambda losses: {name: doubled(loss) for name, loss in losses.items()},
    ),
    Fault(
        name="a lost bias",
        workload=MLP,
        where=f"{HERE}.models.layers.dense",
        change=lambda dense: lambda layer, x: dense({**layer, "bias": 0 * layer["bias"]}, x),
    ),
    Fault(
        name="the same batch again and again",
        workload=MLP,
        where=f"{HERE}.training.Trainer.__call__",
        change=lambda step: lambda self, *arrays: step(self, *(arrays[: self._width] * self._batches)),
    ),
    Fault(
        name="a state that is not put back",
        workload=MLP,
        where=f"{HERE}.training.Trainer.reset",
        change=lambda reset: lambda self: reset(self) if self._state is None else None,
    ),
    Fault(name="products in bfloat16", workload=MLP, where=f"{HERE}.training.Policy", change=in_bfloat16),
    Fault(name="weights kept in bfloat16", workload=MIXED, where="optax.apply_updates", change=rounded),
    Fault(
        name="a kernel that is turned round",
        workload=RESNET,
        where=f"{HERE}.models.layers.convolution",
        change=lambda convolution: (
            lambda layer, *given, **known: convolution(
                {**layer, "kernel": layer["kernel"][::-1, ::-1]}, *given, **known
            )
        ),
    ),
    Fault(
        name="the mean of each window",
        workload=CNN,
        where=f"{HERE}.models.layers.max_pool",
        change=lambda _: (
            lambda x, **known: x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2, x.shape[3]).mean((2, 4))
        ),
    ),
    Fault(
        name="a running statistic that is forgotten",
        workload=RESNET,
        where=f"{HERE}.models.layers.batch_norm",
        change=lambda norm: lambda layer, kept, x, **known: (norm(layer, kept, x, **known)[0], kept),
    ),
    Fault(
        name="a running statistic that is kept longer",
        workload=RESNET,
        where=f"{HERE}.models.layers.KEPT",
        change=lambda _: 0.99,
    ),
    Fault(
        name="normalised by what was kept",
        workload=RESNET,
        where=f"{HERE}.models.layers.batch_norm",
        change=lambda norm: lambda *given, training: norm(*given, training=False),
    ),
    Fault(
        name="a dropped normalisation",
        workload=GPT,
        where=f"{HERE}.models.layers.layer_norm",
        change=lambda _: lambda layer, x: x * layer["scale"] + layer["offset"],
    ),
    Fault(name="another epsilon", workload=RESNET, where=f"{HERE}.models.layers.EPSILON", change=lambda _: 1e-3),
    Fault(
        name="gelu by erf",
        workload=tiny("gpt", optimiser="adam", learning_rate=0.002),
        where="jax.nn.gelu",
        change=lambda gelu: lambda x, *, approximate: gelu(x, approximate=False),
    ),
    Fault(
        name="attention that sees what is to come",
        workload=GPT,
        where="jax.nn.dot_product_attention",
        change=lambda attend: lambda *given, is_causal: attend(*given, is_causal=not is_causal),
    ),
    Fault(
        name="attention that hides what is to come",
        workload=BERT,
        where="jax.nn.dot_product_attention",
        change=lambda attend: lambda *given, is_causal: attend(*given, is_causal=True),
    ),
    Fault(
        name="attention without its scale",
        workload=GPT,
        where="jax.nn.dot_product_attention",
        change=lambda attend: lambda *given, is_causal: attend(*given, scale=1.0),
    ),
    Fault(
        name="tables that do not learn",
        workload=tiny("dlrm"),
        where=f"{HERE}.models.layers.embedding",
        change=without_gradient,
    ),
    Fault(
        name="an offset that does not learn, in short products",
        workload=trainings.SHORT,
        where=f"{HERE}.training.loss_of",
        change=with_fixed_offset,
    ),
    Fault(
        name="gates in another order",
        workload=tiny("lstm"),
        where="jax.numpy.split",
        change=lambda split: lambda *given, **known: [split(*given, **known)[at] for at in (1, 0, 2, 3)],
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_caught(backend: Any, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    owner, _, name = fault.where.rpartition(".")
    found = pkgutil.resolve_name(owner)
    monkeypatch.setattr(found, name, fault.change(getattr(found, name)))
    assert verdict(backend, fault.workload) == "V1"


@trainings.everywhere
def test_a_fault_of_any_framework_is_caught(
    backend: Any, monkeypatch: pytest.MonkeyPatch, fault: trainings.Fault
) -> None:
    trainings.check_a_fault_is_seen(backend, monkeypatch, fault)


@pytest.mark.parametrize(
    "workload", dict.fromkeys(fault.workload for fault in FAULTS), ids=lambda workload: workload.key
)
def test_the_same_case_without_a_fault_is_right(backend: Any, workload: Training) -> None:
    """Or the test above would prove nothing."""
    assert verdict(backend, workload) is None


# -- models --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_a_model_uses_exactly_the_weights_that_are_stated(backend: Any, model: str) -> None:
    """One that is not stated would not be found; one that is not used would stand in no equation."""
    import jax

    network = tiny(model).network
    policy = layers().Policy(dtype="float32", setting=Setting(device=CPU, mode="jit", math=MathMode.IEEE))
    apply = jax.make_jaxpr(lambda *given: models().model_of(network, policy)(*given, training=True))
    weights, statistics = shapes_of(network.weights()), shapes_of(network.statistics())
    program = apply(weights, statistics, fed_shapes(network)).jaxpr
    used = {id(array) for each in program.eqns for array in each.invars}
    assert [id(array) in used for array in program.invars] == [True] * len(program.invars)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_learns_in_float32_alone(backend: Any, model: str) -> None:
    """JAX's wide types are on in this process, and one constant would be enough."""
    import jax

    prepared = prepared_of(backend, tiny(model, optimiser="adam"))
    step: Any = prepared.function
    state, loss = jax.eval_shape(step._step, step._state, prepared.arguments[: step._width])
    before, after = ([str(array.dtype) for array in jax.tree.leaves(held)] for held in (step._state, state))
    assert before == after
    assert set(after) == {"float32", "int32"}  # Adam counts
    assert str(loss.dtype) == "float32"


def test_running_variances_divide_by_the_count(backend: Any) -> None:
    """One less than the count would be off by a quarter of a percent, which corners of relu hide later."""
    prepared, by_hand = prepared_of(backend, RESNET), Model(RESNET, bundle_of(RESNET).inputs)
    prepared.function(*prepared.arguments)
    by_hand(*backend.fetch(prepared.arguments))
    found, expected = prepared.learning.weights(), by_hand.weights()  # type: ignore[union-attr]
    names = [kept.name for kept in RESNET.network.statistics()]
    assert names
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", ["gpt", "resnet18", "lstm", "dlrm"])
def test_mixed_precision_multiplies_in_bfloat16_alone(backend: Any, model: str) -> None:
    products = products_of(backend, tiny(model, precision="mixed_bfloat16"))
    assert products
    assert {kind for kinds in products for kind in kinds} == {"bfloat16"}


def products_of(backend: Any, workload: Training) -> list[tuple[str, ...]]:
    """Return what each product of a step is fed, forward and backward: what it was given, or rounds that to."""
    import jax

    prepared = prepared_of(backend, workload)
    program = jax.make_jaxpr(prepared.learning.phases["backward"])(*prepared.arguments)  # type: ignore[union-attr]
    rounds = jax.lax.DotAlgorithmPreset.BF16_BF16_F32
    return [
        ("bfloat16",) if each.params["precision"] == rounds else tuple(str(array.aval.dtype) for array in each.invars)
        for each in equations(program.jaxpr)
    ]


def equations(program: Any) -> Iterator[Any]:
    """Yield all products of a program and of those within it."""
    import jax

    for each in program.eqns:
        if each.primitive.name in ("dot_general", "conv_general_dilated"):
            yield each
        for inner in jax.tree.leaves(each.params, is_leaf=lambda known: hasattr(known, "jaxpr")):
            if hasattr(inner, "jaxpr"):
                yield from equations(inner.jaxpr)


def shapes_of(weights: Any) -> dict[str, dict[str, Any]]:
    import jax

    found: dict[str, dict[str, Any]] = {}
    for weight in weights:
        layer, _, own = weight.name.rpartition(".")
        found.setdefault(layer, {})[own] = jax.ShapeDtypeStruct(weight.shape, "float32")
    return found


def fed_shapes(network: Any) -> dict[str, Any]:
    import jax

    return {
        fed.name: jax.ShapeDtypeStruct((2, *fed.shape), "float32" if fed.below is None else "int32")
        for fed in network.features()
    }


def models() -> Any:
    return pkgutil.resolve_name(f"{HERE}.models")


def layers() -> Any:
    return pkgutil.resolve_name(f"{HERE}.models.layers")


# -- a state that is donated ---------------------------------------------------------------------


def state_of(prepared: Prepared[Any]) -> Any:
    return prepared.function._state  # type: ignore[attr-defined]


def held_by(prepared: Prepared[Any]) -> list[Any]:
    """Return copies of all that a step changes."""
    import jax

    return [np.array(array) for array in jax.tree.leaves(state_of(prepared))]


def same(before: list[Any], after: list[Any]) -> bool:
    return all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize("workload", [ADAM, MOMENTUM, RESNET], ids=["adam", "momentum", "resnet"])
def test_a_step_uses_the_memory_of_its_state_again(backend: Any, workload: Training) -> None:
    import jax

    prepared = prepared_of(backend, workload)
    before = jax.tree.leaves(state_of(prepared))
    prepared.function(*prepared.arguments)
    assert all(array.is_deleted() for array in before)


@pytest.mark.parametrize("workload", [ADAM, MOMENTUM, RESNET], ids=["adam", "momentum", "resnet"])
def test_a_reset_puts_every_byte_back(backend: Any, workload: Training) -> None:
    prepared = prepared_of(backend, workload)
    assert prepared.reset is not None
    start = held_by(prepared)
    for _ in range(2):
        losses = [float(prepared.function(*prepared.arguments)) for _ in range(3)]
        assert not same(start, held_by(prepared))
        prepared.reset()
        assert same(start, held_by(prepared))
    assert losses == [float(prepared.function(*prepared.arguments)) for _ in range(3)]


@pytest.mark.parametrize("workload", [RESNET, HOST], ids=["resnet", "host"])
def test_phases_and_gradients_change_nothing(backend: Any, workload: Training) -> None:
    prepared = prepared_of(backend, workload)
    prepared.function(*prepared.arguments)
    learning, before = prepared.learning, held_by(prepared)
    assert learning is not None
    outputs = [phase(*prepared.arguments) for phase in learning.phases.values()]
    backend.wait(outputs)
    learning.gradients(*prepared.arguments)
    assert same(before, held_by(prepared))
    assert set(learning.phases) - {"forward", "backward"} == ({"input"} if workload.fed_from_host else set())


def test_the_loss_of_a_phase_is_that_of_the_step(backend: Any) -> None:
    prepared = prepared_of(backend, RESNET)
    assert prepared.learning is not None
    forward, (backward, _) = (prepared.learning.phases[name](*prepared.arguments) for name in ("forward", "backward"))
    step = float(prepared.function(*prepared.arguments))
    assert [float(forward), float(backward)] == pytest.approx([step, step], rel=1e-6)


@pytest.mark.parametrize("workload", [MLP, HOST, RESNET, ADAM], ids=["resident", "host", "resnet", "adam"])
def test_a_step_is_compiled_once(backend: Any, workload: Training) -> None:
    """Its trace is counted; JAX would compile again without one where a state came from elsewhere."""
    prepared = prepared_of(backend, workload)
    assert prepared.reset is not None
    assert prepared.compilations() == 0
    for _ in range(2):
        prepared.reset()
        for _ in range(workload.batches() + 1):
            prepared.function(*prepared.arguments)
    assert prepared.compilations() == 1
    assert prepared.function._step._cache_size() == 1  # type: ignore[attr-defined]


def test_batches_from_the_host_stay_there(backend: Any) -> None:
    arguments = backend.place(HOST, bundle_of(HOST).inputs)
    assert {type(array) for array in arguments} == {np.ndarray}
    assert {place.device for place in backend.describe(arguments)} == {"cpu"}


# -- the rest ------------------------------------------------------------------------------------


def test_without_optax_training_says_how_to_get_it(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optax", None)
    with pytest.raises(NotHere, match="pip install optax"):
        prepared_of(backend, MLP)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("model", ["gpt", "mlp"])
def test_attention_in_a_better_type_is_tagged(backend: Any, model: str, dtype: str) -> None:
    prepared = prepared_of(backend, Inference(model=model, size="tiny", batch=5, dtype=dtype))
    assert prepared.tags == (("attention=float32",) if (model, dtype) == ("gpt", "float16") else ())


def test_other_weights_than_those_stated_are_refused(backend: Any) -> None:
    fewer = {name: array for name, array in bundle_of(MLP).inputs.items() if name != "weight.dense1.bias"}
    with pytest.raises(ValueError, match=r"dense1\.bias"):
        backend.prepare(MLP, fewer)
