"""What a stored run tells is enough to measure its arms again, and what is no longer there is refused in a sentence."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.backends import own
from harness.core.target import Target
from harness.errors import DeviceUnavailable, UsageError
from harness.run import again as room
from harness.run.again import Wanted, plan_again, refuse_changes
from harness.run.described import described, interpreter
from harness.run.plan import Plan, make_plan
from harness.run.runner import confirming_pace, default_pace, planned_rows
from harness.store.record import METHOD_VERSION
from harness.store.run_id import new_run_id
from harness.store.runs import RunInfo, resolve
from harness.store.writer import RunWriter
from harness.suite.model import Measure
from tests.core.run.fakes import PACE, fakes_facts, info, suite

TORCH = {"python": "3.12.1", "framework_version": "2.12.0", "cuda": None}
TWO = ("a@cpu", "b@cpu")


def planned(*sizes: int, sides: tuple[str, ...] = TWO, measure: Measure | None = None, margin: float = 0.0) -> Plan:
    whole = suite(*sizes, targets=TWO, measure=measure or Measure(max_time_s=7.0, rounds=12, margin=0.03, threads=1))
    cases = tuple(replace(case, margin=margin or None) for case in whole.cases)
    return make_plan(
        replace(whole, cases=cases, reference=None),
        targets=[Target.parse_option(side) for side in sides],
        find=info,
        kinds=lambda: ("cpu",),
    )


def stored(root: Path, plan: Plan, *, environments: Mapping[str, Any] | None = None, **changes: Any) -> RunInfo:
    facts = replace(fakes_facts(reference=plan.reference.name), run_id=new_run_id())
    names = {arm.target.name for arm in plan.arms}
    manifest = {**described(plan, facts, PACE, command="python -m harness ab"), **changes}
    writer = RunWriter.begin(root, manifest, planned_rows(plan, facts))
    writer.close("complete", {"environments": environments or dict.fromkeys(names, TORCH)})
    return resolve(root, facts.run_id).run


def again(root: Path, run: RunInfo, *pairs: tuple[str, str, str], base: RunInfo | None = None) -> room.Again:
    wanted = Wanted(base=base or run, new=run, pairs=pairs)
    return plan_again(root, wanted, find=info, kinds=lambda: ("cpu",))


def key(plan: Plan, name: str) -> str:
    return next(case.key for case in plan.suite.cases if case.name == name)


def test_the_flagged_cases_alone_are_planned_again_with_the_base_and_its_copy(tmp_path: Path) -> None:
    first = planned(8, 16, 32)
    run = stored(tmp_path, first)
    made = again(tmp_path, run, (key(first, "m16"), "a.plain@cpu", "b.plain@cpu"))
    assert [(arm.case.name, arm.target.name, arm.replica) for arm in made.plan.arms] == [
        ("m16", "a.plain@cpu", 0),
        ("m16", "a.plain@cpu", 1),
        ("m16", "b.plain@cpu", 0),
    ]
    assert made.plan.reference.name == "a.plain@cpu"
    assert made.names[run.run_id, "b.plain@cpu"] == "b.plain@cpu"
    assert made.known["b.plain@cpu"] == TORCH
    assert made.plan.suite.name == first.suite.name


def test_each_side_is_measured_for_the_cases_that_it_was_flagged_in(tmp_path: Path) -> None:
    first = planned(8, 16, sides=("a@cpu", "b@cpu", "c@cpu"))
    run = stored(tmp_path, first)
    made = again(
        tmp_path,
        run,
        (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"),
        (key(first, "m16"), "a.plain@cpu", "c.plain@cpu"),
    )
    assert [(arm.case.name, arm.target.backend) for arm in made.plan.arms if arm.replica == 0] == [
        ("m8", "a"),
        ("m8", "b"),
        ("m16", "a"),
        ("m16", "c"),
    ]


def test_it_is_measured_as_it_was_but_for_the_seed(tmp_path: Path) -> None:
    first = planned(
        8, measure=Measure(max_time_s=7.0, rounds=12, margin=0.03, target_ci=0.02, threads=1, seed=5), margin=0.1
    )
    run = stored(tmp_path, first)
    plan = again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu")).plan
    measure = plan.suite.measure
    assert (measure.max_time_s, measure.target_ci, measure.margin) == (PACE.max_time_s, 0.02, 0.03)
    assert (measure.threads, measure.seed) == (1, None)
    assert [case.margin for case in plan.suite.cases] == [0.1]
    pace = confirming_pace(plan, 10)
    assert (pace.sets, pace.adaptive, pace.max_time_s) == (10, False, 2 * default_pace(plan).max_time_s)


def test_the_environment_of_each_side_is_kept(tmp_path: Path) -> None:
    sides = (f"a@cpu,python={sys.executable},label=old", "a@cpu,label=new")
    first = planned(8, sides=sides)
    first = replace(
        first,
        targets=(replace(first.targets[0], env={"X": "1"}), first.targets[1]),
    )
    run = stored(tmp_path, first)
    made = again(tmp_path, run, (key(first, "m8"), "old", "new"))
    old, new = made.plan.targets
    assert (old.label, old.python, dict(old.env)) == (
        "old",
        str(Path(interpreter(sys.executable)).expanduser()),
        {"X": "1"},
    )
    assert (new.label, new.python, dict(new.env)) == ("new", "", {})


def test_a_number_of_threads_belongs_to_its_target(tmp_path: Path) -> None:
    whole = suite(8, targets=TWO, measure=Measure(threads=(1, 2)))
    first = make_plan(whole, find=info, kinds=lambda: ("cpu",), processors=lambda: 2)
    run = stored(tmp_path, first)
    pair = ("a.plain@cpu/1-thread", "b.plain@cpu/1-thread")
    made = again(tmp_path, run, (key(first, "m8"), *pair))
    assert [(arm.target.name, arm.threads, arm.replica) for arm in made.plan.arms] == [
        (pair[0], 1, 0),
        (pair[0], 1, 1),
        (pair[1], 1, 0),
    ]


# -- two runs ------------------------------------------------------------------------------------


def test_sides_of_two_runs_that_are_called_alike_are_told_apart(tmp_path: Path) -> None:
    first, second = planned(8), planned(8)
    second = replace(second, targets=tuple(replace(target, env={"X": "2"}) for target in second.targets))
    base, new = stored(tmp_path, first), stored(tmp_path, second)
    made = again(tmp_path, new, (key(first, "m8"), "b.plain@cpu", "b.plain@cpu"), base=base)
    assert made.names == {(base.run_id, "b.plain@cpu"): "b.plain@cpu", (new.run_id, "b.plain@cpu"): "new"}
    assert [(target.name, dict(target.env)) for target in made.plan.targets] == [
        ("b.plain@cpu", {}),
        ("new", {"X": "2"}),
    ]


def test_two_runs_of_one_environment_have_no_two_sides(tmp_path: Path) -> None:
    first = planned(8)
    base, new = stored(tmp_path, first), stored(tmp_path, first)
    with pytest.raises(UsageError, match="is the same target in the same environment in"):
        again(tmp_path, new, (key(first, "m8"), "b.plain@cpu", "b.plain@cpu"), base=base)


# -- what is refused -----------------------------------------------------------------------------


def test_an_interpreter_that_is_gone_is_named(tmp_path: Path) -> None:
    first = planned(8)
    gone = str(tmp_path / "gone" / "python")
    first = replace(first, targets=(first.targets[0], replace(first.targets[1], python=gone)))
    run = stored(tmp_path, first)
    with pytest.raises(DeviceUnavailable, match=f"b.plain@cpu cannot run here: {gone} is no program"):
        again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"))


def test_other_versions_are_named() -> None:
    now = {"b": {**TORCH, "framework_version": "2.13.0"}, "a": dict(TORCH)}
    with pytest.raises(
        UsageError, match=r"b cannot be measured again: its framework version was 2\.12\.0, and is 2\.13\.0"
    ):
        refuse_changes({"a": TORCH, "b": TORCH}, now)
    refuse_changes({"a": TORCH}, now)


def test_another_method_is_refused(tmp_path: Path) -> None:
    first = planned(8)
    run = stored(tmp_path, first, method_version=METHOD_VERSION + 1)
    with pytest.raises(UsageError, match=f"was measured by method {METHOD_VERSION + 1}"):
        again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"))


def test_more_threads_than_there_are_processors_are_refused(tmp_path: Path) -> None:
    first = planned(8)
    run = stored(tmp_path, first, threads=4096)
    with pytest.raises(UsageError, match="was measured with 4096 threads"):
        again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"))


def test_a_file_of_ones_own_that_was_changed_is_not_executed(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("raise SystemExit('executed')\n")
    first = planned(8)
    run = stored(tmp_path, first, loaded=[{"file": "mine.py", "path": str(mine), "sha256": "0" * 64}])
    with pytest.raises(UsageError, match=r"mine.py is not what it was when"):
        again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"))


def test_a_file_of_ones_own_is_loaded_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("# anything\n")
    sha256 = hashlib.sha256(mine.read_bytes()).hexdigest()
    loaded: list[Any] = []
    monkeypatch.setattr(own, "load_own", loaded.extend)
    first = planned(8)
    run = stored(tmp_path, first, loaded=[{"file": "mine.py", "path": str(mine), "sha256": sha256}])
    again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"))
    assert loaded == [mine]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"target_specs": []}, "does not tell how a.plain@cpu was started"),
        ({"target_specs": "nonsense"}, "does not tell how a.plain@cpu was started"),
    ],
)
def test_an_old_or_damaged_manifest_is_refused_in_a_sentence(tmp_path: Path, changes: Any, says: str) -> None:
    first = planned(8)
    run = stored(tmp_path, first, **changes)
    with pytest.raises(UsageError, match=says):
        again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"))


def test_an_unknown_environment_is_refused(tmp_path: Path) -> None:
    first = planned(8)
    run = stored(tmp_path, first, environments={"a.plain@cpu": TORCH})
    with pytest.raises(UsageError, match=r"does not tell in what environment b\.plain@cpu was measured"):
        again(tmp_path, run, (key(first, "m8"), "a.plain@cpu", "b.plain@cpu"))


# -- what the manifest tells ---------------------------------------------------------------------


def test_a_manifest_tells_what_was_asked_for() -> None:
    plan = planned(8, margin=0.1)
    told = described(plan, fakes_facts(), PACE, command="x")
    assert told["measure"] == {
        "profile": "standard",
        "sets": 2,
        "rounds": 6,
        "max_time_s": 20.0,
        "target_ci": 0.01,
        "confidence": 0.95,
        "margin": 0.03,
        "margins": {plan.suite.cases[0].key: 0.1},
    }
    assert told["target_specs"][0] == {
        "target": "a.plain@cpu",
        "python": "",
        "env": {},
        "label": "",
        "name": "a.plain@cpu",
    }


def test_a_manifest_of_several_looks_tells_them_and_how_sure_each_is() -> None:
    told = described(planned(8), fakes_facts(), replace(PACE, adaptive=True), command="x")["measure"]
    assert (told["sets"], told["looks"], told["confidence"]) == (20, [5, 10, 15, 20], 0.9875)


def test_an_interpreter_is_kept_by_its_whole_name_and_never_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "python"
    link.symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert interpreter("bin/python") == str(link)
    assert interpreter("no-such-program") == "no-such-program"
    assert interpreter("") == ""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert interpreter("bin/python") == "~/bin/python"
