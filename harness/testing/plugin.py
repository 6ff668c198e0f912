"""The contract as a ready-made pytest class, so that a plugin's whole test file is three lines.

::

    from harness.testing.plugin import contract_tests
    from my_package import INFO
    TestContract = contract_tests(INFO)

A package with a workload holds those who implement it to the same contract::

    TestMine = workload_tests(Mine, backends=["torch", "jax"])

Every case in every mode becomes a test of its own, with the case in its name. A device that is not
here, or a framework that is not installed, is a failure: who asks for a test wants it run.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends.registry import find_backend, missing
from harness.core.device import Device
from harness.errors import UsageError
from harness.testing.cases import contract_cases
from harness.testing.contract import run_contract
from harness.workloads.bundle import Bundle, make_bundle

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

    from harness.backends.base import Backend, BackendInfo
    from harness.workloads.base import Workload

THREADS = 2
SEED = 20


def contract_tests(
    info: BackendInfo,
    *,
    devices: Sequence[str] = ("cpu",),
    modes: Sequence[str] = (),
    workloads: Iterable[Workload] = (),
    everything: bool = False,
) -> type:
    """Return a test class that holds `info` to the contract.

    `workloads` adds cases of a plugin's own to those of the built-in workloads.
    """
    extra = tuple(workloads)
    return _test_class(
        [
            pytest.param(info, mode, device, workload, id=f"{mode}@{device}-{case_id(workload)}")
            for device in map(Device.parse, devices)
            for mode in modes or [mode.name for mode in info.modes]
            for workload in (*contract_cases(info, mode, device, everything=everything), *extra)
        ]
    )


def workload_tests(
    workload: type[Workload],
    *,
    backends: Sequence[str] = ("numpy",),
    devices: Sequence[str] = ("cpu",),
    everything: bool = False,
) -> type:
    """Return a test class that holds `backends`, by name, to the contract in the examples of `workload`.

    A backend that refuses every example fails: it was named because it should not.
    """
    parameters = []
    for name in backends:
        info = find_backend(name)
        found = [
            pytest.param(info, mode.name, device, case, id=f"{name}.{mode.name}@{device}-{case_id(case)}")
            for device in map(Device.parse, devices)
            for mode in info.modes
            for case in contract_cases(info, mode.name, device, everything=everything, workloads=(workload,))
        ]
        if not found:
            raise UsageError(f"{name} refuses every example of {workload.name}, or it has none")
        parameters += found
    return _test_class(parameters)


def _test_class(parameters: Sequence[ParameterSet]) -> type:
    class ContractTests:
        """A backend keeps its promises."""

        @pytest.mark.parametrize(("info", "mode", "device", "workload"), parameters)
        def test_keeps_the_contract(self, info: BackendInfo, mode: str, device: Device, workload: Workload) -> None:
            """Every check of the contract holds for this case."""
            backend = load_backend(info, mode, device)
            results = run_contract(info, backend, workload, bundle_of(workload), mode=mode, device=device)
            broken = [f"{result.code} {result.name}: {result.detail}" for result in results if not result.passed]
            assert not broken, "\n".join(broken)  # noqa: S101  (pytest shows it)

    return ContractTests


@cache
def bundle_of(workload: Workload) -> Bundle:
    """Return inputs and reference of a case, made once for all modes."""
    return make_bundle(workload, SEED)


def load_backend(info: BackendInfo, mode: str, device: Device) -> Backend[Any]:
    """Return the backend in this very process, after its environment has been set; fail where it is absent.

    A framework reads its environment once, so all the modes' variables are set before the first.
    """
    absent = missing(info, device) or info.lacks(mode, device)
    if absent is not None:
        pytest.fail(f"{info.name} was to be tested: {absent}", pytrace=False)
    key = (info.implementation, mode, device)
    if key not in _LOADED:
        for each in info.modes:
            os.environ.update(info.environment(device, each.name))
        module, _, name = info.implementation.partition(":")
        _LOADED[key] = getattr(importlib.import_module(module), name)(device=device, mode=mode, threads=THREADS)
    return _LOADED[key]


_LOADED: dict[tuple[str, str, Device], Backend[Any]] = {}  # a process can take hold of a device once


def case_id(workload: Workload) -> str:
    """Return a short name of a case: what differs from the defaults."""
    known = workload.parameters()
    words = []
    for name, value in workload.params().items():
        if known[name].required or value != known[name].default:
            text = "x".join(map(str, value)) if isinstance(value, list) else str(value)
            words.append(
                name if value is True else text if name in ("op", "axis", "dtype", "math") else f"{name}{text}"
            )
    return "-".join((workload.name, *words))
