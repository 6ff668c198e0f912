"""Then and now: agreement rules something out, disagreement is sure, and of all else it is said that nothing is."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExitCode
from harness.report.named import find
from harness.report.replayed import CODES, Answer, Replayed, few_sets, lack, replayed
from harness.report.replayed_words import about_times, document, rows, say
from tests.core.report.sessions import CASE, JAX, ZERO, run_id, session, spread
from tests.core.report.synthetic import REFERENCE

THEN, NOW = run_id(1), run_id(2)
WAS = spread(-0.2, 0.002)  # 0.82 of the time of the reference
GPU = {"device": "gpu:0"}


def beside(root: Path, logs: Any, was: Any = WAS, *, then: Mapping[str, Any] | None = None, **now: Any) -> Replayed:
    """Return what is said of a row that had the logarithms `was`, and has `logs` now."""
    session(root, {CASE: {REFERENCE: ZERO, JAX: was}}, run=THEN, **(then or {}))
    session(root, {CASE: {REFERENCE: ZERO, JAX: logs}}, run=NOW, **now)
    return replayed(*(find(root, f"{run}::{CASE}::{JAX}") for run in (THEN, NOW)))


@pytest.mark.parametrize(
    ("mean", "step", "answer"),
    [
        (-0.2, 0.002, Answer.AGREES),
        (-0.195, 0.002, Answer.AGREES),
        (-0.205, 0.002, Answer.AGREES),
        (-0.18, 0.002, Answer.AGREES),  # 0.015 to 0.025 away, and the margin is 0.0198: not surely beyond it
        (-0.17, 0.03, Answer.AGREES),  # -0.029 to 0.089: whether it is beyond the margin is open, but it is no tenth
        (-0.1, 0.002, Answer.DISAGREES),
        (-0.3, 0.002, Answer.DISAGREES),
        (-0.17, 0.002, Answer.DISAGREES),  # 0.025 to 0.035
        (0.2, 0.05, Answer.DISAGREES),
        (-0.2, 0.1, Answer.UNCLEAR),  # -0.196 to 0.196: it agrees with anything
        (-0.13, 0.04, Answer.UNCLEAR),  # -0.009 to 0.149
    ],
)
def test_the_answer_follows_from_the_interval_of_the_two_ratios(
    tmp_path: Path, mean: float, step: float, answer: Answer
) -> None:
    found = beside(tmp_path, spread(mean, step))
    assert found.answer is answer
    assert (found.reason == "") is (answer is not Answer.UNCLEAR)
    assert found.before is not None
    assert found.after is not None
    assert found.difference is not None
    assert found.before.ratio == pytest.approx(math.exp(-0.2), abs=1e-5)
    assert found.after.ratio == pytest.approx(math.exp(mean), abs=1e-5)
    assert found.difference.ratio == pytest.approx(math.exp(mean + 0.2), abs=1e-5)


def test_turning_then_and_now_round_gives_the_same_answer(tmp_path: Path) -> None:
    for at, (mean, step) in enumerate([(-0.195, 0.002), (-0.1, 0.002), (-0.2, 0.1)]):
        one = beside(tmp_path / f"{at}", spread(mean, step))
        other = beside(tmp_path / f"{at}-turned", WAS, was=spread(mean, step))
        assert one.answer is other.answer
        assert one.difference is not None
        assert other.difference is not None
        assert one.difference.log == pytest.approx(-(other.difference.log or 0.0))


def test_an_answer_ends_with_a_code_of_its_own_and_what_is_none_as_undecided() -> None:
    expected = [ExitCode.FINE, ExitCode.REGRESSION, ExitCode.UNDECIDED, ExitCode.UNDECIDED]
    assert [CODES[answer] for answer in Answer] == expected


def test_an_agreement_is_a_sentence_with_both_ratios(tmp_path: Path) -> None:
    said = say(beside(tmp_path, spread(-0.195, 0.002)))
    assert said.startswith(
        f"agrees: {JAX} took 0.819 (0.816 to 0.822) times as long as {REFERENCE} at {CASE} then, and "
    )
    assert "takes 0.823 (0.820 to 0.826) times as long now" in said
    assert said.endswith("not surely beyond the margin of 2 %, and surely less than 10 % away")


def test_a_disagreement_says_how_far_apart_they_are(tmp_path: Path) -> None:
    said = say(beside(tmp_path, spread(-0.1, 0.002)))
    assert said.startswith("disagrees: ")
    assert "the ratio of now is 1.105 (1.100 to 1.110) times that of then, surely beyond the margin of 2 %" in said


@pytest.mark.parametrize(
    ("then", "now", "says"),
    [
        ({"copy": None}, {}, "then, the reference was not measured twice"),
        ({}, {"copy": None}, "now, the reference was not measured twice"),
        ({}, {"copy": spread(0.2, 0.001)}, "now, the reference beside itself came out as"),
        ({}, {"method_version": 2}, "measured by different methods, 1 and 2"),
        ({}, {"input_hash": "others"}, "different inputs: their hashes differ, though seed and case are the same"),
        ({"pairing": "process"}, {"pairing": "process"}, "it takes 10 process-sets on either side"),
    ],
)
def test_what_takes_the_ground_from_under_an_answer_is_said(
    tmp_path: Path, then: dict[str, Any], now: dict[str, Any], says: str
) -> None:
    found = beside(tmp_path, WAS, then=then, **now)
    assert found.answer is Answer.UNCLEAR
    assert says in found.reason
    said = say(found)
    assert said.startswith(f"cannot tell: {found.reason}; {JAX} took 0.819")


def test_other_inputs_of_another_seed_are_the_same_work(tmp_path: Path) -> None:
    assert beside(tmp_path, WAS, seed=8, input_hash="others").answer is Answer.AGREES


def test_few_process_sets_tell_nothing(tmp_path: Path) -> None:
    session(
        tmp_path,
        {CASE: {REFERENCE: (0.0, 0.0), JAX: spread(-0.2, 0.002, sets=2)}},
        run=THEN,
        copy=(0.0, 0.0),
    )
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: WAS}}, run=NOW)
    then, now = (find(tmp_path, f"{run}::{CASE}::{JAX}") for run in (THEN, NOW))
    assert "2 of 5 process-sets" in few_sets(then)
    assert few_sets(now) == ""
    found = replayed(then, now)
    assert found.answer is Answer.UNCLEAR
    assert found.reason == "it takes 5 process-sets on either side, and there were 2 then and 5 now"


@pytest.mark.parametrize(
    ("targets", "asked", "says"),
    [
        ({REFERENCE: ZERO, JAX: ("refused", "no \x1b[31msuch thing")}, JAX, "it was not measured: refused: no "),
        ({REFERENCE: ("unavailable", "gone"), JAX: ZERO}, JAX, "its reference was not measured: unavailable: gone"),
        ({REFERENCE: ZERO, JAX: ZERO}, REFERENCE, "it is the reference itself"),
        ({"torch.compile@cpu": ZERO, JAX: ZERO}, JAX, "it had no reference"),
    ],
)
def test_a_row_without_a_ratio_needs_no_measuring(
    tmp_path: Path, targets: dict[str, Any], asked: str, says: str
) -> None:
    session(tmp_path, {CASE: targets}, run=THEN, copy=None)
    then = find(tmp_path, f"{THEN}::{CASE}::{asked}")
    assert says in lack(then, "then")
    found = replayed(then, None)
    assert (found.answer, found.before, found.difference, found.changes) == (Answer.UNCLEAR, None, None, ())
    said = say(found)
    assert said.startswith("cannot tell: ")
    assert "\x1b" not in said
    assert "\x1b" not in "".join("".join(line) for line in rows(found))
    json.dumps(document(found), allow_nan=False)


def test_what_failed_now_is_the_reason(tmp_path: Path) -> None:
    found = beside(tmp_path, ("unavailable", "there is no gpu"))
    assert found.answer is Answer.UNCLEAR
    assert found.reason == "now it was not measured: unavailable: there is no gpu"
    assert found.before is not None
    assert found.after is None
    assert f"{JAX} took 0.819" in say(found)
    assert "times as long now" not in say(found)


def test_a_row_on_another_device_than_its_reference_is_no_check(tmp_path: Path) -> None:
    """Even where the two ratios come out equal: they are not of the same thing."""
    found = beside(tmp_path, WAS, arms={JAX: GPU})
    assert (found.answer, found.after, found.difference) == (Answer.ANEW, None, None)
    assert found.before is not None
    assert found.reason == "the row and its reference are on gpu:0 and cpu now, and were on cpu and cpu then"
    assert say(found) == (
        f"measured anew: {JAX} at {CASE} took 819 µs on cpu then, and takes 819 µs on gpu:0 now; {found.reason}, "
        "so this is a measurement of its own and no check of the one of then"
    )
    told = {line[0]: line[1:] for line in rows(found)}
    assert told["time of a call"] == ("819 µs", "819 µs")
    assert told["time / reference"][1] == "–"
    assert "only the ratios" not in about_times(found)
    made = json.loads(json.dumps(document(found), allow_nan=False))
    assert (made["answer"], made["difference"], made["now"]["ratio"]) == ("measured anew", None, None)
    assert (made["then"]["device"], made["now"]["device"]) == ("cpu", "gpu:0")


@pytest.mark.parametrize("moved", [{}, GPU])
def test_a_row_that_is_alike_with_its_reference_then_and_now_is_a_check(tmp_path: Path, moved: dict[str, Any]) -> None:
    """Where it was, or with its reference on another device, which is named."""
    found = beside(tmp_path, WAS, **moved)
    assert found.answer is Answer.AGREES
    assert ("times as long now, on gpu:0" in say(found)) is bool(moved)


def test_a_row_that_always_was_on_another_device_than_its_reference_is_a_check(tmp_path: Path) -> None:
    mixed = {"arms": {JAX: GPU}}
    assert beside(tmp_path / "as-it-was", WAS, then=mixed, **mixed).answer is Answer.AGREES
    assert beside(tmp_path / "together", WAS, then=mixed).answer is Answer.ANEW


def test_what_failed_on_another_device_is_the_reason(tmp_path: Path) -> None:
    found = beside(tmp_path, ("failed", "oom-device: full"), arms={JAX: GPU})
    assert (found.answer, found.reason) == (Answer.UNCLEAR, "now it was not measured: failed: oom-device: full")


def test_a_file_alone_has_no_blocks_and_one_with_its_samples_has(tmp_path: Path) -> None:
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: WAS}}, run=THEN)
    alone = tmp_path / "theirs.parquet"
    shutil.copy(tmp_path / "measurements" / f"{THEN}.parquet", alone)
    assert "no blocks came with the file" in lack(find(tmp_path, f"{alone}::{CASE}::{JAX}"), "then")
    for table in ("measurements", "samples"):
        (tmp_path / "theirs" / table).mkdir(parents=True)
        shutil.copy(tmp_path / table / f"{THEN}.parquet", tmp_path / "theirs" / table / "run.parquet")
    then = find(tmp_path, f"{tmp_path}/theirs/measurements/run.parquet::{CASE}::{JAX}")
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: WAS}}, run=NOW)
    found = replayed(then, find(tmp_path, f"{NOW}::{CASE}::{JAX}"))
    assert found.answer is Answer.AGREES
    assert found.changes == ()  # nothing is known of their machine


def test_times_are_shown_and_said_to_belong_to_their_machines(tmp_path: Path) -> None:
    alike = beside(tmp_path / "alike", WAS)
    assert alike.one_machine
    assert "describes itself alike" in about_times(alike)
    apart = beside(tmp_path / "apart", WAS, env_id="env-2", device_name="Another CPU")
    assert not apart.one_machine
    assert "belong to their machines" in about_times(apart)
    told = {line[0]: line[1:] for line in rows(apart)}
    assert told["run"] == (THEN, NOW)
    assert told["time of a call"] == ("819 µs", "819 µs")
    assert told["of the reference"] == ("1.00 ms", "1.00 ms")
    assert told["time / reference"][0].startswith("0.819 (")
    assert told["device"] == ("Imaginary CPU", "Another CPU")
    assert told["process-sets"] == ("5", "5")


def test_only_what_differs_is_told_of_the_environments(tmp_path: Path) -> None:
    then, now = ({"machine": {"cpu": {"model": model, "logical": 2}}, "suite_hash": model, "seed": 7} for model in "AB")
    found = beside(tmp_path, WAS, then={"manifest": then}, manifest=now)
    assert [(one.what, one.base, one.new) for one in found.changes] == [("machine.cpu.model", "A", "B")]


def test_a_document_holds_all_of_it(tmp_path: Path) -> None:
    found = beside(tmp_path, spread(-0.1, 0.002))
    told = json.loads(json.dumps(document(found), allow_nan=False))
    assert (told["schema"], told["answer"], told["reason"]) == ("harness.replay/1", "disagrees", None)
    assert (told["margin"], told["ruled_out"]) == (0.02, 0.10)
    assert told["then"]["run_id"] == THEN
    assert told["now"]["reference"] == {"target": REFERENCE, "label": ""}
    assert told["now"]["ratio"]["low"] < told["now"]["ratio"]["ratio"] < told["now"]["ratio"]["high"]
    assert told["difference"]["ratio"] == pytest.approx(math.exp(0.1), abs=1e-5)
    assert told["sentence"] == say(found)
