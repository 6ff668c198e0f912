"""Faults planted into real frameworks are caught by the check that is there for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.backends.base import BackendInfo
from harness.core.device import Device
from harness.measure.clock import SystemMeter
from harness.testing.contract import run_contract
from harness.testing.faults import FAULTS, UNTIMELY_FAULTS, WORTH_SAVING, Fault, UntimelyFault
from harness.testing.plugin import bundle_of, case_id, load_backend
from harness.worker.arm import Arm
from harness.workloads.base import Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

CPU = Device("cpu")
TRIES = 12  # of finding what only time can show, each in a worker's whole way: neighbours come and go in seconds
WORTH_TIMING = (WORTH_SAVING, Matmul(m=8, n=8, k=8), Reduction(op="sum", shape=(512, 1024)))


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.in_any], ids=lambda fault: fault.name)
def test_a_planted_fault_is_caught_by_its_own_code(info: BackendInfo, fault: Fault) -> None:
    backend = load_backend(info, info.default_mode, CPU)
    results = run_contract(None, fault.backend(backend), fault.workload, bundle_of(fault.workload))
    assert fault.code in {result.code for result in results if not result.passed}


def doubts_about(backend: Any, workload: Workload) -> set[str]:
    """Return the codes that refuse `workload` on `backend` before, while and after it is timed."""
    bundle = bundle_of(workload)
    arm = Arm(backend=backend, device=CPU, workload=workload, bundle=bundle, meter=SystemMeter(), cold_bytes=0)
    doubts = arm.prepare()["doubts"]
    inner = arm.calibrate(2_000_000, 20_000_000)["inner"]
    doubts += arm.prove(inner)["doubts"] + arm.throughput(inner)["doubts"] + arm.finish()["doubts"]
    return {doubt["code"] for doubt in doubts if not doubt["warning"]}


@pytest.mark.parametrize("fault", UNTIMELY_FAULTS, ids=lambda fault: fault.name)
def test_an_answer_that_was_not_computed_is_caught_by_its_time(info: BackendInfo, fault: UntimelyFault) -> None:
    """A neighbour can hide one for as long as it is looked at: with both processors taken, three times on end."""
    backends = (fault.make(load_backend(info, info.default_mode, CPU)) for _ in range(TRIES))
    assert any(fault.code in doubts_about(backend, fault.workload) for backend in backends)


@pytest.mark.parametrize("workload", WORTH_TIMING, ids=case_id)
def test_an_honest_arm_is_not_refused_for_its_time(info: BackendInfo, workload: Workload) -> None:
    """Of the other checks on time nothing can be said here, where several frameworks share a process."""
    found = doubts_about(load_backend(info, info.default_mode, CPU), workload)
    assert not found & {fault.code for fault in UNTIMELY_FAULTS}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.in_any], ids=lambda fault: fault.name)
def test_the_same_case_without_the_fault_passes(info: BackendInfo, fault: Fault) -> None:
    """Or the test above would prove nothing."""
    case = replace(fault.workload, math="ieee")  # CPUs have no other arithmetic
    results = run_contract(None, load_backend(info, info.default_mode, CPU), case, bundle_of(case))
    assert not [result for result in results if not result.passed]
