"""Every case on every target is an arm with exactly one end, known beforehand where it can be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.backends import registry
from harness.backends.base import AS_WRITTEN, COMPILED, BackendInfo, Mode, Remedy
from harness.core import plugins
from harness.core.target import Target
from harness.errors import DeviceUnavailable, NothingSelected, UsageError
from harness.run import plan as planning
from harness.run.plan import make_plan
from harness.store.record import Outcome
from harness.suite.model import Case, Suite
from harness.workloads.registry import make_workload
from tests.core.run.fakes import info, suite

MODES = (Mode(name="plain", mode_class=AS_WRITTEN), Mode(name="fast", mode_class=COMPILED))


def planned(names: list[str], *, find: Any = info, kinds: tuple[str, ...] = ("cpu",), **options: Any) -> Any:
    return make_plan(suite(8, targets=names), find=find, kinds=lambda: kinds, **options)


def test_an_arm_for_every_case_and_target_and_one_more_of_the_reference() -> None:
    arms = make_plan(suite(8, 16), find=info, kinds=lambda: ("cpu",)).arms
    assert [(arm.case.name, arm.target.name, arm.replica) for arm in arms] == [
        ("m8", "a.plain@cpu", 0),
        ("m8", "a.plain@cpu", 1),
        ("m8", "b.plain@cpu", 0),
        ("m16", "a.plain@cpu", 0),
        ("m16", "a.plain@cpu", 1),
        ("m16", "b.plain@cpu", 0),
    ]


def test_a_refusal_is_an_outcome_with_its_reason() -> None:
    def find(name: str) -> BackendInfo:
        return info(name, refuses=lambda workload, mode, device: "cannot" if name == "b" else None)

    (settled,) = planned(["a@cpu", "b@cpu"], find=find).settled
    assert (settled.arm.target.backend, settled.outcome, settled.detail) == ("b", Outcome.REFUSED, "cannot")


def test_a_device_that_is_not_here_is_unavailable_in_a_suite() -> None:
    (settled,) = planned(["a@cpu", "a@gpu:1"]).settled
    assert (settled.outcome, settled.detail) == (Outcome.UNAVAILABLE, "there is no gpu in this machine")


def test_a_device_that_is_not_here_ends_the_command_where_it_was_asked_for() -> None:
    with pytest.raises(DeviceUnavailable, match="there is no gpu in this machine"):
        planned(["a@cpu"], targets=[Target.parse("a@gpu")])
    with pytest.raises(DeviceUnavailable):
        planned(["a@cpu"], required=[Target.parse("a@gpu")])


def test_a_mode_that_is_not_made_for_a_suite_is_left_out_where_another_of_its_backend_does_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(name: str) -> BackendInfo:
        refuses = {"a": lambda workload, mode, device: "not this" if mode == "fast" else None}
        return info(name, modes=MODES, refuses=refuses.get(name, lambda workload, mode, device: "nothing"))

    monkeypatch.setattr(registry, "backend_names", lambda: ("a", "b"))
    monkeypatch.setattr(registry, "missing", lambda info, device: None)
    plan = make_plan(replace(suite(8), targets=()), find=find, kinds=lambda: ("cpu",))
    assert [str(target) for target in plan.targets] == ["a.plain@cpu", "b.plain@cpu", "b.fast@cpu"]
    assert [settled.outcome for settled in plan.settled] == [Outcome.REFUSED] * 2


def test_a_missing_framework_is_unavailable_with_the_command_that_installs_it() -> None:
    def find(name: str) -> BackendInfo:
        return info(name, requires=("no-such-distribution",), install={"cpu": "pip install it"})

    (settled,) = planned(["a@cpu"], find=find).settled
    assert settled.outcome == Outcome.UNAVAILABLE
    assert settled.detail == "no-such-distribution is not installed; pip install it"


def test_several_missing_packages_are_named_as_several() -> None:
    def find(name: str) -> BackendInfo:
        return info(name, requires=("no-such-one", "nor-this"), install={"cpu": "pip install it"})

    (settled,) = planned(["a@cpu"], find=find).settled
    assert settled.detail == "no-such-one and nor-this are not installed; pip install it"


def test_a_missing_compiler_is_unavailable_with_its_remedy() -> None:
    def find(name: str) -> BackendInfo:
        lack = Remedy(reason="no compiler", command="apt install g++")
        return info(name, modes=MODES, lacks=lambda mode, device: lack if mode == "fast" else None)

    plan = planned(["a@cpu", "a.fast@cpu"], find=find)
    assert [(one.arm.target.mode, one.detail) for one in plan.settled] == [("fast", "no compiler; apt install g++")]
    assert {arm.target.mode for arm in plan.arms} == {"plain"}


def test_a_backend_is_refused_a_device_it_does_not_know() -> None:
    (settled,) = planned(["a@mps"], kinds=("cpu", "mps")).settled
    assert (settled.outcome, settled.detail) == (Outcome.REFUSED, "a does not run on mps")


def test_the_same_target_twice_needs_labels() -> None:
    with pytest.raises(UsageError, match="named 2 times"):
        planned(["a@cpu", "a.plain@cpu"])
    targets = [Target.parse_option(f"a@cpu,label={label}") for label in ("old", "new")]
    assert [target.name for target in planned(["a@cpu"], targets=targets).targets] == ["old", "new"]


def test_an_unknown_mode_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'plain'"):
        planned(["a.plane@cpu"])


def test_cases_for_other_devices_are_not_planned_here() -> None:
    case = Case(name="big", workload=make_workload("matmul", {"m": 8, "n": 8, "k": 8}), devices=("gpu",))
    whole = Suite(name="test", cases=(case, *suite(16).cases), targets=(Target.parse("a@cpu"),))
    assert {arm.case.name for arm in make_plan(whole, find=info, kinds=lambda: ("cpu",)).arms} == {"m16"}
    with pytest.raises(NothingSelected):
        make_plan(
            Suite(name="test", cases=(case,), targets=(Target.parse("a@cpu"),)), find=info, kinds=lambda: ("cpu",)
        )


def test_the_reference_is_the_suites_own_or_the_first_that_can_run() -> None:
    assert str(planned(["a@gpu", "b@cpu", "c@cpu"]).reference) == "b.plain@cpu"
    named = Suite(
        name="test",
        cases=suite(8).cases,
        targets=tuple(map(Target.parse, ("a@cpu", "b@cpu"))),
        reference=Target.parse("b@cpu"),
    )
    assert str(make_plan(named, find=info, kinds=lambda: ("cpu",)).reference) == "b.plain@cpu"


def test_auto_is_every_ranked_mode_of_every_installed_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "jax": info("jax", modes=MODES),
        "numpy": info("numpy", modes=(Mode(name="reference", mode_class="-"),)),
        "torch": info("torch", modes=MODES, devices=("cpu", "gpu")),
        "absent": info("absent", requires=("no-such-distribution",)),
    }
    monkeypatch.setattr(plugins, "names", lambda group: tuple(known))
    whole = Suite(name="test", cases=suite(8).cases)
    plan = make_plan(whole, find=known.__getitem__, kinds=lambda: ("cpu", "gpu"))
    assert [str(target) for target in plan.targets] == [
        "torch.plain@cpu",
        "torch.fast@cpu",
        "jax.plain@cpu",
        "jax.fast@cpu",
        "torch.plain@gpu:0",
        "torch.fast@gpu:0",
        "jax.plain@gpu:0",
        "jax.fast@gpu:0",
    ]
    monkeypatch.setattr(plugins, "names", lambda group: ("absent",))
    with pytest.raises(DeviceUnavailable, match="no framework is installed"):
        make_plan(whole, find=known.__getitem__, kinds=lambda: ("cpu",))


def test_ranks() -> None:
    arm = planned(["a@cpu"]).arms[0]
    assert planning.ranks_in(arm, AS_WRITTEN)
    assert not planning.ranks_in(arm, COMPILED)
