"""What is PyTorch's alone: its switches, its compiler, and mutations planted into its own functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends.catalog import TORCH
from harness.backends.proof import call
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.testing.contract import run_contract
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction
from tests.contract.conftest import chosen

if TYPE_CHECKING:
    from harness.backends.torch.backend import Torch

CPU = Device("cpu")
PRODUCT = Matmul(m=48, n=48, k=48)
SUM = Reduction(op="sum", shape=(65, 65), axis="last")


@pytest.fixture
def torch_backend(request: pytest.FixtureRequest) -> Torch:
    if TORCH not in chosen(request.config):
        pytest.skip("torch was not asked for")
    return load_backend(TORCH, "eager", CPU)  # type: ignore[return-value]


@pytest.fixture
def planted(torch_backend: Torch, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], Torch]]:
    """Put another function in the place of the one that the backend would call."""

    def plant(function: Any) -> Torch:
        monkeypatch.setattr(
            "harness.backends.torch.backend.MAKERS", {Matmul: lambda *_: function, Reduction: lambda *_: function}
        )
        return torch_backend

    yield plant
    monkeypatch.undo()


def _mutations() -> dict[str, tuple[Any, Any, str]]:
    import torch

    def tf32(x: torch.Tensor) -> torch.Tensor:
        return ((x.view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)

    held: list[torch.Tensor] = []

    def keeps_one_buffer(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Accumulates into its own output, as `addmm` with the wrong beta does."""
        held[:] = held or [torch.zeros(48, 48)]
        return held[0].addmm_(a, b)

    def one_nan(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        output = a @ b
        output[3, 4] = float("nan")
        return output

    def scratches_inputs(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        output = a @ b
        a[0, 0] += 1
        return output

    return {
        "bfloat16 products": (PRODUCT, lambda a, b: (a.bfloat16() @ b.bfloat16()).float(), "V1"),
        "float16 products": (PRODUCT, lambda a, b: (a.half() @ b.half()).float(), "V1"),
        "operands like TF32": (PRODUCT, lambda a, b: tf32(a) @ tf32(b), "V1"),
        "transposed left": (PRODUCT, lambda a, b: a.mT @ b, "V1"),
        "transposed product": (PRODUCT, lambda a, b: (a @ b).mT, "V1"),
        "swapped": (PRODUCT, lambda a, b: b @ a, "V1"),
        "elementwise": (PRODUCT, lambda a, b: a * b, "V1"),
        "half of the sums": (PRODUCT, lambda a, b: a[:, :-1] @ b[:-1], "V1"),
        "zeros": (PRODUCT, lambda a, b: torch.zeros(48, 48), "V1"),
        "uninitialised": (PRODUCT, lambda a, b: torch.full((48, 48), 1e30), "V1"),
        "one NaN": (PRODUCT, one_nan, "V1"),
        "float64 output": (PRODUCT, lambda a, b: a.double() @ b.double(), "V7"),
        "accumulates": (PRODUCT, keeps_one_buffer, "V10"),
        "scratches its inputs": (PRODUCT, scratches_inputs, "V10"),
        "wrong axis": (SUM, lambda x: x.sum(dim=0), "V1"),
        "mean for sum": (SUM, lambda x: x.mean(dim=1), "V1"),
        "keeps the axis": (SUM, lambda x: x.sum(dim=1, keepdim=True), "V1"),
        "sum of bfloat16": (SUM, lambda x: x.bfloat16().sum(dim=1).float(), "V1"),
        "all but the last": (SUM, lambda x: x[:, :-1].sum(dim=1), "V1"),
        "largest for sum": (SUM, lambda x: x.amax(dim=1), "V1"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "bfloat16 products", "float16 products", "operands like TF32", "transposed left", "transposed product",
        "swapped", "elementwise", "half of the sums", "zeros", "uninitialised", "one NaN", "float64 output",
        "accumulates", "scratches its inputs", "wrong axis", "mean for sum", "keeps the axis", "sum of bfloat16",
        "all but the last", "largest for sum",
    ],
)  # fmt: skip
def test_a_mutated_function_is_refused(planted: Callable[[Any], Torch], name: str) -> None:
    workload, function, code = _mutations()[name]
    results = run_contract(TORCH, planted(function), workload, bundle_of(workload), mode="eager")
    assert code in {result.code for result in results if not result.passed}


def test_every_switch_follows_the_math_mode_and_returns(torch_backend: Torch) -> None:
    import torch

    before = torch.backends.cuda.matmul.fp32_precision
    torch_backend.set_math(MathMode.IEEE)
    assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"
    assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
    assert not torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction
    torch_backend.set_math(MathMode.TF32)
    assert torch.backends.cuda.matmul.fp32_precision == "tf32"
    torch_backend.set_math(MathMode.DEFAULT)
    assert torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction
    assert torch.backends.cudnn.conv.fp32_precision == "tf32"  # what torch does untouched
    assert torch.backends.cuda.matmul.fp32_precision in (before, "none")


@pytest.mark.parametrize("mode", list(MathMode))
def test_older_switches_agree_with_the_newer_ones(torch_backend: Torch, mode: MathMode) -> None:
    """PyTorch raises where they differ, in the middle of whatever asks the older ones."""
    import torch

    torch_backend.set_math(mode)
    assert torch.backends.cuda.matmul.allow_tf32 == (mode is MathMode.TF32)
    assert torch.backends.cudnn.allow_tf32 == (mode is not MathMode.IEEE)
    torch_backend.set_math(MathMode.IEEE)


def test_many_shapes_are_not_recompilations_of_one(torch_backend: Torch) -> None:
    """The compiler gives up on the ninth version of one function; each shape has a function of its own."""
    backend = load_backend(TORCH, "compile", CPU)
    for size in range(2, 13):
        workload = Matmul(m=size, n=3, k=4)
        prepared = backend.prepare(workload, bundle_of(workload).inputs)
        before = prepared.compilations()
        call(prepared)
        call(prepared)
        assert prepared.compilations() == before + 1


def test_images_of_one_channel_lie_as_its_users_batches_do(torch_backend: Torch) -> None:
    """With the strides of a transposed array PyTorch takes the channels to lie last, and a whole model follows."""
    from harness.workloads.training import Training

    case = Training(model="cnn", size="lenet", batch=2)
    images = torch_backend.place(case, bundle_of(case).inputs)[0]
    assert (images.shape, images.stride()) == ((2, 1, 28, 28), (784, 784, 28, 1))
    assert torch_backend.prepare(case, bundle_of(case).inputs).arguments[0].stride() == (784, 784, 28, 1)


def test_int8_batches_still_fail(torch_backend: Torch) -> None:
    """The day this works, the refusal has to go."""
    workload = Matmul(m=17, n=8, k=8, batch=2, dtype="int8")
    assert TORCH.refuses(workload, "eager", CPU)
    results = run_contract(None, torch_backend, workload, bundle_of(workload))
    assert not results[0].passed
