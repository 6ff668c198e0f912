"""The suites that come with the harness are sound, modest on a processor, and cover what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite.load import load_suite
from harness.suite.model import Case, Suite
from harness.workloads.registry import find_workload, workload_names

NAMES = (
    "smoke",
    "gemm",
    "gemm-transformer",
    "reduction",
    "threads",
    "attention",
    "backward",
    "conv",
    "conv-resnet50",
    "elementwise",
    "memory",
    "articles",
    "training-smoke",
    "inference",
)


def _suite(root: Path, name: str) -> Suite:
    return load_suite(root / "suites" / f"{name}.yaml")


def _on(suite: Suite, device: str) -> list[Case]:
    return [case for case in suite.cases if not case.devices or device in case.devices]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_suite_is_named_after_its_file_and_says_what_for(root: Path, name: str) -> None:
    suite = _suite(root, name)
    assert suite.name == name
    assert suite.description
    assert suite.targets is None


def test_no_shipped_suite_is_left_untested(root: Path) -> None:
    for path in (root / "suites").glob("*.y*ml"):
        assert load_suite(path).cases


@pytest.mark.parametrize("name", NAMES)
def test_a_processor_is_asked_for_little(root: Path, name: str) -> None:
    """`standard` on five targets must end within minutes, so no call may take long and cases are few."""
    cases = _on(_suite(root, name), "cpu")
    assert 6 <= len(cases) <= 20
    most = 10 if name == "inference" else 2  # whole models
    assert max(case.workload.flops() or 0 for case in cases) <= most * 1024**3
    assert max(case.workload.moved_bytes() for case in cases) <= (256 if name == "memory" else 160) * 2**20
    slow = [case for case in cases if case.workload.dtype == "float16" and (case.workload.flops() or 0) > 10**6]
    assert slow == [], "float16 is emulated on processors"


def test_training_on_a_processor_has_time_for_its_rounds(root: Path) -> None:
    """A fit of Keras takes four steps at the least, and so does the one before it: in all five rounds of five sets."""
    suite = _suite(root, "training")
    cases = _on(suite, "cpu")
    assert len(cases) >= 8
    slow = 4e10  # FLOP/s of two slow processors
    longest = max((case.workload.flops() or 0) / slow for case in cases)
    most_s = suite.measure.max_time_s
    assert most_s is not None
    assert 5 * 5 * (4 + 4) * longest <= most_s


def test_gemm_compares_every_device_on_the_same_cases(root: Path) -> None:
    suite = _suite(root, "gemm")
    assert len([case for case in suite.cases if not case.devices]) >= 6
    assert 10 <= len(_on(suite, "cpu")) <= 12
    large = [case for case in suite.cases if "cpu" not in case.devices and case.devices]
    assert {case.workload.dtype for case in large} == {"float32", "float64", "float16", "bfloat16", "int8"}
    assert {case.workload.params()["math"] for case in large} == {"ieee", "tf32"}


def test_reduction_has_every_operation_along_every_axis(root: Path) -> None:
    params = [case.workload.params() for case in _suite(root, "reduction").cases]
    spec = find_workload("reduction").parameters()
    assert {(each["op"], each["axis"]) for each in params} == {
        (op, axis) for op in spec["op"].choices for axis in spec["axis"].choices
    }


def test_smoke_has_every_workload_and_nothing_large(root: Path) -> None:
    suite = _suite(root, "smoke")
    assert {case.workload.name for case in suite.cases} == set(workload_names())
    assert suite.measure.profile == "quick"
    assert all(case.workload.moved_bytes() <= 2**20 and not case.devices for case in suite.cases)


def test_memory_climbs_by_four_from_the_smallest_cache_to_main_memory(root: Path) -> None:
    cases = _suite(root, "memory").cases
    copies = [case.workload.params()["bytes"] for case in cases if case.name.startswith("copy[")]
    assert copies == [2**14 * 4**step for step in range(8)]
    assert max(case.workload.params()["bytes"] for case in cases) == 2**32
    spec = find_workload("memory").parameters()
    assert {case.workload.params()["layout"] for case in cases} == set(spec["layout"].choices)


def test_elementwise_has_every_operation_and_every_normalisation(root: Path) -> None:
    params = [case.workload.params() for case in _suite(root, "elementwise").cases]
    wanted = {op for name in ("elementwise", "normalise") for op in find_workload(name).parameters()["op"].choices}
    assert {each["op"] for each in params} == wanted


def test_articles_run_networks_in_both_directions(root: Path) -> None:
    networks = [case.workload for case in _on(_suite(root, "articles"), "cpu") if case.workload.name == "dense"]
    assert {network.direction for network in networks} == {"forward", "forward_backward"}
