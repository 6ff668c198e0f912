"""Wrong elementwise operations, movements of memory and dense layers are each caught, planted into PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.backends.base import BackendInfo
from harness.backends.catalog import KERAS_FIT, TENSORFLOW, TORCH
from harness.backends.proof import call
from harness.core.device import Device
from harness.testing.contract import ContractResult, run_contract
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.base import Workload
from harness.workloads.dense import Dense
from harness.workloads.elementwise import Elementwise
from harness.workloads.memory import SCALAR, STRIDE, Memory
from tests.contract.conftest import chosen

CPU = Device("cpu")
SHAPE = (129, 33)
GELU = Elementwise(op="gelu", shape=SHAPE)
SELU = Elementwise(op="selu", shape=SHAPE)
SUM = Elementwise(op="multiply_add", shape=SHAPE)
COPY = Memory(op="copy", bytes=20_000)
TRIAD = Memory(op="triad", bytes=20_000)
TURNED = Memory(op="copy", bytes=20_000, layout="transposed")
TURNED_TRIAD = Memory(op="triad", bytes=20_000 * 16, layout="transposed")
STRIDED = Memory(op="copy", bytes=20_000, layout="strided")
NETWORK = Dense(widths=(16, 16, 16), batch=16)


@pytest.fixture
def judge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[ContractResult]]:
    """Run the contract of a workload with a function in the place of the backend's own."""
    if TORCH not in chosen(request.config):
        pytest.skip("torch was not asked for")

    def run(workload: Workload, function: Any) -> list[ContractResult]:
        monkeypatch.setattr("harness.backends.torch.backend.MAKERS", {type(workload): lambda *_: function})
        return run_contract(TORCH, load_backend(TORCH, "eager", CPU), workload, bundle_of(workload), mode="eager")

    return run


def _elementwise() -> dict[str, tuple[Workload, Any, str]]:
    import torch
    import torch.nn.functional as F  # noqa: N812

    added = Elementwise(op="add", shape=SHAPE)
    return {
        "subtracts": (added, lambda x, y: x - y, "V1"),
        "adds in float16": (added, lambda x, y: (x.half() + y.half()).float(), "V1"),
        "adds in bfloat16 for float16": (
            Elementwise(op="add", shape=SHAPE, dtype="float16"),
            lambda x, y: (x.bfloat16() + y.bfloat16()).half(),
            "V1",
        ),
        "multiplies and adds nothing": (SUM, lambda x, y, z: x * y, "V1"),
        "adds the product to itself": (SUM, lambda x, y, z: x * y + y, "V1"),
        "erf for tanh": (GELU, lambda x: F.gelu(x), "V1"),  # noqa: PLW0108
        "sigmoid for tanh": (GELU, lambda x: x * torch.sigmoid(1.702 * x), "V1"),
        "relu for gelu": (GELU, F.relu, "V1"),
        "silu for gelu": (GELU, F.silu, "V1"),
        "relu that leaks": (Elementwise(op="relu", shape=SHAPE), lambda x: F.leaky_relu(x, 1e-6), "V1"),
        "elu for selu": (SELU, F.elu, "V1"),
        "a shortened selu": (SELU, lambda x: 1.0507 * F.elu(x, 1.67326), "V1"),
        "hard tanh": (Elementwise(op="tanh", shape=SHAPE), F.hardtanh, "V1"),
        "expm1 for exp": (Elementwise(op="exp", shape=SHAPE), torch.expm1, "V1"),
        "exp by few terms": (
            Elementwise(op="exp", shape=SHAPE),
            lambda x: sum(x**power / torch.exp(torch.lgamma(torch.tensor(power + 1.0))) for power in range(9)),
            "V1",
        ),
    }


def _memory() -> dict[str, tuple[Workload, Any, str]]:
    import torch

    return {
        "returns its input": (COPY, lambda b: b, "V3"),
        "returns a view": (COPY, lambda b: b.view(b.shape), "V3"),
        "transposes by a view": (TURNED, lambda b: b.T, "V3"),
        "strides by a view": (STRIDED, lambda b: b[:, ::STRIDE], "V3"),
        "copies by adding zero": (COPY, lambda b: b + 0, "V1"),
        "copies in bfloat16": (COPY, lambda b: b.bfloat16().float(), "V1"),
        "flushes what is subnormal": (COPY, lambda b: torch.where(b.abs() < 1e-38, 0 * b, b), "V1"),
        "copies all but the last": (COPY, _all_but_the_last, "V1"),
        "another scalar": (TRIAD, lambda b, c: torch.add(b, c, alpha=2), "V1"),
        "scales the other": (TRIAD, lambda b, c: torch.add(c, b, alpha=SCALAR), "V1"),
        "adds only": (TRIAD, lambda b, c: b + c, "V1"),
        "writes into its input": (TRIAD, lambda b, c: b.add_(c, alpha=SCALAR), "V10"),
        "not transposed": (TURNED, lambda b: b.reshape(b.shape[1], b.shape[0]).clone(), "V1"),
        "the other one transposed": (
            TURNED_TRIAD,
            lambda b, c: torch.add(b.T.reshape(b.shape), c.reshape(b.shape), alpha=SCALAR),
            "V1",
        ),
        "the elements between": (STRIDED, lambda b: b[:, 1::STRIDE].clone(), "V1"),
        "the first half": (STRIDED, lambda b: b[:, : b.shape[1] // STRIDE].clone(), "V1"),
    }


def _all_but_the_last(b: Any) -> Any:
    import torch

    copied = torch.zeros_like(b)
    copied.view(-1)[:-1] = b.view(-1)[:-1]
    return copied


def _network(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    import torch

    return torch.relu(x @ w1 + b1) @ w2 + b2


def _dense() -> dict[str, tuple[Workload, Any, str]]:
    import torch

    backward = Dense(widths=(16, 16, 16), batch=16, direction="forward_backward")
    bent = Dense(widths=(16, 16, 16), batch=16, activation="gelu")
    return {
        "forgets the first bias": (NETWORK, lambda x, w, _, v, c: torch.relu(x @ w) @ v + c, "V1"),
        "forgets the last bias": (NETWORK, lambda x, w, b, v, _: torch.relu(x @ w + b) @ v, "V1"),
        "an activation at the end": (NETWORK, lambda *given: torch.relu(_network(*given)), "V1"),
        "no activation": (NETWORK, lambda x, w, b, v, c: (x @ w + b) @ v + c, "V1"),
        "tanh for relu": (NETWORK, lambda x, w, b, v, c: torch.tanh(x @ w + b) @ v + c, "V1"),
        "erf for tanh": (
            bent,
            lambda x, w, b, v, c: torch.nn.functional.gelu(x @ w + b) @ v + c,
            "V1",
        ),
        "the layers in the other order": (NETWORK, lambda x, w, b, v, c: _network(x, v, c, w, b), "V1"),
        "weights as they are not stored": (NETWORK, lambda x, w, b, v, c: _network(x, w.T, b, v.T, c), "V1"),
        "products of bfloat16": (
            NETWORK,
            lambda *given: _network(*(each.bfloat16() for each in given)).float(),
            "V1",
        ),
        "a gradient that stops at the hidden layer": (
            backward,
            lambda x, w, b, v, c: torch.relu((x @ w + b).detach() + 0 * (x @ w + b)) @ v + c,
            "V1",
        ),
        "a bias that is not learnt": (
            backward,
            lambda x, w, b, v, c: torch.relu(x @ w + b.detach() + 0 * b) @ v + c,
            "V1",
        ),
    }


CORPUS = {"elementwise": _elementwise, "memory": _memory, "dense": _dense}
NAMES = [
    *(("elementwise", name) for name in (
        "subtracts", "adds in float16", "adds in bfloat16 for float16", "multiplies and adds nothing",
        "adds the product to itself", "erf for tanh", "sigmoid for tanh", "relu for gelu", "silu for gelu",
        "relu that leaks", "elu for selu", "a shortened selu", "hard tanh", "expm1 for exp", "exp by few terms",
    )),
    *(("memory", name) for name in (
        "returns its input", "returns a view", "transposes by a view", "strides by a view", "copies by adding zero",
        "copies in bfloat16", "flushes what is subnormal", "copies all but the last", "another scalar",
        "scales the other", "adds only", "writes into its input", "not transposed", "the other one transposed",
        "the elements between", "the first half",
    )),
    *(("dense", name) for name in (
        "forgets the first bias", "forgets the last bias", "an activation at the end", "no activation",
        "tanh for relu", "erf for tanh", "the layers in the other order", "weights as they are not stored",
        "products of bfloat16", "a gradient that stops at the hidden layer", "a bias that is not learnt",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("room", "name"), NAMES, ids=lambda text: text.replace(" ", "-"))
def test_a_mutation_is_caught(judge: Callable[..., list[ContractResult]], room: str, name: str) -> None:
    workload, function, code = CORPUS[room]()[name]
    assert code in {result.code for result in judge(workload, function) if not result.passed}


def test_no_mutation_is_left_out(judge: Callable[..., list[ContractResult]]) -> None:
    assert [(room, name) for room, made in CORPUS.items() for name in made()] == NAMES


def test_the_network_of_the_mutations_is_right_without_them(judge: Callable[..., list[ContractResult]]) -> None:
    assert not [result for result in judge(NETWORK, _network) if not result.passed]


# -- in every framework --------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["copy", "triad"])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "strided"])
def test_what_is_moved_lies_elsewhere_each_time(info: BackendInfo, op: str, layout: str) -> None:
    """And in the order stated: a transposed answer would have been read as it lies."""
    case = Memory(op=op, bytes=20_000, layout=layout)
    for mode in info.modes:
        if info.refuses(case, mode.name, CPU):
            continue
        backend = load_backend(info, mode.name, CPU)
        prepared = backend.prepare(case, bundle_of(case).inputs)
        answers = [call(prepared), call(prepared)]
        addresses = [placed.address for each in (*answers, prepared.arguments) for placed in backend.describe(each)]
        assert None not in addresses
        assert len(set(addresses)) == len(addresses)
        if info is TORCH:
            assert all(answer.is_contiguous() for answer in answers)


@pytest.mark.parametrize(
    "case",
    [
        Elementwise(op="gelu", shape=SHAPE, dtype="float64"),
        Dense(widths=(9, 8, 7), batch=6, activation="gelu", dtype="float64"),
    ],
    ids=["elementwise", "dense"],
)
def test_tensorflow_still_rounds_a_constant_of_its_gelu(request: pytest.FixtureRequest, case: Workload) -> None:
    """The day this works, the refusal has to go."""
    if TENSORFLOW not in chosen(request.config):
        pytest.skip("tensorflow was not asked for")
    for mode in [mode for mode in TENSORFLOW.modes if mode.name != KERAS_FIT]:
        assert "constant" in str(TENSORFLOW.refuses(case, mode.name, CPU))
        results = run_contract(None, load_backend(TENSORFLOW, mode.name, CPU), case, bundle_of(case))
        assert "V1" in {result.code for result in results if not result.passed}
