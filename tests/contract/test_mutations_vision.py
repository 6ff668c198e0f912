"""Convolutions and normalisations with one thing wrong are refused by V1, in the types where it is hardest to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends.base import BackendInfo, Operation
from harness.backends.catalog import TENSORFLOW, TORCH, is_depthwise_in_tensorflow
from harness.core.device import Device
from harness.testing.contract import run_contract
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.base import Workload
from harness.workloads.conv2d import Conv2d
from harness.workloads.normalise import Normalise
from tests.contract.conftest import chosen

if TYPE_CHECKING:
    from harness.backends.torch.backend import Torch

CPU = Device("cpu")
DENSE = Conv2d(batch=2, height=9, width=9, in_channels=6, out_channels=6, kernel=(3, 3), padding="same")
STRIDED = replace(DENSE, stride=2, padding=(1, 1))
GROUPED = replace(DENSE, groups=3)
DILATED = replace(DENSE, dilation=2)
SOFTMAX = Normalise(op="softmax", shape=(33, 33))
LAYER = Normalise(op="layer_norm", shape=(33, 65))
L2 = Normalise(op="l2", shape=(33, 33))
CASES = (DENSE, STRIDED, GROUPED, DILATED, SOFTMAX, LAYER, L2)

Plant = Callable[[Any], "Torch"]


@pytest.fixture
def torch_backend(request: pytest.FixtureRequest) -> Torch:
    if TORCH not in chosen(request.config):
        pytest.skip("torch was not asked for")
    return load_backend(TORCH, "eager", CPU)  # type: ignore[return-value]


@pytest.fixture
def planted(torch_backend: Torch, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Put another function in the place of the one that the backend would call."""
    from harness.backends.torch.convolution import NCHW

    def plant(function: Any) -> Torch:
        makers = {
            Conv2d: lambda *_: Operation(function=function, layout=NCHW),
            Normalise: lambda *_: Operation(function=function),
        }
        monkeypatch.setattr("harness.backends.torch.backend.MAKERS", makers)
        return torch_backend

    yield plant
    monkeypatch.undo()


def _mutations() -> dict[str, tuple[Workload, Any]]:
    import torch
    import torch.nn.functional as F  # noqa: N812

    def drops_a_group(x: Any, w: Any) -> Any:
        parts = F.conv2d(x, w, padding=1, groups=3)
        return torch.cat([parts[:, :4], torch.zeros_like(parts[:, 4:])], dim=1)

    def dense_of(x: Any, w: Any) -> Any:
        """Every output sees the first group."""
        return F.conv2d(x[:, :2], w, padding=1)

    def shifted(x: Any, w: Any) -> Any:
        return F.conv2d(F.pad(x, (2, 0, 1, 1)), w)

    def without_padding(x: Any, w: Any) -> Any:
        """The rim is left at zero."""
        return F.pad(F.conv2d(x, w), (1, 1, 1, 1))

    def later_stride(x: Any, w: Any) -> Any:
        """The right shape, from the odd places instead of the even ones."""
        return F.pad(F.conv2d(x, w, padding=1)[:, :, 1::2, 1::2], (0, 1, 0, 1))

    def layer(epsilon: float, correction: int = 0) -> Any:
        def run(x: Any, scale: Any, shift: Any) -> Any:
            variance = x.var(dim=-1, keepdim=True, correction=correction)
            return (x - x.mean(dim=-1, keepdim=True)) * torch.rsqrt(variance + epsilon) * scale + shift

        return run

    return {
        "wrong stride": (STRIDED, lambda x, w: F.conv2d(x, w, padding=1)[:, :, :5, :5]),
        "stride from the wrong place": (STRIDED, later_stride),
        "dropped group": (GROUPED, drops_a_group),
        "one group for all": (GROUPED, dense_of),
        "wrong dilation": (DILATED, lambda x, w: F.conv2d(x, w, padding=1)),
        "shifted padding": (DENSE, shifted),
        "no padding": (DENSE, without_padding),
        "reflected padding": (DENSE, lambda x, w: F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), w)),
        "transposed kernel": (DENSE, lambda x, w: F.conv2d(x, w.mT, padding=1)),
        "kernel turned round": (DENSE, lambda x, w: F.conv2d(x, w.flip(-1, -2), padding=1)),
        "channels exchanged": (DENSE, lambda x, w: F.conv2d(x, w.transpose(0, 1), padding=1)),
        "a tap left out": (DENSE, lambda x, w: F.conv2d(x, w * _all_but_one(w), padding=1)),
        "bfloat16 products": (DENSE, lambda x, w: F.conv2d(x.bfloat16(), w.bfloat16(), padding=1).to(x.dtype)),
        "softmax over the wrong axis": (SOFTMAX, lambda x: x.softmax(dim=0)),
        "logarithm of it": (SOFTMAX, lambda x: x.log_softmax(dim=-1)),
        "powers of two": (SOFTMAX, lambda x: (x * 0.6931).softmax(dim=-1)),
        "epsilon of 1e-3": (LAYER, layer(1e-3)),
        "epsilon of 1e-6": (LAYER, layer(1e-6)),
        "no epsilon": (LAYER, layer(0.0)),
        "unbiased variance": (LAYER, layer(1e-5, correction=1)),
        "no shift": (LAYER, lambda x, a, _: F.layer_norm(x, (65,), a, None, 1e-5)),
        "no scale": (LAYER, lambda x, _, b: F.layer_norm(x, (65,), None, b, 1e-5)),
        "root mean square only": (LAYER, lambda x, a, b: F.rms_norm(x, (65,), a, 1e-5) + b),
        "norm of the whole": (L2, lambda x: x / x.norm()),
        "sum of magnitudes": (L2, lambda x: F.normalize(x, p=1, dim=-1)),
        "norm of columns": (L2, lambda x: F.normalize(x, dim=0)),
    }


def _all_but_one(w: Any) -> Any:
    import torch

    kept = torch.ones_like(w)
    kept[..., -1, -1] = 0
    return kept


def _gradients() -> dict[str, tuple[Workload, Any]]:
    """Right answers with wrong gradients."""
    import torch.nn.functional as F  # noqa: N812

    def convolve(x: Any, w: Any, stride: int = 1) -> Any:
        return F.conv2d(x, w, padding=1, stride=stride)

    def honest_and_other(right: Any, other: Any) -> Any:
        """The value of `right` and the gradient of `other`."""
        return other + (right - other).detach()

    return {
        "no gradient of the kernel": (DENSE, lambda x, w: convolve(x, w.detach() + 0 * w)),
        "no gradient of the image": (DENSE, lambda x, w: convolve(x.detach() + 0 * x, w)),
        "the gradient of another input": (
            DENSE, lambda x, w: honest_and_other(convolve(x, w), convolve(x.flip(0), w)),
        ),
        "the gradient of a kernel turned round": (
            DENSE, lambda x, w: honest_and_other(convolve(x, w), convolve(x, w.flip(-1, -2))),
        ),
        "half of the gradient": (DENSE, lambda x, w: honest_and_other(convolve(x, w), 0.5 * convolve(x, w))),
        "the gradient of the first image alone": (
            DENSE, lambda x, w: honest_and_other(convolve(x, w), F.pad(convolve(x[:1], w), (0, 0, 0, 0, 0, 0, 0, 1))),
        ),
        "statistics are constants": (LAYER, lambda x, a, b: (
            (x - x.mean(-1, keepdim=True).detach())
            * (x.var(-1, keepdim=True, correction=0) + 1e-5).rsqrt().detach() * a + b
        )),
        "no gradient of the shift": (LAYER, lambda x, a, b: F.layer_norm(x, (65,), a, b.detach() + 0 * b, 1e-5)),
        "the total is a constant": (SOFTMAX, lambda x: x.exp() / x.exp().sum(-1, keepdim=True).detach()),
        "the norm is a constant": (L2, lambda x: x / x.norm(dim=-1, keepdim=True).detach()),
    }  # fmt: skip


MUTATIONS = [
    "wrong stride", "stride from the wrong place", "dropped group", "one group for all", "wrong dilation",
    "shifted padding", "no padding", "reflected padding", "transposed kernel", "kernel turned round",
    "channels exchanged", "a tap left out", "softmax over the wrong axis", "logarithm of it", "powers of two",
    "epsilon of 1e-3", "epsilon of 1e-6", "no epsilon", "unbiased variance", "no shift", "no scale",
    "root mean square only", "norm of the whole", "sum of magnitudes", "norm of columns",
]  # fmt: skip
GRADIENTS = [
    "no gradient of the kernel", "no gradient of the image", "the gradient of another input",
    "the gradient of a kernel turned round", "half of the gradient", "the gradient of the first image alone",
    "statistics are constants", "no gradient of the shift", "the total is a constant", "the norm is a constant",
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutated_function_is_refused(planted: Plant, name: str, dtype: str) -> None:
    workload, function = _mutations()[name]
    assert "V1" in _failed(planted(function), replace(workload, dtype=dtype))


def test_products_in_bfloat16_are_not_those_of_float32(planted: Plant) -> None:
    workload, function = _mutations()["bfloat16 products"]
    assert "V1" in _failed(planted(function), workload)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", GRADIENTS)
def test_a_mutated_gradient_is_refused(planted: Plant, name: str, dtype: str) -> None:
    workload, function = _gradients()[name]
    backward = replace(workload, dtype=dtype, direction="forward_backward")
    assert "V1" in _failed(planted(function), backward)


def test_no_mutation_is_left_out() -> None:
    pytest.importorskip("torch")
    assert {*MUTATIONS, "bfloat16 products"} == set(_mutations())
    assert set(GRADIENTS) == set(_gradients())


@pytest.mark.parametrize("direction", ["forward", "forward_backward"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_same_cases_without_mutations_pass(torch_backend: Torch, case: Workload, direction: str) -> None:
    """Or the tests above would prove nothing."""
    assert _failed(torch_backend, replace(case, direction=direction)) == set()


def _failed(backend: Any, workload: Workload) -> set[str]:
    results = run_contract(TORCH, backend, workload, bundle_of(workload), mode="eager")
    return {result.code for result in results if not result.passed}


# -- what TensorFlow cannot do -------------------------------------------------------------------


DEPTHWISE = replace(DENSE, groups=6, stride=2, dilation=2, padding=(2, 2))


@pytest.mark.parametrize("case", [GROUPED, DILATED, DEPTHWISE], ids=["grouped", "dilated", "depthwise"])
def test_tensorflow_still_has_no_such_gradients(request: pytest.FixtureRequest, case: Conv2d) -> None:
    """The day one works, its refusal has to go."""
    if TENSORFLOW not in chosen(request.config):
        pytest.skip("tensorflow was not asked for")
    backward = replace(case, direction="forward_backward")
    assert TENSORFLOW.refuses(backward, "function", CPU)
    assert TENSORFLOW.refuses(backward, "xla", CPU) is None
    assert TENSORFLOW.refuses(case, "function", CPU) is None
    results = run_contract(None, load_backend(TENSORFLOW, "function", CPU), backward, bundle_of(backward))
    assert not results[0].passed


def test_tensorflow_still_errs_where_depthwise_strides_and_dilates(request: pytest.FixtureRequest) -> None:
    """Which is why those go to the general function."""
    if TENSORFLOW not in chosen(request.config):
        pytest.skip("tensorflow was not asked for")
    import tensorflow as tf

    assert not is_depthwise_in_tensorflow(DEPTHWISE)
    x, w = bundle_of(DEPTHWISE).inputs.values()
    with pytest.warns(UserWarning, match="dilation rate"):
        made = tf.nn.depthwise_conv2d(
            x, w.reshape(3, 3, 6, 1), (1, 2, 2, 1), [(0, 0), (2, 2), (2, 2), (0, 0)], dilations=(2, 2)
        )
    answer = bundle_of(DEPTHWISE).reference["output0"]
    assert made.shape != answer.shape or abs(made.numpy() - answer).max() > 0.1


def test_layouts_are_recorded_where_they_differ(info: BackendInfo) -> None:
    if info.name == "numpy":
        return
    prepared = load_backend(info, info.default_mode, CPU).prepare(DENSE, bundle_of(DENSE).inputs)
    assert (prepared.layout.name if prepared.layout else "") == ("NCHW" if info.name == "torch" else "")
    assert prepared.tags == ("winograd-possible",)
