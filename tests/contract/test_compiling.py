"""How long tracing and compiling took: what a framework tells of it is a part of the first call, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.backends.base import BackendInfo
from harness.backends.catalog import JAX, TORCH
from harness.core.device import Device
from harness.measure.clock import SystemMeter
from harness.testing.plugin import bundle_of, case_id, load_backend
from harness.worker.arm import Arm
from harness.workloads.base import Workload
from harness.workloads.inference import Inference
from harness.workloads.matmul import Matmul
from harness.workloads.training import Training
from tests.contract.conftest import chosen

if TYPE_CHECKING:
    from harness.backends.jax.compiling import Spans

CPU = Device("cpu")
TELLING = {("jax", "jit"), ("torch", "compile")}
WORKS = (
    Matmul(m=19, n=17, k=13),
    Matmul(m=19, n=17, k=13, direction="forward_backward"),
    Inference(model="mlp", size="tiny", batch=3),
    Training(model="mlp", size="tiny", batch=3),
)
SLACK = 1.01  # the frameworks read other clocks than we do


@pytest.mark.parametrize("workload", WORKS, ids=case_id)
def test_compiling_is_a_part_of_the_first_call(info: BackendInfo, workload: Workload) -> None:
    for mode in info.modes:
        if info.refuses(workload, mode.name, CPU):
            continue
        backend = load_backend(info, mode.name, CPU)
        for _ in range(2):  # the second arm of a process is told of its own alone
            bundle = bundle_of(workload)
            arm = Arm(backend=backend, device=CPU, workload=workload, bundle=bundle, meter=SystemMeter(), cold_bytes=0)
            found = arm.prepare()
            if (info.name, mode.name) in TELLING:
                assert 0 < found["compile_s"] <= found["first_call_s"] * SLACK
            else:
                assert found["compile_s"] is None


def test_all_that_can_tell_are_among_those_that_are_tested() -> None:
    known = {(info.name, mode.name) for info in (JAX, TORCH) for mode in info.modes}
    assert known - TELLING == {("torch", "eager")}


# -- parts of time --------------------------------------------------------------------------------


class Told:
    """Parts, told at chosen times."""

    def __init__(self, spans: type[Spans]) -> None:
        self.now = 0.0
        self.spans = spans(lambda: self.now)

    def at(self, now: float, seconds: float, event: str = "/jax/core/compile/backend_compile_duration") -> float:
        """Tell of a part that ends now, and return how long all of them took."""
        self.now = now
        self.spans.hear(event, seconds, fun_name="f")
        return self.spans.seconds()


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Told:
    if JAX not in chosen(request.config):
        pytest.skip("jax was not asked for")
    from harness.backends.jax.compiling import Spans

    return Told(Spans)


def test_parts_one_after_the_other_add_up(told: Told) -> None:
    assert told.spans.seconds() == 0
    assert told.at(10.0, 2.0) == 2.0
    assert told.at(15.0, 1.0) == 3.0


def test_a_part_within_another_counts_once(told: Told) -> None:
    assert told.at(10.0, 1.0) == 1.0
    assert told.at(12.0, 1.0) == 2.0
    assert told.at(13.0, 5.0) == 5.0
    assert told.at(20.0, 1.0) == 6.0


def test_parts_that_overlap_count_their_common_time_once(told: Told) -> None:
    assert told.at(10.0, 4.0) == 4.0
    assert told.at(11.0, 3.0) == 5.0


def test_what_is_no_compiling_is_not_counted(told: Told) -> None:
    assert told.at(10.0, 4.0, "/jax/compilation_cache/cache_retrieval_time_sec") == 0.0
