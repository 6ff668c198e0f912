"""Results of the contract are merged, written down without the machine, and noticed when they are behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.backends.catalog import NUMPY, TORCH
from harness.core.device import Device
from harness.testing.kept import Kept, examples, merge, offered, out_of_date, read_results, targets, write_results
from harness.workloads.base import Workload

CPU = Device("cpu")
TARGET = "numpy.reference@cpu"
EVERYTHING = Kept(
    target=TARGET,
    framework_version="2.4",
    python="3.11.7",
    everything=True,
    kept=offered(NUMPY, "reference", CPU),
)


def document(**changes: Any) -> str:
    target = {
        "target": TARGET,
        "framework_version": "2.4",
        "python": "3.11.7",
        "everything": True,
        "kept": {"matmul float32 forward": 3},
        "failed": {},
        "failures": [],
        "unavailable": "",
        "cases": 3,
        "machine": "somebody's",
    }
    return json.dumps({"schema": "harness.check/1", "targets": [target | changes]})


def test_the_sorts_of_examples_hold_all_examples_once() -> None:
    found = examples()
    assert "matmul float32 forward math=tf32" in found
    assert {"conv2d float64 forward_backward", "memory float16 forward"} <= set(found)
    keys = [case.key for cases in found.values() for case in cases]
    assert len(keys) == len(set(keys)) > 300


def test_what_is_written_is_read_again_and_holds_counts_and_versions_alone() -> None:
    results = read_results(document())
    text = write_results(results)
    assert read_results(text) == results
    assert set(json.loads(text)["targets"][0]) == {"target", "framework_version", "python", "everything", "kept"}
    assert text == write_results(read_results(text))


def test_a_number_of_a_device_is_left_out_for_any_of_a_kind_will_do() -> None:
    assert set(read_results(document(target="torch.eager@gpu:1"))) == {"torch.eager@gpu"}


@pytest.mark.parametrize(
    "changes",
    [
        {"failed": {"matmul float32 forward": 1}},
        {"failures": [{"case": "matmul[m=3]", "name": "right answer", "code": "V1", "detail": "2 is not 1"}]},
    ],
)
def test_nothing_is_made_of_results_in_which_a_promise_was_broken(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"numpy\.reference@cpu broke the contract.*(matmul)"):
        read_results(document(**changes))


def test_a_target_that_was_not_there_says_nothing() -> None:
    assert read_results(document(unavailable="no GPU", kept={})) == {}


def test_another_document_is_refused_with_the_command_that_makes_a_right_one() -> None:
    with pytest.raises(ValueError, match="harness check --all --json"):
        read_results('{"schema": "harness.suite/1"}')


def test_later_results_take_the_place_of_earlier_ones_target_by_target() -> None:
    old, new, newest = (replace(EVERYTHING, python=version) for version in ("3.11", "3.12", "3.13"))
    other = replace(EVERYTHING, target="torch.eager@gpu")
    found = merge({TARGET: old, "torch.eager@gpu": other}, [{TARGET: new}, {TARGET: newest}])
    assert found == {TARGET: newest, "torch.eager@gpu": other}


def test_targets_of_other_packages_and_of_the_past_are_left_out() -> None:
    results = {name: replace(EVERYTHING, target=name) for name in (TARGET, "numba.jit@cpu", "torch.script@cpu")}
    assert set(merge({}, [results])) == set(merge(results, [])) == {TARGET}


def test_results_with_operations_of_ones_own_are_refused() -> None:
    with pytest.raises(ValueError, match="'squash float32 forward', which is not built in"):
        merge({}, [read_results(document(kept={"squash float32 forward": 2}))])


def test_complete_results_are_not_out_of_date() -> None:
    assert out_of_date({TARGET: EVERYTHING}, [NUMPY]) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda kept: kept.pop("gather float64 forward"), "gather float64 forward (kept 0 of 2)"),
        (lambda kept: kept.update({"matmul int8 forward": 10}), "matmul int8 forward (kept 10 of 11)"),
        (lambda kept: kept.update({"matmul int8 forward": 12}), "matmul int8 forward (kept 12 of 11)"),
        (lambda kept: kept.update({"gone float32 forward": 1}), "gone float32 forward (kept 1 of 0)"),
    ],
)
def test_a_new_example_and_one_that_is_gone_are_noticed_with_the_command_that_mends_it(
    change: Callable[[dict[str, int]], Any], says: str
) -> None:
    kept = dict(EVERYTHING.kept)
    change(kept)
    (sentence,) = out_of_date({TARGET: replace(EVERYTHING, kept=kept)}, [NUMPY])
    assert f"{TARGET}: {says}; mend it with: python -m harness check --all --target {TARGET} --json" in sentence
    assert "harness.testing.support docs/backends.md --contract" in sentence


def test_what_was_kept_and_is_refused_now_is_noticed() -> None:
    def refuses(workload: Workload, mode: str, device: Device) -> str | None:
        return "no more" if workload.name == "memory" else NUMPY.refuses(workload, mode, device)

    (sentence,) = out_of_date({TARGET: EVERYTHING}, [replace(NUMPY, refuses=refuses)])
    assert "memory bfloat16 forward (kept 4 of 0)" in sentence


def test_targets_of_a_cpu_must_have_been_tried_and_others_need_not() -> None:
    assert [sentence.partition(":")[0] for sentence in out_of_date({}, [TORCH])] == [
        "torch.eager@cpu",
        "torch.compile@cpu",
    ]
    complete = {
        name: Kept(target=name, kept=offered(info, mode, device))
        for name, (info, mode, device) in targets([TORCH]).items()
        if device == CPU
    }
    assert not out_of_date(complete, [TORCH])
    few = Kept(target="torch.eager@gpu", kept={"matmul float32 forward": 1})
    assert not out_of_date(complete | {few.target: few}, [TORCH])
    many = replace(few, kept={"matmul float32 forward": 1000})
    assert "kept 1000 of 12" in out_of_date(complete | {many.target: many}, [TORCH])[0]


def test_of_many_differences_a_few_are_told() -> None:
    (sentence,) = out_of_date({}, [NUMPY])
    assert sentence.count("kept 0 of") == 4
    assert f"and {len(offered(NUMPY, 'reference', CPU)) - 4} more; mend it" in sentence
