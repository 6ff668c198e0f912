"""Whatever a backend does not know is refused in words before anything is imported; nothing raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from harness.backends.base import BackendInfo
from harness.core.device import KINDS, Device
from harness.testing.cases import all_cases
from harness.testing.contract import run_contract
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.base import Tolerance, Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

CPU = Device("cpu")


@dataclass(frozen=True, kw_only=True)
class Unheard(Workload):
    """A stranger's workload that no backend here knows."""

    name: ClassVar[str] = "unheard"
    summary: ClassVar[str] = "of"

    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"x": (1,)}

    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((1,),)

    def compute(self, inputs: Any) -> tuple[Any, ...]:
        return (inputs["x"],)

    def tolerance(self, reference: Any, scales: Any) -> Tolerance:
        return Tolerance(bound=0.0, reason="exact")


@pytest.mark.parametrize("device", [Device(kind) for kind in KINDS], ids=str)
def test_every_answer_is_a_reason_or_none(info: BackendInfo, device: Device) -> None:
    for mode in (*(mode.name for mode in info.modes), "no-such-mode"):
        for workload in (*all_cases(), Unheard()):
            reason = info.refuses(workload, mode, device)
            assert reason is None or len(reason) > 10


def test_an_unknown_workload_is_refused_by_name(info: BackendInfo) -> None:
    if info.name == "numpy":  # computes whatever a workload states
        assert info.refuses(Unheard(), info.default_mode, CPU) is None
    else:
        assert "unheard" in str(info.refuses(Unheard(), info.default_mode, CPU))


def test_an_unknown_mode_is_refused_by_name(info: BackendInfo) -> None:
    assert "sideways" in str(info.refuses(Matmul(m=2, n=2, k=2), "sideways", CPU))


def test_devices_outside_the_declared_ones_are_refused(info: BackendInfo) -> None:
    case = Matmul(m=2, n=2, k=2)
    for device in (Device(kind) for kind in KINDS if kind not in info.devices):
        assert device.kind in str(info.refuses(case, info.default_mode, device))


@pytest.mark.parametrize("kind", ["cpu", "tpu"])
def test_tf32_is_refused_where_there_is_none(info: BackendInfo, kind: str) -> None:
    assert info.refuses(Matmul(m=2, n=2, k=2, math="tf32"), info.default_mode, Device(kind))


def test_tf32_says_nothing_about_a_reduction(info: BackendInfo) -> None:
    case = Reduction(op="sum", shape=(4,), math="tf32")
    assert all(info.refuses(case, info.default_mode, Device(kind)) for kind in KINDS)


def test_tf32_on_a_cpu_still_does_not_work(info: BackendInfo) -> None:
    """The refusal is honest: tried all the same, it raises or gives another arithmetic than TF32."""
    case = Matmul(m=64, n=64, k=64, math="tf32")
    results = run_contract(None, load_backend(info, info.default_mode, CPU), case, bundle_of(case))
    assert not all(result.passed for result in results)


def test_the_contract_reports_a_refusal_as_one(info: BackendInfo) -> None:
    case = Matmul(m=2, n=2, k=2, math="tf32")
    (result,) = run_contract(info, load_backend(info, info.default_mode, CPU), case, bundle_of(case))
    assert (result.name, result.passed) == ("refused", True)
    assert result.detail == info.refuses(case, info.default_mode, CPU)
