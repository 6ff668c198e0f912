"""Faults planted into real frameworks are caught by the check that is there for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.backends.base import BackendInfo
from harness.core.device import Device
from harness.testing.contract import run_contract
from harness.testing.faults import FAULTS, Fault
from harness.testing.plugin import bundle_of, load_backend

CPU = Device("cpu")


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.in_any], ids=lambda fault: fault.name)
def test_a_planted_fault_is_caught_by_its_own_code(info: BackendInfo, fault: Fault) -> None:
    backend = load_backend(info, info.default_mode, CPU)
    results = run_contract(None, fault.backend(backend), fault.workload, bundle_of(fault.workload))
    assert fault.code in {result.code for result in results if not result.passed}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.in_any], ids=lambda fault: fault.name)
def test_the_same_case_without_the_fault_passes(info: BackendInfo, fault: Fault) -> None:
    """Or the test above would prove nothing."""
    case = replace(fault.workload, math="ieee")  # CPUs have no other arithmetic
    results = run_contract(None, load_backend(info, info.default_mode, CPU), case, bundle_of(case))
    assert not [result for result in results if not result.passed]
