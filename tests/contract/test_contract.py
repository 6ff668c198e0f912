"""Every backend keeps every promise in every case that it does not refuse."""

from __future__ import annotations

import pytest

from harness.backends.base import COMPILED, BackendInfo
from harness.backends.catalog import KERAS_FIT, NUMPY
from harness.backends.registry import find_backend
from harness.core.device import Device
from harness.testing.cases import all_cases, contract_cases, few_cases
from harness.testing.contract import run_contract
from harness.testing.plugin import bundle_of, case_id, contract_tests, load_backend
from harness.workloads.base import Workload
from harness.workloads.training import Training
from tests.contract.conftest import chosen

CPU = Device("cpu")

TestPlugin = contract_tests(NUMPY)  # a plugin's whole test file, with its own INFO in place of ours


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "workload" not in metafunc.fixturenames or metafunc.cls is not None:
        return
    metafunc.parametrize(
        ("name", "mode", "workload"),
        [
            pytest.param(info.name, mode.name, workload, id=f"{info.name}.{mode.name}-{case_id(workload)}")
            for info in chosen(metafunc.config)
            for mode in info.modes
            for workload in contract_cases(info, mode.name, CPU)
        ],
    )


def test_what_is_not_refused_works(name: str, mode: str, workload: Workload) -> None:
    info = find_backend(name)
    backend = load_backend(info, mode, CPU)
    results = run_contract(info, backend, workload, bundle_of(workload), mode=mode)
    assert len(results) > 1
    assert not [result for result in results if not result.passed]


def test_something_is_tried_in_every_mode(info: BackendInfo) -> None:
    """A backend that refuses everything would otherwise pass."""
    for mode in info.modes:
        tried = list(contract_cases(info, mode.name, CPU))
        if mode.name == KERAS_FIT:  # which trains, and does nothing else
            assert len(tried) == len(list(Training.examples()))
            continue
        offered = len(few_cases()) if mode.mode_class == COMPILED else len(list(all_cases()))
        assert len(tried) >= 0.8 * offered


def test_cases_are_all_different() -> None:
    cases = [*all_cases(), *few_cases()]
    assert len({case.key for case in all_cases()}) == len(list(all_cases()))
    assert all(type(case).make(case.params()) == case for case in cases)
