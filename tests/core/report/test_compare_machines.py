"""Machines that never ran side by side: of different kinds, and of one kind with an odd one among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.core.machine import env_id
from harness.errors import NothingSelected, UsageError
from harness.report import compare_sessions
from harness.report.across import compare_across
from harness.report.compare import exit_code
from harness.report.compare_load import Run, arms_of
from harness.report.comparison import How, Page
from harness.report.nodes import compare_nodes
from harness.stats.verdict import Verdict
from harness.store.runs import RunInfo
from tests.core.report.sessions import CASE, JAX, session
from tests.core.report.synthetic import REFERENCE

WOBBLE = (-0.02, -0.01, 0.0, 0.01, 0.02)
FACTS: dict[str, Any] = {
    "os": {"system": "Linux"},
    "cpu": dict.fromkeys(("model", "vectors", "cores", "smt", "governor", "boost", "quota_cpus", "caches"))
    | {"architecture": "x86_64", "logical": 8, "affinity": [*range(8)]},
    "memory": {"total_bytes": 2**34, "huge_pages": None},
    "hypervisor": None,
    "gpus": [],
}  # what a manifest tells of a machine, as much of it as its identity is made of


def machine(folder: Path, device: str, logs: Sequence[float], *, first: int = 1, **values: Any) -> str:
    """Store a run for each of `logs`: what a session took beside a millisecond, on this device."""
    targets = values.pop("targets", (REFERENCE,))
    for at, log in enumerate(logs):
        session(
            folder,
            {CASE: dict.fromkeys(targets, (log,) * 5)},
            run=f"20260101T0000000{at:02}Z-{first:012x}",
            copy=None,
            **({"device_name": device, "env_id": f"env of {device}"} | values),
        )
    return str(folder)


def pair(root: Path, ratio: float, sessions: int = 5, **values: Any) -> Page:
    """Compare a machine with another that takes `ratio` times as long."""
    base = machine(root / "cpu", "CPU", WOBBLE)
    new = machine(root / "gpu", "GPU", [math.log(ratio) + each for each in WOBBLE[:sessions]], first=2, **values)
    return compare_across(root, [base, new])


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (2.0, Verdict.REGRESSED),
        (0.5, Verdict.IMPROVED),
        (1.3, Verdict.REGRESSED),
        (1.2, Verdict.INCONCLUSIVE),  # sure, but not 1.25
        (1.0, Verdict.INCONCLUSIVE),
    ],
)
def test_only_what_is_far_apart_gets_a_verdict(tmp_path: Path, ratio: float, verdict: Verdict) -> None:
    page = pair(tmp_path, ratio)
    (found,) = page.comparisons
    (line,) = found.lines
    assert (found.how, line.verdict, line.counts) == (How.ACROSS, verdict, (5, 5))
    assert line.judgement.log == pytest.approx(math.log(ratio), abs=1e-6)
    assert line.judgement.log_high == pytest.approx(math.log(ratio) + 2.3060041 * 0.01, abs=1e-6)
    assert (line.base, line.new) == (f"{REFERENCE} on CPU", f"{REFERENCE} on GPU")
    assert (found.base.name, found.new.name) == ("5 sessions::CPU", "5 sessions::GPU")
    assert found.notes[0].startswith("This is not a paired comparison")
    assert exit_code(page) == 0


def test_fewer_than_five_sessions_of_either_give_no_verdict(tmp_path: Path) -> None:
    (line,) = pair(tmp_path, 10.0, sessions=4).comparisons[0].lines
    assert (line.verdict, line.detail) == (Verdict.INCONCLUSIVE, "4 of 5 sessions of one machine")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"input_hash": "others", "seed": 9}, "1 arm that both machines measured have other inputs: measure all"),
        ({"math": "tf32"}, "are other arithmetic"),
        ({"method_version": 2}, "were measured by another method"),
    ],
)
def test_other_inputs_arithmetic_or_methods_are_other_work(tmp_path: Path, values: dict[str, Any], said: str) -> None:
    with pytest.raises(NothingSelected, match=said):
        pair(tmp_path, 2.0, **values)


def test_what_is_not_joined_is_counted(tmp_path: Path) -> None:
    arms = {JAX: {"input_hash": "others"}}
    base = machine(tmp_path / "cpu", "CPU", WOBBLE, targets=(REFERENCE, JAX))
    new = machine(tmp_path / "gpu", "GPU", WOBBLE, first=2, targets=(REFERENCE, JAX), arms=arms)
    (found,) = compare_across(tmp_path, [base, new]).comparisons
    assert [line.base for line in found.lines] == [f"{REFERENCE} on CPU"]
    assert found.notes[1].startswith("1 arm that both machines measured have other inputs")


def test_machines_are_joined_by_framework_and_mode_unless_targets_are_named(tmp_path: Path) -> None:
    base = machine(tmp_path / "cpu", "CPU", WOBBLE)
    new = machine(tmp_path / "gpu", "GPU", [0.5] * 5, first=2, targets=(JAX,))
    with pytest.raises(NothingSelected, match="no arm in common"):
        compare_across(tmp_path, [base, new])
    (found,) = compare_across(tmp_path, [f"{base}::torch", f"{new}::jax"]).comparisons
    assert [(line.base, line.new) for line in found.lines] == [(f"{REFERENCE} on CPU", f"{JAX} on GPU")]


def test_the_base_is_the_first_that_is_named_or_the_one_that_is_asked_for(tmp_path: Path) -> None:
    names = [machine(tmp_path / name, name, [at] * 5, first=at + 1) for at, name in enumerate(("CPU", "GPU", "TPU"))]
    told = [(each.base.target, each.new.target) for each in compare_across(tmp_path, names[::-1]).comparisons]
    assert told == [("TPU", "CPU"), ("TPU", "GPU")]
    asked = compare_across(tmp_path, names, base_device="gpu")
    assert [(each.base.target, each.new.target) for each in asked.comparisons] == [("GPU", "CPU"), ("GPU", "TPU")]
    with pytest.raises(UsageError, match=r"'pu' means 3 machines"):
        compare_across(tmp_path, names, base_device="pu")
    with pytest.raises(UsageError, match=r"'H100' is none of these machines"):
        compare_across(tmp_path, names, base_device="H100")


def test_machines_that_call_themselves_the_same_are_told_apart(tmp_path: Path) -> None:
    base = machine(tmp_path / "a", "CPU", WOBBLE, env_id="aaaabbbbcccc")
    new = machine(tmp_path / "b", "CPU", WOBBLE, first=2, env_id="ddddeeeeffff")
    (found,) = compare_across(tmp_path, [base, new]).comparisons
    assert (found.base.target, found.new.target) == ("CPU, aaaabb", "CPU, ddddee")


def test_sessions_with_different_versions_are_mentioned(tmp_path: Path) -> None:
    base = machine(tmp_path / "a", "CPU", WOBBLE)
    machine(tmp_path / "b", "GPU", [1.0] * 3, first=2, framework_version="1.2.3")
    new = machine(tmp_path / "b", "GPU", [1.0] * 2, first=3, framework_version="1.3.0")
    (found,) = compare_across(tmp_path, [base, new]).comparisons
    assert found.notes[1] == "sessions of GPU had different versions of torch: 1.2.3, 1.3.0"


def test_what_a_framework_does_untouched_is_counted_and_never_ranked(tmp_path: Path) -> None:
    """TF32 on a GPU and float32 on a CPU have the same name then."""
    targets, arms = (REFERENCE, JAX), {JAX: {"math": "default"}}
    base = machine(tmp_path / "cpu", "CPU", WOBBLE, targets=targets, arms=arms)
    new = machine(tmp_path / "gpu", "GPU", [-2.0] * 5, first=2, targets=targets, arms=arms)
    (found,) = compare_across(tmp_path, [base, new]).comparisons
    assert [line.base for line in found.lines] == [f"{REFERENCE} on CPU"]
    (told,) = found.notes[1:]
    assert told.startswith("1 arm that both machines measured have math default, what a framework does untouched")
    for names in ([f"{base}::jax", f"{new}::jax"], [f"{new}::jax", f"{base}::jax"]):
        with pytest.raises(NothingSelected, match="no arm in common: 1 arm that both machines measured have math def"):
            compare_across(tmp_path, names)


def test_an_arm_that_only_one_of_them_measured_is_counted(tmp_path: Path) -> None:
    base = machine(tmp_path / "cpu", "CPU", WOBBLE, targets=(REFERENCE, JAX))
    (found,) = compare_across(tmp_path, [base, machine(tmp_path / "gpu", "GPU", WOBBLE, first=2)]).comparisons
    assert found.notes[1:] == ("without a partner on GPU: 1 arm of CPU",)


def test_sessions_with_other_inputs_are_told_though_others_are_joined(tmp_path: Path) -> None:
    base = machine(tmp_path / "cpu", "CPU", WOBBLE)
    machine(tmp_path / "cpu", "CPU", WOBBLE[:2], first=3, input_hash="others", seed=9)
    (found,) = compare_across(tmp_path, [base, machine(tmp_path / "gpu", "GPU", WOBBLE, first=2)]).comparisons
    assert [line.counts for line in found.lines] == [(5, 5)]
    assert found.notes[1].startswith("1 arm that both machines measured have other inputs")


def test_a_machine_that_has_nothing_in_common_is_told_beside_those_that_have(tmp_path: Path) -> None:
    names = [machine(tmp_path / name, name, WOBBLE, first=at) for at, name in enumerate(("CPU", "GPU"), start=1)]
    names.append(machine(tmp_path / "TPU", "TPU", WOBBLE, first=3, targets=(JAX,)))
    page = compare_across(tmp_path, names)
    assert [each.new.target for each in page.comparisons] == ["GPU"]
    (told,) = page.problems
    assert told == (
        "TPU has no arm in common with CPU: without a partner on TPU: 1 arm of CPU; "
        "without a partner on CPU: 1 arm of TPU"
    )


def sweep(folder: Path, device: str, *numbers: int, first: int = 1) -> str:
    """Store five runs of a machine, each of which compares these numbers of threads."""
    targets = {f"{REFERENCE},label={number}-threads": number for number in numbers}
    arms = {name: {"threads": number, "env_id": f"{device} at {number}"} for name, number in targets.items()}
    return machine(folder, device, WOBBLE, first=first, targets=tuple(targets), arms=arms)


def test_a_machine_is_one_whatever_its_arms_threads_and_each_number_meets_itself(tmp_path: Path) -> None:
    base, new = sweep(tmp_path / "cpu", "CPU", 2, 4, 8), sweep(tmp_path / "gpu", "GPU", 4, 8, 16, first=2)
    (found,) = compare_across(tmp_path, [base, new]).comparisons
    assert (found.base.name, found.new.name) == ("5 sessions::CPU", "5 sessions::GPU")
    assert [line.case for line in found.lines] == [f"{CASE}, 4 threads", f"{CASE}, 8 threads"]
    assert found.notes[1:] == (
        "without a partner on GPU at 2 threads: 1 arm of CPU",
        "without a partner on CPU at 16 threads: 1 arm of GPU",
    )
    with pytest.raises(NothingSelected, match="all of these runs are of one machine, CPU"):
        compare_across(tmp_path, [base])


def test_runs_with_a_number_of_threads_each_are_of_one_machine_too(tmp_path: Path) -> None:
    """Nothing in them holds two numbers; what their manifests tell of the machine makes them one."""
    folder = tmp_path / "cpu"
    for first, threads in enumerate((2, 4), start=1):
        known = {**FACTS, "threads": threads, "framework": {"device_name": "CPU"}}
        own: dict[str, Any] = {"threads": threads, "env_id": env_id(known), "manifest": {"machine": FACTS}}
        machine(folder, "CPU", [1 / threads + each for each in WOBBLE], first=first, **own)
    swept = sweep(tmp_path / "swept", "GPU", 4, 8, first=3)
    (found,) = compare_across(tmp_path, [str(folder), swept]).comparisons
    assert (found.base.name, found.new.name) == ("10 sessions::CPU", "5 sessions::GPU")
    assert [(line.case, line.counts) for line in found.lines] == [(f"{CASE}, 4 threads", (5, 5))]
    assert found.lines[0].judgement.log == pytest.approx(-0.25, abs=1e-6)
    assert found.notes[1:] == (
        "without a partner on GPU at 2 threads: 1 arm of CPU",
        "without a partner on CPU at 8 threads: 1 arm of GPU",
    )


def test_machines_with_one_number_of_threads_each_are_compared_as_they_are(tmp_path: Path) -> None:
    (found,) = pair(tmp_path, 2.0, threads=64).comparisons
    assert [(line.case, line.verdict) for line in found.lines] == [(CASE, Verdict.REGRESSED)]


@pytest.mark.parametrize("told", [7, {}, {**FACTS, "cpu": 3}, {**FACTS, "memory": {"total_bytes": 1e999}}])
def test_a_manifest_that_speaks_nonsense_of_its_machine_leaves_the_env_id(tmp_path: Path, told: Any) -> None:
    (found,) = pair(tmp_path, 2.0, manifest={"machine": told}).comparisons
    assert found.new.name == "5 sessions::GPU"


def test_the_times_beside_a_ratio_are_those_it_is_the_quotient_of(tmp_path: Path) -> None:
    base = machine(tmp_path / "cpu", "CPU", (0.0, 0.1, 0.2, 0.3, 1.0))
    new = machine(tmp_path / "gpu", "GPU", (2.0, 1.1, 1.2, 1.3, 0.1), first=2)
    (line,) = compare_across(tmp_path, [base, new]).comparisons[0].lines
    assert line.base_s is not None
    assert line.new_s is not None
    assert line.new_s / line.base_s == pytest.approx(line.judgement.ratio)
    assert line.base_s == pytest.approx(1e-3 * math.exp(0.32), rel=1e-6)


def test_what_differs_is_told_of_the_newest_run_of_each(tmp_path: Path) -> None:
    base = machine(tmp_path / "a", "CPU", WOBBLE, manifest={"machine": {"os": {"kernel": "6.1"}}})
    machine(tmp_path / "b", "GPU", [1.0] * 2, first=2, manifest={"machine": {"os": {"kernel": "5.4"}}})
    new = machine(tmp_path / "b", "GPU", [1.0] * 3, first=3, manifest={"machine": {"os": {"kernel": "6.8"}}})
    (found,) = compare_across(tmp_path, [base, new]).comparisons
    (told,) = [change for change in found.changes if change.what == "machine.os.kernel"]
    assert (told.base, told.new) == ("6.1", "6.8")


def test_one_machine_alone_is_not_across(tmp_path: Path) -> None:
    with pytest.raises(NothingSelected, match="all of these runs are of one machine, CPU"):
        compare_across(tmp_path, [machine(tmp_path / "a", "CPU", WOBBLE)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingSelected, match="has no complete run"):
        compare_across(tmp_path, [str(tmp_path / "empty")])


def test_one_run_named_with_two_targets_is_refused(tmp_path: Path) -> None:
    folder = machine(tmp_path / "a", "CPU", WOBBLE, targets=(REFERENCE, JAX))
    with pytest.raises(UsageError, match="named twice, with different targets"):
        compare_across(tmp_path, [f"{folder}::torch", f"{folder}::jax"])


# -- of one kind ----------------------------------------------------------------------------------


def cluster(root: Path, slow: float = 1.0, machines: int = 4, sessions: int = 5, **values: Any) -> list[str]:
    """Store machines of one kind, of which the last takes `slow` times as long."""
    quiet = [each / 10 for each in WOBBLE[:sessions]]
    logs = [[math.log(slow if at == machines - 1 else 1.0) + each for each in quiet] for at in range(machines)]
    return [
        machine(root / f"node{at}", "CPU", own, first=at + 1, **(values if at == machines - 1 else {}))
        for at, own in enumerate(logs)
    ]


def test_the_odd_one_out_is_found_and_no_other(tmp_path: Path) -> None:
    names = cluster(tmp_path, slow=1.1)
    page = compare_nodes(tmp_path, names)
    assert [node.odd for node in page.nodes] == [False, False, False, True]
    assert [node.name for node in page.nodes] == names
    assert page.nodes[3].log == pytest.approx(math.log(1.1), abs=1e-6)
    assert (page.kind, page.cases, page.problems) == ("CPU", 1, ())


def test_each_run_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(info: RunInfo) -> Run:
        read.append(info.run_id)
        return arms_of(info)

    names = cluster(tmp_path)
    monkeypatch.setattr(compare_sessions, "arms_of", counted)
    compare_nodes(tmp_path, names)
    assert len(read) == len(set(read)) == 20


def test_equals_have_no_odd_one(tmp_path: Path) -> None:
    assert not any(node.odd for node in compare_nodes(tmp_path, cluster(tmp_path, slow=1.01)).nodes)


def test_two_machines_or_four_sessions_say_nothing(tmp_path: Path) -> None:
    two = compare_nodes(tmp_path, cluster(tmp_path / "two", slow=1.5, machines=2))
    four = compare_nodes(tmp_path, cluster(tmp_path / "four", slow=1.5, sessions=4))
    assert not any(node.odd for node in (*two.nodes, *four.nodes))


def test_machines_of_another_kind_are_refused_with_what_differs(tmp_path: Path) -> None:
    manifest = {"machine": {"cpu": {"model": "EPYC 9004"}}}
    names = cluster(tmp_path, env_id="other", manifest=manifest)
    with pytest.raises(UsageError, match=r"are not of one kind: machine\.cpu\.model – and EPYC 9004") as raised:
        compare_nodes(tmp_path, names)
    assert "--across" in (raised.value.remedy or "")


def test_machines_without_a_case_in_common_end_with_five(tmp_path: Path) -> None:
    with pytest.raises(NothingSelected, match="no arm in common with equal inputs"):
        compare_nodes(tmp_path, cluster(tmp_path, input_hash="others"))


def test_other_versions_on_a_node_are_mentioned_and_a_copy_is_no_machine(tmp_path: Path) -> None:
    names = cluster(tmp_path, framework_version="9.9")
    assert compare_nodes(tmp_path, names).problems == ("the machines have different versions of torch: 1.2.3, 9.9",)
    machine(tmp_path / "copy", "CPU", WOBBLE, first=1)
    with pytest.raises(UsageError, match="are those of another name"):
        compare_nodes(tmp_path, [*names, str(tmp_path / "copy")])
