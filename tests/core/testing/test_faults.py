"""Every planted fault is caught by the check with its code, and what is right passes."""

from __future__ import annotations

from typing import Any

import pytest

from harness.backends.proof import call
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.measure.block import Calls, run_block
from harness.measure.validity import (
    Doubt,
    check_ceiling,
    check_elision,
    check_leftover,
    check_parallelism,
    check_scaling,
)
from harness.testing.cases import all_cases
from harness.testing.contract import CHECKS, ContractResult, run_contract
from harness.testing.fake import FAKE, FakeBackend
from harness.testing.faults import FAULTS, Fault
from harness.testing.plugin import case_id
from harness.testing.virtual import (
    CEILING,
    HONEST,
    THREADS,
    TIME_FAULTS,
    WORK,
    QueueBackend,
    TimeFault,
    VirtualClock,
)
from harness.workloads.base import Workload
from harness.workloads.bundle import make_bundle
from harness.workloads.matmul import Matmul
from harness.workloads.modelled import Modelled
from harness.workloads.training import Training

CASE = Matmul(m=4, n=4, k=4)
INNER = 16


def failed(results: list[ContractResult]) -> set[str]:
    return {result.code for result in results if not result.passed}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_fault_is_caught_by_its_own_code(fault: Fault, seed: int) -> None:
    bundle = make_bundle(fault.workload, seed)
    assert fault.code in failed(run_contract(None, fault.backend(), fault.workload, bundle, device=fault.device))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_its_case_passes_without_it(fault: Fault) -> None:
    bundle = make_bundle(fault.workload, 1)
    honest = FakeBackend(device=fault.device, mode="good", threads=1)
    assert failed(run_contract(None, honest, fault.workload, bundle, device=fault.device)) == set()


def everywhere() -> list[Any]:
    """Return every case on every kind of device; whole models, which take seconds, on one of them.

    But for mixed precision, which is to be short, and the honest twin computes as NumPy does: in full.
    """
    return [
        pytest.param(workload, kind, id=f"{case_id(workload)}-{kind}")
        for workload in all_cases()
        if not (isinstance(workload, Training) and workload.is_mixed)
        for kind in (("gpu",) if isinstance(workload, Modelled) else ("cpu", "gpu", "tpu"))
    ]


@pytest.mark.parametrize(("workload", "kind"), everywhere())
def test_no_valid_arm_is_refused(workload: Workload, kind: str) -> None:
    device = Device(kind)
    honest = FakeBackend(device=device, mode="good", threads=1)
    results = run_contract(FAKE, honest, workload, make_bundle(workload, 3), mode="good", device=device)
    assert len(results) == len(CHECKS)
    assert not [result for result in results if not result.passed]


def test_no_two_faults_share_a_name() -> None:
    names = [fault.name for fault in (*FAULTS, *TIME_FAULTS)]
    assert len(set(names)) == len(names)


def test_the_corpus_covers_every_check_on_answers_and_on_time() -> None:
    assert {fault.code for fault in (*FAULTS, *TIME_FAULTS)} == {f"V{number}" for number in range(1, 11)}


# -- time ----------------------------------------------------------------------------------------


def doubts_about(backend: QueueBackend) -> list[Doubt]:
    """Run the protocol's checks on time against a backend on a virtual clock."""
    clock = backend.clock
    prepared = backend.prepare(CASE, make_bundle(CASE, 0).inputs)
    calls = Calls(lambda: call(prepared))
    held: list[Any] = []

    def block(inner: int = INNER) -> int:
        timed, output = run_block(calls, inner, backend.wait, clock)
        held[:] = [timed, output]
        return timed.wall_ns

    def read() -> int:
        start = clock.now()
        backend.peek(held[1])
        return clock.now() - start

    found = [check_scaling(block, INNER), check_leftover(block, read)]
    copies = [backend.place(CASE, make_bundle(CASE, 0).inputs) for _ in range(INNER)]

    def look() -> tuple[int, int]:
        one = prepared.arguments
        each = (Calls(prepared.function, one, *copies), Calls(prepared.function, one))
        distinct, same = (run_block(calls, INNER, backend.wait, clock)[0].wall_ns for calls in each)
        return distinct, same

    found.append(check_elision(look, INNER))
    found.append(check_ceiling(WORK, CEILING, block() * 1e-9 / INNER))
    found.append(check_parallelism([(held[0].cpu_ns, held[0].wall_ns)], THREADS))
    return [doubt for doubt in found if doubt is not None]


@pytest.mark.parametrize("fault", TIME_FAULTS, ids=lambda fault: fault.name)
def test_every_fault_about_time_is_caught_by_its_own_code(fault: TimeFault) -> None:
    assert fault.code in {doubt.code for doubt in doubts_about(fault.make(VirtualClock())) if not doubt.warning}


@pytest.mark.parametrize("honest", HONEST)
def test_an_honest_queue_raises_no_doubt(honest: type[QueueBackend]) -> None:
    assert doubts_about(honest(VirtualClock())) == []


def test_faults_about_time_give_right_answers() -> None:
    """Only the clock can tell them; checks on answers must not be what catches them."""
    for fault in TIME_FAULTS:
        backend = fault.make(VirtualClock())
        backend.set_math(MathMode.IEEE)
        assert failed(run_contract(None, backend, CASE, make_bundle(CASE, 0), device=Device("gpu"))) == set()


# -- the contract itself -------------------------------------------------------------------------


def test_a_refused_case_is_reported_and_not_tried() -> None:
    from harness.backends.catalog import NUMPY

    case = Matmul(m=2, n=2, k=2, math="tf32")
    backend = FakeBackend(device=Device("cpu"), mode="raise_prepare", threads=1)
    (result,) = run_contract(NUMPY, backend, case, make_bundle(case, 0))
    assert (result.name, result.passed) == ("refused", True)


def test_what_raises_fails_the_first_check_and_ends_there() -> None:
    backend = FakeBackend(device=Device("cpu"), mode="raise", threads=1)
    (result,) = run_contract(None, backend, CASE, make_bundle(CASE, 0))
    assert not result.passed
    assert result.plain() == {
        "name": "works", "code": "", "passed": False, "detail": "RuntimeError: planted error"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("fetch-copies", {"fetch": lambda value: value if isinstance(value, tuple) else (value,)}),
        ("fetch-copies", {"fetch": lambda value: ([1.0],)}),
        ("peek", {"peek": lambda output: float("nan")}),
        ("peek", {"peek": lambda output: 1e9}),
        ("facts", {"facts": lambda: {"framework_version": "1"}}),
        ("facts", {"facts": lambda: {"framework_version": "1", "device_name": "x", "build": object()}}),
        ("memory", {"peak_memory": lambda: 0}),
        ("works", {"wait": lambda output: 1 / 0}),
    ],
)
def test_the_checks_without_a_code_can_fail_too(name: str, broken: dict[str, object]) -> None:
    fault = Fault(name="broken", code="", overrides=broken, workload=CASE)
    results = run_contract(None, fault.backend(), CASE, make_bundle(CASE, 0), device=Device("gpu"))
    assert name in {result.name for result in results if not result.passed}
