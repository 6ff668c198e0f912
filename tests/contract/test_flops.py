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
