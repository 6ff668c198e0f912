"""Our count of operations against those of PyTorch's counter and XLA's cost analysis.

Where they count the same thing, the numbers are equal. Where they do not, the table says why, and
the test holds the difference to what this reason explains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from harness.backends.base import BackendInfo
from harness.backends.catalog import JAX, TORCH
from harness.core.device import Device
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.attention import Attention
from harness.workloads.base import Workload
from harness.workloads.conv2d import Conv2d
from harness.workloads.matmul import Matmul
from harness.workloads.network.recommender import Dlrm
from harness.workloads.network.transformer import Gpt
from harness.workloads.training import Training
from tests.contract.conftest import chosen

CPU = Device("cpu")
EQUAL = (1.0, 1.0)

PRODUCT = Matmul(m=32, n=48, k=64)
IMAGES = Conv2d(batch=2, height=16, width=16, in_channels=8, out_channels=12, kernel=(3, 3))
GROUPED = replace(IMAGES, groups=4)
DEPTHWISE = replace(IMAGES, groups=8, out_channels=16)
SMALL = replace(IMAGES, height=7, width=7, padding="same")
HEADS = Attention(batch=2, heads=3, query_length=64, key_length=64, head_dim=64)


BOTH = ("forward", "forward_backward")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A case, and the range in which the other's count over ours must lie: 1 unless `why` says otherwise."""

    name: str
    workload: Workload
    directions: tuple[str, ...] = BOTH
    torch: tuple[float, float] = EQUAL
    xla: tuple[float, float] = EQUAL
    why: str = ""


def _exactly(share: float) -> tuple[float, float]:
    return share - 1e-9, share + 1e-9


def _about(share: float) -> tuple[float, float]:
    return share * 0.995, share * 1.005


PADDING = "XLA leaves out the products with zeros of padding"
GROUPS = "PyTorch counts the kernel's gradient as if there were no groups"
OUTER = "XLA counts a product of a column and a row without the additions that it does not need"
SOFTMAX = "XLA counts the softmax too: 5 operations for each score, 17 with its gradient; the products alone are ours"
MASK = "both count the scores that the mask hides, and XLA the softmax too"
CASES = (
    Counted(name="matmul", workload=PRODUCT),
    Counted(name="matmul, transposed", workload=replace(PRODUCT, transpose_a=True, transpose_b=True)),
    Counted(name="matmul, batched", workload=replace(PRODUCT, batch=3)),
    Counted(name="matmul, one row", workload=replace(PRODUCT, m=1), directions=BOTH[:1]),
    Counted(
        name="matmul, one row", workload=replace(PRODUCT, m=1), directions=BOTH[1:], xla=_exactly(5 / 6), why=OUTER
    ),
    Counted(name="conv2d", workload=IMAGES),
    Counted(name="conv2d, 1x1", workload=replace(IMAGES, kernel=(1, 1))),
    Counted(name="conv2d, strided", workload=replace(IMAGES, stride=2)),
    Counted(name="conv2d, dilated", workload=replace(IMAGES, dilation=2)),
    Counted(name="conv2d, grouped", workload=GROUPED, directions=BOTH[:1]),
    Counted(name="conv2d, grouped", workload=GROUPED, directions=BOTH[1:], torch=_exactly((2 + 4) / 3), why=GROUPS),
    Counted(name="conv2d, depthwise", workload=DEPTHWISE, directions=BOTH[:1]),
    Counted(name="conv2d, depthwise", workload=DEPTHWISE, directions=BOTH[1:], torch=_exactly((2 + 8) / 3), why=GROUPS),
    Counted(name="conv2d, padded", workload=replace(IMAGES, padding="same"), xla=_exactly((46 / 48) ** 2), why=PADDING),
    Counted(name="conv2d, padded and small", workload=SMALL, xla=(0.8, 0.85), why=PADDING),
    Counted(
        name="attention", workload=HEADS, directions=BOTH[:1], xla=_about(1 + 5 / (4 * 64)), why=SOFTMAX
    ),
    Counted(
        name="attention", workload=HEADS, directions=BOTH[1:], xla=_about(1 + 17 / (12 * 64)), why=SOFTMAX
    ),
    Counted(
        name="attention, causal", workload=replace(HEADS, causal=True),
        torch=_exactly(64 / 32.5), xla=_about(64 / 32.5 * 1.025), why=MASK,
    ),
)  # fmt: skip


# Whole trainings: a step forward, backward and the update of plain SGD, of which both count the products.
ALL_OPERATIONS = "XLA counts every operation, of activations, losses, softmax and normalisation too"
SEEN = "PyTorch counts the scores that the mask hides, and XLA every operation"
SQUARE = "PyTorch counts both halves of the products of every two vectors, and XLA every operation"
FUSED = "PyTorch's counter knows no fused LSTM, and XLA counts the body of a loop once"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A training, and the range of the other's count over ours; `torch` is None where more than ours is counted."""

    model: str
    size: str
    batch: int
    xla: tuple[float, float]
    why: str
    torch: tuple[float, float] | None = EQUAL

    @property
    def case(self) -> Training:
        return Training(model=self.model, size=self.size, batch=self.batch)

    def torch_span(self) -> tuple[float, float]:
        """Where our count leaves out what is not needed, PyTorch's is ours and that, exactly."""
        if self.torch is not None:
            return self.torch
        share = 1 + 3 * self.batch * unneeded(self.case.network) / (self.case.flops() or 1)
        return _exactly(share)


def unneeded(network: Any) -> int:
    """Return the operations, forward, of one sample's products that nobody looks at."""
    if isinstance(network, Gpt):
        hidden = network.length**2 - network.length * (network.length + 1) // 2
        return 4 * network.blocks * network.width * hidden
    assert isinstance(network, Dlrm)
    vectors = network.tables + 1
    return 2 * network.bottom[-1] * (vectors**2 - vectors * (vectors - 1) // 2)


TRAINED = (
    Trained(model="mlp", size="classic", batch=32, xla=(1.0, 1.01), why=ALL_OPERATIONS),
    Trained(model="cnn", size="lenet", batch=8, xla=(1.0, 1.05), why=ALL_OPERATIONS),
    Trained(model="resnet18", size="cifar", batch=2, xla=(0.86, 0.9), why=PADDING),
    Trained(model="resnet50", size="cifar", batch=2, xla=(0.94, 0.99), why=PADDING),
    Trained(model="gpt", size="tiny", batch=4, torch=None, xla=(1.1, 1.15), why=SEEN),
    Trained(model="gpt", size="mini", batch=1, torch=None, xla=(1.03, 1.06), why=SEEN),
    Trained(model="bert", size="mini", batch=1, xla=(1.0, 1.03), why=ALL_OPERATIONS),
    Trained(model="lstm", size="small", batch=4, torch=(0.0, 0.01), xla=(0.1, 0.3), why=FUSED),
    Trained(model="ncf", size="movies", batch=64, xla=(1.0, 1.06), why=ALL_OPERATIONS),
    Trained(model="dlrm", size="small", batch=64, torch=None, xla=(1.03, 1.08), why=SQUARE),
)
NAMED = [pytest.param(trained, id=f"{trained.model}, {trained.size}") for trained in TRAINED]


def _directions() -> list[Any]:
    return [
        pytest.param(counted, direction, id=f"{counted.name}, {direction}")
        for counted in CASES
        for direction in counted.directions
    ]


@pytest.mark.parametrize(("counted", "direction"), _directions())
def test_torch_counts_the_same(request: pytest.FixtureRequest, counted: Counted, direction: str) -> None:
    _needs(request, TORCH)
    _agrees(replace(counted.workload, direction=direction), _torch_flops, counted.torch, counted.why)


@pytest.mark.parametrize(("counted", "direction"), _directions())
def test_xla_counts_the_same(request: pytest.FixtureRequest, counted: Counted, direction: str) -> None:
    _needs(request, JAX)
    _agrees(replace(counted.workload, direction=direction), _xla_flops, counted.xla, counted.why)


@pytest.mark.parametrize("trained", NAMED)
def test_torch_counts_the_same_training(request: pytest.FixtureRequest, trained: Trained) -> None:
    _needs(request, TORCH)
    _agrees(trained.case, _torch_flops, trained.torch_span(), trained.why)


@pytest.mark.parametrize("trained", NAMED)
def test_xla_counts_the_same_training(request: pytest.FixtureRequest, trained: Trained) -> None:
    _needs(request, JAX)
    _agrees(trained.case, _xla_step_flops, trained.xla, trained.why)


def test_a_difference_has_a_reason() -> None:
    for counted in CASES:
        assert bool(counted.why) == ((counted.torch, counted.xla) != (EQUAL, EQUAL))


def _needs(request: pytest.FixtureRequest, info: BackendInfo) -> None:
    if info not in chosen(request.config):
        pytest.skip(f"{info.name} was not asked for")


def _agrees(workload: Workload, count: Callable[[Workload], float], span: tuple[float, float], why: str) -> None:
    ours = workload.flops()
    assert ours is not None
    share = count(workload) / ours
    assert span[0] <= share <= span[1], f"{share:.4f} of ours; {why or 'nothing explains a difference'}"


def _torch_flops(workload: Workload) -> float:
    """Count what PyTorch calls; of attention its plain form, for the counter knows no fused kernel of the CPU."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    prepared = load_backend(TORCH, "eager", CPU).prepare(workload, bundle_of(workload).inputs)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        prepared.function(*prepared.arguments)
    return float(counter.get_total_flops())


def _xla_flops(workload: Workload) -> float:
    prepared: Any = load_backend(JAX, "jit", CPU).prepare(workload, bundle_of(workload).inputs)
    compiled = prepared.function.lower(*prepared.arguments).compile()
    return float(compiled.cost_analysis()["flops"])


def _xla_step_flops(workload: Workload) -> float:
    """Count the program of a loss with its gradients; the update is one of its own, of a few operations a weight."""
    assert isinstance(workload, Training)
    prepared: Any = load_backend(JAX, "jit", CPU).prepare(workload, bundle_of(workload).inputs)
    trainer = prepared.function
    batch = prepared.arguments[: trainer._width]
    compiled = trainer._backward.lower(trainer._state.parameters, trainer._state.statistics, batch).compile()
    return float(compiled.cost_analysis()["flops"])
