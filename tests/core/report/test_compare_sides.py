"""Two sides beside each other: every verdict from exact numbers, and what is refused before any is looked at."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ExitCode, NothingSelected, StoreError, UsageError
from harness.report.compare import compare_sides, exit_code, sides_of
from harness.report.comparison import Comparison, How, Line, Page
from harness.stats.multiplicity import Correction
from harness.stats.verdict import Verdict
from tests.core.report.sessions import CASE, JAX, ZERO, run_id, session, spread
from tests.core.report.synthetic import REFERENCE, RUN

HALF = 2.7764451052 * math.sqrt(2.5 / 5)  # of the interval of five values a step of 1 apart
BASE, NEW = f"latest::{REFERENCE}", f"latest::{JAX}"


def only(page: Page) -> Comparison:
    (found,) = page.comparisons
    return found


def one(page: Page) -> Line:
    (found,) = only(page).lines
    return found


def compared(root: Path, logs: Any, *, base: Any = ZERO, margin: float | None = None, **more: Any) -> Line:
    """Store one case with these logarithms for the new side, and return what is said of it."""
    session(root, {CASE: {REFERENCE: base, JAX: logs}}, **more)
    return one(compare_sides(root, BASE, NEW, margin=margin))


@pytest.mark.parametrize(
    ("mean", "step", "verdict"),
    [
        (0.10, 0.01, Verdict.REGRESSED),  # 0.080 to 0.120, all above ln 1.02 = 0.0198
        (-0.10, 0.01, Verdict.IMPROVED),
        (0.001, 0.002, Verdict.EQUIVALENT),  # -0.003 to 0.005
        (0.015, 0.005, Verdict.SMALL_CHANGE),  # 0.005 to 0.025
        (-0.03, 0.01, Verdict.SMALL_CHANGE),  # -0.050 to -0.010
        (0.01, 0.02, Verdict.INCONCLUSIVE),  # -0.029 to 0.049
    ],
)
def test_every_verdict_that_rests_on_numbers(tmp_path: Path, mean: float, step: float, verdict: Verdict) -> None:
    line = compared(tmp_path, spread(mean, step))
    found = line.judgement
    assert line.verdict is verdict
    assert found.log == pytest.approx(mean, abs=1e-6)
    assert (found.log_low, found.log_high) == pytest.approx((mean - HALF * step, mean + HALF * step), abs=1e-6)
    assert (found.sets, found.margin, line.base, line.new) == (5, 0.02, REFERENCE, JAX)
    assert line.per_set == pytest.approx(spread(mean, step), abs=1e-6)
    assert (line.base_s, line.new_s) == pytest.approx((1e-3, 1e-3 * math.exp(mean)))


def test_blocks_of_one_round_are_paired_so_what_slows_the_machine_cancels(tmp_path: Path) -> None:
    wander = (0.0, 1.3, -0.7, 2.0, 0.4)
    line = compared(tmp_path, [each + 0.1 for each in wander], base=wander, copy=wander)
    assert line.verdict is Verdict.REGRESSED
    assert line.judgement.log == pytest.approx(0.1, abs=1e-6)
    assert line.judgement.log_high == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize(("sets", "detail"), [(1, "1 of 5 process-sets"), (3, "3 of 5 process-sets")])
def test_too_few_sets_give_no_verdict_however_clear_they_look(tmp_path: Path, sets: int, detail: str) -> None:
    line = compared(tmp_path, (0.5,) * sets, base=ZERO[:sets], copy=ZERO[:sets])
    assert (line.verdict, line.detail, line.withheld) == (Verdict.INCONCLUSIVE, detail, False)
    assert line.judgement.log == pytest.approx(0.5, abs=1e-6)


def test_arms_that_took_turns_as_whole_processes_need_ten_sets(tmp_path: Path) -> None:
    """It takes one side to say so; ten are enough."""
    nine, ten = [spread(0.1, 0.001, sets) for sets in (9, 10)]
    line = compared(tmp_path / "nine", nine, base=(0.0,) * 9, copy=(0.0,) * 9, arms={JAX: {"pairing": "process"}})
    assert (line.verdict, line.detail) == (Verdict.INCONCLUSIVE, "9 of 10 process-sets")
    line = compared(tmp_path / "ten", ten, base=(0.0,) * 10, copy=(0.0,) * 10, arms={JAX: {"pairing": "process"}})
    assert (line.verdict, line.pairing, line.judgement.sets) == (Verdict.REGRESSED, "process", 10)


@pytest.mark.parametrize(
    ("base", "new", "verdict", "detail"),
    [
        (ZERO, ("failed", "oom-device: 8 GiB"), Verdict.FAILED, "oom-device: 8 GiB"),
        (ZERO, ("refused", "no such product"), Verdict.MISSING, "refused: no such product"),
        (ZERO, ("unavailable", "no gpu"), Verdict.MISSING, "unavailable: no gpu"),
        (ZERO, ("not-run", "interrupt"), Verdict.MISSING, "not-run: interrupt"),
        (ZERO, ("invalid", "off by 1"), Verdict.INVALID, "V1, V4 failed on the new side: off by 1"),
        (("invalid", "off by 1"), ZERO, Verdict.INVALID, "V1, V4 failed on the base side: off by 1"),
        (("failed", "error: x"), ZERO, Verdict.NEW, "in the base it ended as failed: error: x"),
        (("refused", "no"), ZERO, Verdict.NEW, "in the base it ended as refused: no"),
        (("not-run", "budget"), ("not-run", "budget"), Verdict.MISSING, "not-run: budget"),
        (("refused", "no"), ("failed", "error: y"), Verdict.FAILED, "error: y"),
    ],
)
def test_every_verdict_that_rests_on_how_arms_ended(
    tmp_path: Path, base: Any, new: Any, verdict: Verdict, detail: str
) -> None:
    session(tmp_path, {CASE: {"torch.compile@cpu": base, JAX: new}}, copy=None)
    line = one(compare_sides(tmp_path, "latest::torch.compile", NEW))
    assert (line.verdict, line.detail, line.judgement.log) == (verdict, detail, None)


def test_what_neither_side_could_measure_is_no_change(tmp_path: Path) -> None:
    """Or no suite with a declared gap would ever pass a gate."""
    cases = {CASE: {REFERENCE: ZERO, JAX: ZERO}, "gap": {REFERENCE: ("refused", "no"), JAX: ("unavailable", "no gpu")}}
    session(tmp_path, cases, copy={CASE: ZERO})
    found = only(compare_sides(tmp_path, BASE, NEW))
    assert [line.case for line in found.lines] == [CASE]
    assert [(arm.case, arm.target, arm.detail) for arm in found.unmeasured] == [("gap", JAX, "unavailable: no gpu")]


def test_arms_that_one_side_did_not_plan_are_missing_or_new(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}, "a": {REFERENCE: ZERO}, "b": {JAX: ZERO}}, copy={CASE: ZERO})
    lines = {line.case: line for line in only(compare_sides(tmp_path, BASE, NEW)).lines}
    assert (lines["a"].verdict, lines["a"].base, lines["a"].new) == (Verdict.MISSING, REFERENCE, "")
    assert (lines["b"].verdict, lines["b"].base, lines["b"].new) == (Verdict.NEW, "", JAX)


def test_no_block_beside_another_is_not_comparable(tmp_path: Path) -> None:
    nan = math.nan
    line = compared(tmp_path, (nan, nan, nan, 0.0, 0.0), base=(0.0, 0.0, 0.0, nan, nan))
    assert (line.verdict, line.detail) == (
        Verdict.NOT_COMPARABLE,
        "no block of one was taken beside a block of the other",
    )


# -- the self-check -------------------------------------------------------------------------------


def test_where_the_reference_differs_from_itself_that_case_has_no_verdict(tmp_path: Path) -> None:
    cases = {name: {REFERENCE: ZERO, JAX: spread(0.1, 0.001)} for name in ("good", "bad")}
    session(tmp_path, cases, copy={"good": spread(-0.03, 0.001), "bad": spread(0.03, 0.001)})
    good, bad = only(compare_sides(tmp_path, BASE, NEW)).lines
    assert (good.withheld, bad.withheld) == (True, True)  # both copies are 3 % off, in opposite directions
    session(tmp_path / "one", cases, copy={"good": ZERO, "bad": spread(0.016, 0.001)})
    page = only(compare_sides(tmp_path / "one", BASE, NEW))
    good, bad = page.lines
    assert (good.verdict, good.withheld, good.detail) == (Verdict.REGRESSED, False, "")
    assert (bad.verdict, bad.withheld) == (Verdict.INCONCLUSIVE, True)
    assert bad.detail == "the reference beside itself came out as 1.016 (1.014 to 1.018) in this case"
    assert page.self_check_passed is True
    assert bad.judgement.log == pytest.approx(0.1, abs=1e-6)


def test_where_it_does_over_all_cases_nothing_has_a_verdict(tmp_path: Path) -> None:
    line = compared(tmp_path, spread(0.1, 0.001), copy=spread(0.05, 0.001))
    assert (line.verdict, line.withheld) == (Verdict.INCONCLUSIVE, True)
    assert line.detail == "the reference beside itself came out as 1.051 (1.049 to 1.053) over all cases"


def test_without_a_second_copy_nothing_has_a_verdict(tmp_path: Path) -> None:
    line = compared(tmp_path, spread(0.1, 0.001), copy=None)
    assert (line.verdict, line.withheld) == (Verdict.INCONCLUSIVE, True)
    assert line.detail.startswith("the reference was not measured twice")


def test_what_could_be_seen_is_half_the_interval_of_the_copies(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}}, copy=spread(0.0, 0.01))
    found = only(compare_sides(tmp_path, BASE, NEW))
    assert found.detectable == pytest.approx(math.expm1(HALF * 0.01), abs=1e-6)


# -- margins, multiplicity, confidence ------------------------------------------------------------


def test_a_margin_is_the_callers_or_the_runs_and_a_cases_own_wins(tmp_path: Path) -> None:
    said = {"measure": {"margin": 0.005, "margins": {}}}
    run = {CASE: {REFERENCE: ZERO, JAX: spread(0.01, 0.001)}}
    session(tmp_path, run, manifest=said)
    assert one(compare_sides(tmp_path, BASE, NEW)).verdict is Verdict.REGRESSED  # beyond 0.5 %
    assert one(compare_sides(tmp_path, BASE, NEW, margin=0.02)).verdict is Verdict.EQUIVALENT
    key = one(compare_sides(tmp_path, BASE, NEW)).case_key
    found = one(compare_sides(tmp_path, BASE, NEW, margin=0.02, margins={key: 0.001}))
    assert (found.verdict, found.judgement.margin) == (Verdict.REGRESSED, 0.001)
    session(tmp_path / "own", run, manifest={"measure": {"margins": {key: 0.003}}})
    assert one(compare_sides(tmp_path / "own", BASE, NEW, margin=0.02)).judgement.margin == 0.003


def test_among_many_a_doubtful_one_is_a_small_change(tmp_path: Path) -> None:
    """Alone its interval excludes the margin; corrected for thirty others it may be chance."""
    doubtful = spread(0.045, 0.0125)  # 0.0205 to 0.0695: p is about 0.03
    others = {f"other[{at}]": {REFERENCE: ZERO, JAX: spread(0.0, 0.01)} for at in range(30)}
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: doubtful}, **others})
    alone = only(compare_sides(tmp_path, BASE, NEW, correction=Correction.NONE)).lines[0]
    among = only(compare_sides(tmp_path, BASE, NEW)).lines[0]
    assert alone.verdict is Verdict.REGRESSED
    assert (among.verdict, among.judgement.alone, among.judgement.among) == (
        Verdict.SMALL_CHANGE,
        Verdict.REGRESSED,
        31,
    )


def test_a_run_that_was_looked_at_several_times_has_wider_intervals(tmp_path: Path) -> None:
    line = compared(tmp_path, spread(0.1, 0.01), manifest={"measure": {"confidence": 0.9875}})
    assert line.judgement.confidence == 0.9875
    assert line.judgement.log_high == pytest.approx(0.1 + 4.3147 * math.sqrt(0.5) * 0.01, abs=1e-6)


@pytest.mark.parametrize("confidence", [0.9999999, 0.01, 1.0, "0.9875", True])
def test_a_confidence_that_cannot_be_is_not_believed(tmp_path: Path, confidence: object) -> None:
    line = compared(tmp_path, spread(0.1, 0.01), manifest={"measure": {"confidence": confidence}})
    assert line.judgement.confidence == 0.95


def test_processes_that_fall_into_two_groups_are_told(tmp_path: Path) -> None:
    line = compared(tmp_path, (0.0, 0.0005, 0.1, 0.1005, 0.101))
    assert line.groups is not None
    assert (line.groups.low_sets, line.groups.high_sets) == (2, 3)


def test_the_mean_over_cases_is_of_those_with_sets_enough(tmp_path: Path) -> None:
    """Cases that were measured longer count like the others, those that were cut short do not."""
    nan = math.nan
    cases = {
        "long": {REFERENCE: (0.0,) * 10, JAX: spread(0.1, 0.001, 10)},
        "short": {REFERENCE: ZERO, JAX: spread(0.2, 0.001)},
        "cut": {REFERENCE: (0.0, 0.0, nan), JAX: (0.9, 0.9, 0.9)},
    }
    session(tmp_path, cases, copy={"short": ZERO})
    found = only(compare_sides(tmp_path, BASE, NEW)).overall
    assert found is not None
    assert found.log == pytest.approx(0.15, abs=1e-6)
    assert (found.cases, found.sets) == (2, 5)


def test_where_no_case_has_enough_sets_the_mean_is_of_all(tmp_path: Path) -> None:
    session(tmp_path, {name: {REFERENCE: (0.0,), JAX: (0.3,)} for name in ("a", "b")}, copy=(0.0,))
    found = only(compare_sides(tmp_path, BASE, NEW)).overall
    assert found is not None
    assert (found.cases, found.sets, found.log_low) == (2, 1, None)


# -- which sides ----------------------------------------------------------------------------------


def test_one_target_is_beside_every_other_of_its_run_on_either_side(tmp_path: Path) -> None:
    third = "torch.compile@cpu"
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: spread(0.1, 0.001), third: spread(-0.1, 0.001)}})
    page = compare_sides(tmp_path, BASE, "latest")
    assert [(each.base.target, each.new.target) for each in page.comparisons] == [(REFERENCE, JAX), (REFERENCE, third)]
    assert [each.lines[0].judgement.among for each in page.comparisons] == [2, 2]  # one family
    page = compare_sides(tmp_path, "latest", NEW)
    assert [(each.base.target, each.new.target) for each in page.comparisons] == [(REFERENCE, JAX), (third, JAX)]


def test_swapping_the_sides_turns_everything_round(tmp_path: Path) -> None:
    line = compared(tmp_path, spread(0.1, 0.01))
    turned = one(compare_sides(tmp_path, NEW, BASE))
    assert turned.verdict is Verdict.IMPROVED
    assert line.judgement.log_low is not None
    assert turned.judgement.log_high == pytest.approx(-line.judgement.log_low, abs=1e-9)


@pytest.mark.parametrize("name", ["jax", "jax@cpu", "jax.jit", "jax.jit@cpu", "b"])
def test_a_target_is_named_by_as_much_as_tells_it_from_the_others(tmp_path: Path, name: str) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, f"{JAX},label=b": ZERO}})
    assert one(compare_sides(tmp_path, BASE, f"latest::{name}")).new == "b"


def test_two_labels_of_one_target_are_two_sides(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {f"{JAX},label=a": ZERO, f"{JAX},label=b": spread(0.1, 0.001)}}, copy=None)
    assert (one(compare_sides(tmp_path, "latest::a", "latest::b")).judgement.log or 0) == pytest.approx(0.1, abs=1e-6)
    with pytest.raises(UsageError, match=r"means several targets of the run .*: a, b"):
        compare_sides(tmp_path, f"latest::{JAX}", "latest::b")


def test_numbers_of_threads_are_compared_each_with_itself_or_as_named(tmp_path: Path) -> None:
    one_thread, two = f"{JAX},label=1-thread", f"{JAX},label=2-threads"
    cases = {CASE: {f"{REFERENCE},label=1-thread": ZERO, one_thread: spread(0.2, 0.001),
                    f"{REFERENCE},label=2-threads": ZERO, two: spread(0.1, 0.001)}}  # fmt: skip
    session(tmp_path, cases, copy=None)
    found = only(compare_sides(tmp_path, BASE, NEW))
    assert [(line.case, round(line.judgement.log or 0, 6)) for line in found.lines] == [
        (f"{CASE}, 1 thread", 0.2),
        (f"{CASE}, 2 threads", 0.1),
    ]
    named = only(compare_sides(tmp_path, f"latest::{JAX}/1-thread", f"latest::{JAX}/2-threads"))
    assert named.lines[0].judgement.log == pytest.approx(-0.1, abs=1e-6)
    assert (named.base.target, named.new.target) == (f"{JAX}/1-thread", f"{JAX}/2-threads")


@pytest.mark.parametrize(
    ("base", "new", "said"),
    [
        ("latest", "latest", "no target of it is named"),
        (BASE, BASE, "both sides are torch.eager@cpu"),
        (BASE, "latest::tensorflow", "no target 'tensorflow'"),
        ("latest::", "latest", "no target after"),
        ("2099", "latest", "begins with '2099'"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(tmp_path: Path, base: str, new: str, said: str) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
    with pytest.raises(UsageError, match=said):
        compare_sides(tmp_path, base, new)


def test_a_single_run_has_sides_of_its_own(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
    assert sides_of(tmp_path, "latest") == (BASE, "latest")
    assert sides_of(tmp_path, NEW) == ("latest", NEW)
    made = {"ab": {"a": "old", "b": "new"}}
    session(tmp_path / "ab", {CASE: {f"{JAX},label=old": ZERO, f"{JAX},label=new": ZERO}}, manifest=made, copy=None)
    assert sides_of(tmp_path / "ab", "latest") == ("latest::old", "latest::new")


@given(name=st.text(max_size=30))
def test_no_name_of_a_target_is_a_bug(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = tmp_path_factory.mktemp("results")
    session(root, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
    try:
        found = compare_sides(root, BASE, f"latest::{name}")
    except UsageError:
        return
    assert found.comparisons


# -- two runs -------------------------------------------------------------------------------------


def two_runs(root: Path, old: Any = ZERO, new: Any = ZERO, **more: Any) -> Page:
    """Store two runs of one case on one target and compare them; `new_` values are those of the newer."""
    later = {name.removeprefix("new_"): more.pop(name) for name in list(more) if name.startswith("new_")}
    asked = {name: more.pop(name) for name in ("insist", "through") if name in more}
    session(root, {CASE: old if isinstance(old, dict) else {REFERENCE: old}}, run=run_id(1), **more)
    session(root, {CASE: new if isinstance(new, dict) else {REFERENCE: new}}, run=run_id(2), **(more | later))
    return compare_sides(root, "latest~1", "latest", **asked)


def test_two_sessions_are_not_comparable(tmp_path: Path) -> None:
    page = two_runs(tmp_path, ZERO, spread(0.5, 0.001))
    line = one(page)
    assert (line.verdict, only(page).how, exit_code(page)) == (
        Verdict.NOT_COMPARABLE,
        How.REFUSED,
        ExitCode.UNDECIDED,
    )
    assert "two sessions" in line.detail
    assert line.judgement.log is None


def test_who_insists_gets_welchs_interval_over_sets_and_a_label(tmp_path: Path) -> None:
    page = two_runs(tmp_path, spread(0.0, 0.01), spread(0.2, 0.02), insist=True, copy=None)
    found, line = only(page), one(page)
    error = math.sqrt(2.5 * 1e-4 / 5 + 2.5 * 4e-4 / 5)
    assert (found.how, line.counts, line.withheld) == (How.INSISTED, (5, 5), True)  # no second copy in either
    assert line.judgement.log == pytest.approx(0.2, abs=1e-6)
    assert line.judgement.log_high == pytest.approx(0.2 + 2.4588 * error, abs=1e-6)  # t of 5.88 degrees
    assert exit_code(page) is ExitCode.FINE


def test_insisting_judges_where_both_runs_passed_their_self_check(tmp_path: Path) -> None:
    slower = spread(0.2, 0.001)
    assert one(two_runs(tmp_path, ZERO, slower, insist=True, new_copy=slower)).verdict is Verdict.REGRESSED
    off = two_runs(tmp_path / "off", ZERO, slower, insist=True, new_copy=spread(0.4, 0.001))
    assert (one(off).verdict, one(off).withheld) == (Verdict.INCONCLUSIVE, True)
    assert only(off).self_check_passed is False
    once = two_runs(tmp_path / "once", ZERO, ZERO, insist=True, new_copy=None)
    assert (one(once).withheld, only(once).self_check) == (True, None)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ({"env_id": "env-2"}, "different machines, or the same set otherwise: env_id env-1 and env-2"),
        ({"env_id": None}, "different machines"),
        ({"threads": 4}, "different numbers of threads, 2 and 4"),
        ({"method_version": 2}, "different methods, 1 and 2"),
        ({"math": "tf32"}, "different arithmetic: math ieee and tf32"),
        ({"input_hash": "others"}, "different inputs"),
    ],
)
def test_insisting_does_not_make_other_work_or_other_machines_equal(
    tmp_path: Path, later: dict[str, Any], said: str
) -> None:
    page = two_runs(tmp_path, insist=True, **{f"new_{name}": value for name, value in later.items()})
    assert one(page).verdict is Verdict.NOT_COMPARABLE
    assert said in one(page).detail
    assert exit_code(page) is ExitCode.UNDECIDED


def test_inputs_drawn_from_another_seed_are_other_numbers_of_the_same_kind(tmp_path: Path) -> None:
    page = two_runs(tmp_path, insist=True, new_seed=8, new_input_hash="others")
    assert one(page).verdict is Verdict.EQUIVALENT
    assert only(page).notes == (
        "the inputs of the two runs were drawn from different seeds; --seed N makes them equal",
    )


def test_through_an_anchor_the_hours_of_both_runs_cancel(tmp_path: Path) -> None:
    """The machine was 1.5 times slower in the second run; beside the anchor, jax lost 10 %."""
    hour = 0.405
    old = {REFERENCE: ZERO, JAX: spread(0.3, 0.001)}
    new = {REFERENCE: (hour,) * 5, JAX: spread(0.4 + hour, 0.001)}
    page = two_runs(tmp_path, old, new, through="torch", new_copy=(hour,) * 5)
    found, line = only(page), one(page)
    assert (found.how, found.anchor, line.new) == (How.THROUGH, REFERENCE, JAX)
    assert line.verdict is Verdict.REGRESSED
    assert line.judgement.log == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize(
    ("anchor", "said"),
    [
        ({"framework_version": "1.3.0"}, "framework_version 1.2.3 and 1.3.0"),
        ({"env_id": "env-9"}, "env_id env-1 and env-9"),
    ],
)
def test_an_anchor_that_is_not_the_same_in_both_proves_nothing(
    tmp_path: Path, anchor: dict[str, Any], said: str
) -> None:
    sides = {REFERENCE: ZERO, JAX: ZERO}
    page = two_runs(tmp_path, sides, sides, through=REFERENCE, new_arms={REFERENCE: anchor})
    assert one(page).verdict is Verdict.NOT_COMPARABLE
    assert one(page).detail == f"the anchor {REFERENCE} is not the same in both runs: {said}"


def test_an_anchor_in_another_interpreter_or_with_other_variables_is_another(tmp_path: Path) -> None:
    def said(python: str, env: dict[str, str]) -> dict[str, Any]:
        return {"target_specs": [{"target": REFERENCE, "python": python, "env": env, "label": "", "name": REFERENCE}]}

    sides = {REFERENCE: ZERO, JAX: ZERO}
    first = said("a/python", {})
    page = two_runs(tmp_path / "1", sides, sides, through=REFERENCE, manifest=first, new_manifest=said("b/python", {}))
    assert one(page).detail.endswith("interpreter a/python and b/python")
    page = two_runs(
        tmp_path / "2", sides, sides, through=REFERENCE, manifest=first, new_manifest=said("a/python", {"X": "1"})
    )
    assert one(page).detail.endswith("env – and X=1")


def test_an_anchor_that_a_run_lacks_is_a_wrong_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no target 'jax' in the run"):
        two_runs(tmp_path, through="jax")


def test_an_anchor_that_failed_in_a_case_says_nothing_there(tmp_path: Path) -> None:
    sides = {REFERENCE: ("failed", "error: x"), JAX: ZERO}
    assert "was not measured in this case" in one(two_runs(tmp_path, sides, sides, through=REFERENCE, copy=None)).detail


def test_one_side_may_name_the_target_for_both(tmp_path: Path) -> None:
    sides = {REFERENCE: ZERO, JAX: ZERO}
    two_runs(tmp_path, sides, sides)
    page = compare_sides(tmp_path, "latest~1", "latest::jax", insist=True)
    assert [(line.base, line.new) for line in only(page).lines] == [(JAX, JAX)]


def test_runs_of_other_folders_are_named_by_their_paths(tmp_path: Path) -> None:
    for name, number in (("old", 1), ("new", 2)):
        session(tmp_path / name, {CASE: {REFERENCE: ZERO}}, run=run_id(number))
    page = compare_sides(tmp_path, f"{tmp_path}/old", f"{tmp_path}/new", insist=True)
    assert one(page).verdict is Verdict.EQUIVALENT


def test_a_copy_of_a_run_is_that_run(tmp_path: Path) -> None:
    for name in ("here", "there"):
        session(tmp_path / name, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
    page = compare_sides(tmp_path, f"{tmp_path}/here::torch", f"{tmp_path}/there::jax")
    assert only(page).how is How.SESSION


def test_two_files_of_one_name_without_manifests_are_two_runs(tmp_path: Path) -> None:
    for name in ("here", "there"):
        session(tmp_path / name, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
        (tmp_path / name / "runs" / f"{RUN}.json").unlink()
    tables = [f"{tmp_path}/{name}/measurements/{RUN}.parquet" for name in ("here", "there")]
    assert only(compare_sides(tmp_path, f"{tables[0]}::torch", f"{tables[1]}::jax")).how is How.REFUSED
    assert only(compare_sides(tmp_path, f"{tables[0]}::torch", f"{tables[0]}::jax")).how is How.SESSION


def test_insisting_where_nothing_has_to_be_insisted_on_is_said(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
    page = compare_sides(tmp_path, BASE, NEW, insist=True)
    assert only(page).how is How.SESSION
    assert "nothing else is needed" in page.problems[0]
    with pytest.raises(UsageError, match="two ways at once"):
        compare_sides(tmp_path, BASE, NEW, insist=True, through="torch")


def test_the_untouched_arithmetic_of_two_frameworks_is_not_comparable(tmp_path: Path) -> None:
    line = compared(tmp_path, ZERO, math="default")
    assert line.verdict is Verdict.NOT_COMPARABLE
    assert "math default" in line.detail


# -- what cannot be compared at all ---------------------------------------------------------------


def test_two_runs_with_nothing_in_common_end_with_five(tmp_path: Path) -> None:
    session(tmp_path, {"a": {REFERENCE: ZERO}}, run=run_id(1))
    session(tmp_path, {"b": {REFERENCE: ZERO}}, run=run_id(2), suite="other")
    with pytest.raises(NothingSelected, match=f"no arm in common: gemm in {run_id(1)}, and other in {run_id(2)}"):
        compare_sides(tmp_path, "latest~1", "latest")


def test_an_empty_store_ends_with_five(tmp_path: Path) -> None:
    with pytest.raises(NothingSelected, match="0 complete runs"):
        compare_sides(tmp_path, "latest~1", "latest")


@pytest.mark.parametrize("table", ["measurements", "samples"])
def test_a_corrupt_file_ends_with_seventy_four_and_one_sentence(tmp_path: Path, table: str) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
    path = tmp_path / table / f"{RUN}.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match="the SHA-256 differs from the manifest's") as raised:
        compare_sides(tmp_path, BASE, NEW)
    assert raised.value.message.startswith(f"{path} cannot be used: ")
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read: No such file"):
        compare_sides(tmp_path, BASE, NEW)


def test_a_manifest_of_another_schema_ends_with_two(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}})
    path = tmp_path / "runs" / f"{RUN}.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"schema": "harness.run/9"}), encoding="utf-8")
    with pytest.raises(UsageError, match="is no manifest of a run"):
        compare_sides(tmp_path, f"{path}::torch", f"{path}::jax")


def test_a_partial_run_is_compared_and_labelled(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}}, state="partial")
    found = only(compare_sides(tmp_path, f"{RUN}::torch", f"{RUN}::jax"))
    assert found.notes == (f"{RUN} is partial: it may lack arms and process-sets",)
    assert (found.base.state, found.new.state) == ("partial", "partial")


def test_blocks_whose_worker_never_proved_its_answer_do_not_count(tmp_path: Path) -> None:
    from tests.core.report.stored import store
    from tests.core.report.synthetic import run, squares

    rows, samples = run(squares(1), {REFERENCE: 1.0, JAX: 1.5}, noise=0.0)
    spoilt = [replace(each, flags="unproved") if each.set == 4 and each.target == JAX else each for each in samples]
    store(tmp_path, rows, spoilt)
    assert one(compare_sides(tmp_path, BASE, NEW)).judgement.sets == 4


# -- confirmation ---------------------------------------------------------------------------------


def confirmed(root: Path, logs: Any, **more: Any) -> Page:
    """Store a run that flags jax as 10 % slower, and another that measured it again."""
    ten = (0.0,) * 10
    session(root, {CASE: {REFERENCE: ZERO, JAX: spread(0.1, 0.001)}}, run=run_id(1))
    said = {"manifest": {"confirms": run_id(1)}} | more
    session(root, {CASE: {REFERENCE: ten, JAX: logs}}, run=run_id(2), copy=ten, **said)
    return compare_sides(root, f"{run_id(1)}::torch", f"{run_id(1)}::jax")


def test_a_confirmation_decides_what_was_flagged(tmp_path: Path) -> None:
    page = confirmed(tmp_path / "yes", spread(0.09, 0.001, 10))
    line = one(page)
    assert (line.verdict, line.judgement.verdict, line.deciding.sets) == (Verdict.REGRESSED, Verdict.REGRESSED, 10)
    assert only(page).confirmed_by == run_id(2)
    line = one(confirmed(tmp_path / "no", spread(0.0, 0.001, 10)))
    assert (line.verdict, line.judgement.verdict) == (Verdict.EQUIVALENT, Verdict.REGRESSED)


def test_only_a_whole_run_that_names_this_one_confirms(tmp_path: Path) -> None:
    logs = spread(0.0, 0.001, 10)
    for name, more in (("partial", {"state": "partial"}), ("other", {"manifest": {"confirms": run_id(7)}})):
        page = confirmed(tmp_path / name, logs, **more)
        assert (one(page).verdict, one(page).confirmed, only(page).confirmed_by) == (Verdict.REGRESSED, None, "")


def test_the_first_confirmation_counts(tmp_path: Path) -> None:
    """Measuring until the answer pleases is no confirmation."""
    confirmed(tmp_path, spread(0.09, 0.001, 10))
    ten = (0.0,) * 10
    session(tmp_path, {CASE: {REFERENCE: ten, JAX: ten}}, run=run_id(3), copy=ten, manifest={"confirms": run_id(1)})
    page = compare_sides(tmp_path, f"{run_id(1)}::torch", f"{run_id(1)}::jax")
    assert (one(page).verdict, only(page).confirmed_by) == (Verdict.REGRESSED, run_id(2))


def test_what_was_not_flagged_is_not_overturned(tmp_path: Path) -> None:
    ten = (0.0,) * 10
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: ZERO}}, run=run_id(1))
    session(tmp_path, {CASE: {REFERENCE: ten, JAX: spread(0.1, 0.001, 10)}}, run=run_id(2), copy=ten,
            manifest={"confirms": run_id(1)})  # fmt: skip
    page = compare_sides(tmp_path, f"{run_id(1)}::torch", f"{run_id(1)}::jax")
    assert (one(page).verdict, one(page).confirmed) == (Verdict.EQUIVALENT, None)


TENSORFLOW = "tensorflow.function@cpu"
TEN = (0.0,) * 10
SLOWER, SLOWER_AGAIN = spread(0.1, 0.001), spread(0.09, 0.001, 10)


def again(root: Path, number: int, cases: dict[str, Any], **more: Any) -> None:
    """Store a run that measured what the first one flagged again."""
    said: dict[str, Any] = {"run": run_id(number), "copy": TEN, "manifest": {"confirms": run_id(1)}}
    session(root, cases, **(said | more))


def told(page: Page) -> dict[tuple[str, str], tuple[Verdict, str]]:
    """Return the verdict of each line, and the run that measured it again."""
    lines = [line for each in page.comparisons for line in each.lines]
    return {(line.case, line.new): (line.verdict, line.confirmed_by) for line in lines}


def test_of_each_difference_the_first_confirmation_counts(tmp_path: Path) -> None:
    """A later run that measured more decides what is new in it, and nothing that was decided before."""
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: SLOWER, TENSORFLOW: SLOWER}}, run=run_id(1))
    again(tmp_path, 2, {CASE: {REFERENCE: TEN, JAX: TEN}})
    again(tmp_path, 3, {CASE: {REFERENCE: TEN, JAX: SLOWER_AGAIN, TENSORFLOW: SLOWER_AGAIN}})
    again(tmp_path, 4, {CASE: {REFERENCE: TEN, JAX: SLOWER_AGAIN, TENSORFLOW: TEN}})
    page = compare_sides(tmp_path, f"{run_id(1)}::torch", run_id(1))
    assert told(page) == {
        (CASE, JAX): (Verdict.EQUIVALENT, run_id(2)),
        (CASE, TENSORFLOW): (Verdict.REGRESSED, run_id(3)),
    }
    assert [each.confirmed_by for each in page.comparisons] == [run_id(2), run_id(3)]
    alone = compare_sides(tmp_path, f"{run_id(1)}::torch", f"{run_id(1)}::tensorflow")
    assert told(alone) == {(CASE, TENSORFLOW): (Verdict.REGRESSED, run_id(3))}


def test_a_tighter_margin_flags_more_and_forgets_no_confirmation(tmp_path: Path) -> None:
    little = spread(0.015, 0.0005, 10)
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: SLOWER}, "b": {REFERENCE: ZERO, JAX: little[:5]}}, run=run_id(1))
    again(tmp_path, 2, {CASE: {REFERENCE: TEN, JAX: TEN}})
    sides = (f"{run_id(1)}::torch", f"{run_id(1)}::jax")
    assert told(compare_sides(tmp_path, *sides))[CASE, JAX] == (Verdict.EQUIVALENT, run_id(2))
    tighter = compare_sides(tmp_path, *sides, margin=0.01)
    assert told(tighter) == {(CASE, JAX): (Verdict.EQUIVALENT, run_id(2)), ("b", JAX): (Verdict.REGRESSED, "")}
    again(tmp_path, 3, {CASE: {REFERENCE: TEN, JAX: SLOWER_AGAIN}, "b": {REFERENCE: TEN, JAX: little}})
    page = compare_sides(tmp_path, *sides, margin=0.01)
    assert told(page) == {(CASE, JAX): (Verdict.EQUIVALENT, run_id(2)), ("b", JAX): (Verdict.REGRESSED, run_id(3))}
    assert only(page).confirmed_by == f"{run_id(2)}, {run_id(3)}"


def test_a_confirmation_that_was_cut_short_does_not_stand_in_the_way_of_one_that_was_not(tmp_path: Path) -> None:
    confirmed(tmp_path, (0.0,) * 10, state="partial")
    again(tmp_path, 3, {CASE: {REFERENCE: TEN, JAX: SLOWER_AGAIN}})
    page = compare_sides(tmp_path, f"{run_id(1)}::torch", f"{run_id(1)}::jax")
    assert told(page) == {(CASE, JAX): (Verdict.REGRESSED, run_id(3))}


@pytest.mark.parametrize(
    ("base", "new", "verdict"),
    [
        (TEN, ("failed", "crashed: signal 11"), Verdict.FAILED),
        (("failed", "crashed: signal 11"), TEN, Verdict.FAILED),
        (TEN, ("invalid", "off by 1"), Verdict.INVALID),
        (("invalid", "off by 1"), TEN, Verdict.INVALID),
        (TEN, ("refused", "no"), Verdict.MISSING),
        (("refused", "no"), TEN, Verdict.MISSING),
    ],
)
def test_an_arm_without_a_time_in_the_confirmation_refutes_nothing(
    tmp_path: Path, base: Any, new: Any, verdict: Verdict
) -> None:
    """Neither does a base that is lost there make the other side new, which would open a gate."""
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: SLOWER}}, run=run_id(1))
    again(tmp_path, 2, {CASE: {REFERENCE: base, JAX: new}}, copy=None)
    page = compare_sides(tmp_path, f"{run_id(1)}::torch", f"{run_id(1)}::jax")
    assert told(page) == {(CASE, JAX): (verdict, run_id(2))}
    assert one(page).detail


def test_what_neither_side_could_do_again_is_open_as_before(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: SLOWER}}, run=run_id(1))
    again(tmp_path, 2, {CASE: {REFERENCE: ("refused", "no"), JAX: ("refused", "no")}}, copy=None)
    page = compare_sides(tmp_path, f"{run_id(1)}::torch", f"{run_id(1)}::jax")
    assert told(page) == {(CASE, JAX): (Verdict.REGRESSED, "")}


def test_numbers_of_threads_are_confirmed_each_by_itself(tmp_path: Path) -> None:
    def arms(one_thread: Any, two: Any, base: Any) -> dict[str, Any]:
        found = {f"{REFERENCE},label=1-thread": base, f"{REFERENCE},label=2-threads": base}
        return {CASE: found | {f"{JAX},label=1-thread": one_thread, f"{JAX},label=2-threads": two}}

    reference = f"{REFERENCE},label=1-thread"
    session(tmp_path, arms(SLOWER, SLOWER, ZERO), run=run_id(1), reference=reference)
    cases = arms(TEN, TEN, TEN)
    del cases[CASE][f"{JAX},label=2-threads"]
    again(tmp_path, 2, cases, reference=reference)
    page = compare_sides(tmp_path, f"{run_id(1)}::torch", f"{run_id(1)}::jax")
    assert told(page) == {
        (f"{CASE}, 1 thread", JAX): (Verdict.EQUIVALENT, run_id(2)),
        (f"{CASE}, 2 threads", JAX): (Verdict.REGRESSED, ""),
    }
    assert [line.arms[1] for line in only(page).lines] == [f"{JAX}/1-thread", f"{JAX}/2-threads"]


def test_two_runs_that_were_measured_again_are_decided_by_it(tmp_path: Path) -> None:
    """Both sides in one session, where the newer has another name: that is read back as any confirmation is."""
    slower = spread(0.2, 0.001)
    names = {run_id(1): {REFERENCE: REFERENCE}, run_id(2): {REFERENCE: "new"}}
    two_runs(tmp_path, ZERO, slower, insist=True, new_copy=slower)
    said = {"confirms": run_id(2), "confirms_names": names}
    again(tmp_path, 3, {CASE: {REFERENCE: TEN, f"{REFERENCE},label=new": TEN}}, manifest=said)
    page = compare_sides(tmp_path, run_id(1), run_id(2), insist=True)
    assert told(page) == {(CASE, REFERENCE): (Verdict.EQUIVALENT, run_id(3))}
    turned = compare_sides(tmp_path, run_id(2), run_id(1), insist=True)
    assert told(turned) == {(CASE, REFERENCE): (Verdict.EQUIVALENT, run_id(3))}


def test_so_are_two_runs_that_are_seen_through_an_anchor(tmp_path: Path) -> None:
    old, new = {REFERENCE: ZERO, JAX: spread(0.3, 0.001)}, {REFERENCE: ZERO, JAX: spread(0.4, 0.001)}
    assert one(two_runs(tmp_path, old, new, through="torch")).verdict is Verdict.REGRESSED
    said = {"confirms": run_id(2), "confirms_names": {run_id(1): {JAX: JAX}, run_id(2): {JAX: "new"}}}
    sides = {JAX: TEN, f"{JAX},label=new": SLOWER_AGAIN}
    again(tmp_path, 3, {CASE: sides}, manifest=said, reference=JAX)
    page = compare_sides(tmp_path, run_id(1), run_id(2), through="torch")
    assert told(page) == {(CASE, JAX): (Verdict.REGRESSED, run_id(3))}
    assert one(page).deciding.sets == 10


def test_what_was_measured_again_of_two_runs_decides_nothing_within_one(tmp_path: Path) -> None:
    """The base there is that of another run, whatever it is called."""
    sides = {REFERENCE: ZERO, JAX: SLOWER}
    two_runs(tmp_path, sides, sides)
    said = {"confirms": run_id(2), "confirms_names": {run_id(1): {REFERENCE: REFERENCE}, run_id(2): {JAX: JAX}}}
    again(tmp_path, 3, {CASE: {REFERENCE: TEN, JAX: TEN}}, manifest=said)
    page = compare_sides(tmp_path, f"{run_id(2)}::torch", f"{run_id(2)}::jax")
    assert told(page) == {(CASE, JAX): (Verdict.REGRESSED, "")}


@pytest.mark.parametrize("names", [7, [], {"x": 7}, {run_id(1): 7}, {run_id(1): {JAX: 7}}])
def test_names_that_are_none_confirm_nothing(tmp_path: Path, names: Any) -> None:
    said = {"manifest": {"confirms": run_id(1), "confirms_names": names}}
    assert one(confirmed(tmp_path, (0.0,) * 10, **said)).confirmed is None
