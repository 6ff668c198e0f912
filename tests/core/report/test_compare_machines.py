"""Machines that never ran side by side: of different kinds, and of one kind with an odd one among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NothingSelected, UsageError
from harness.report.across import compare_across
from harness.report.compare import exit_code
from harness.report.comparison import How, Page
from harness.report.nodes import compare_nodes
from harness.stats.verdict import Verdict
from tests.core.report.sessions import CASE, JAX, session
from tests.core.report.synthetic import REFERENCE

WOBBLE = (-0.02, -0.01, 0.0, 0.01, 0.02)


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
