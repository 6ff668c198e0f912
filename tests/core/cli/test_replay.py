"""The command `replay`: what it measures, what it refuses to take from a file, what it says, and what it ends with."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.errors import ExitCode
from harness.report.named import Found, find
from harness.suite.load import load_suite
from harness.workloads.registry import make_workload
from tests.core.report.sessions import CASE, JAX, ZERO, run_id, session, spread
from tests.core.report.synthetic import REFERENCE, hash_of

THEN, NOW = run_id(1), run_id(2)
WAS = spread(-0.2, 0.002)
ROW = f"{THEN}::{CASE}::{JAX}"
NUMPY = "numpy.reference@cpu"
PRODUCT = make_workload("matmul", {"m": 4, "n": 4, "k": 4})

Again = Callable[..., None]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with one run, where the command looks for it; a measuring that nobody expects is an error."""
    monkeypatch.chdir(tmp_path)

    def never(then: Found, arguments: argparse.Namespace) -> tuple[Found, ExitCode]:
        raise AssertionError(f"{then.row.target} was measured, {arguments}")

    monkeypatch.setattr("harness.cli.replay._measured_again", never)
    session(tmp_path / "results", {CASE: {REFERENCE: ZERO, JAX: WAS}}, run=THEN)
    return tmp_path / "results"


@pytest.fixture
def again(results: Path, monkeypatch: pytest.MonkeyPatch) -> Again:
    """Say what measuring again is to give."""

    def expect(logs: Any, ended: ExitCode = ExitCode.FINE) -> None:
        session(results, {CASE: {REFERENCE: ZERO, JAX: logs}}, run=NOW)
        found = find(results, f"{NOW}::{CASE}::{JAX}")
        monkeypatch.setattr("harness.cli.replay._measured_again", lambda then, arguments: (found, ended))

    return expect


@pytest.mark.parametrize(
    ("logs", "ended", "code", "says"),
    [
        (spread(-0.195, 0.002), ExitCode.FINE, 0, "agrees: "),
        (spread(-0.1, 0.002), ExitCode.FINE, 3, "disagrees: "),
        (spread(-0.2, 0.1), ExitCode.FINE, 4, "cannot tell: "),
        (("failed", "error: nothing"), ExitCode.CASES_FAILED, 4, "cannot tell: now it was not measured: failed: error"),
        (("unavailable", "gone"), ExitCode.UNAVAILABLE, 6, "cannot tell: now it was not measured: unavailable"),
        (("not-run", "interrupt"), ExitCode.INTERRUPTED, 130, "cannot tell: now it was not measured: not-run"),
    ],
)
def test_the_answer_is_a_sentence_and_an_exit_code(
    again: Again, capsys: pytest.CaptureFixture[str], *, logs: Any, ended: ExitCode, code: int, says: str
) -> None:
    again(logs, ended)
    assert main(["replay", ROW]) == code
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(says)
    assert f"python -m harness report {NOW}" in out
    assert any(line.split() == ["then", "now"] for line in out.splitlines())


def test_another_device_gives_two_times_and_neither_agreement_nor_its_opposite(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However the two ratios come out; a program that takes 0 for agreement is not misled."""
    on_gpu = JAX.replace("cpu", "gpu:0")
    session(results, {CASE: {REFERENCE: ZERO, on_gpu: WAS}}, run=NOW)
    found = find(results, f"{NOW}::{CASE}::{on_gpu}")
    monkeypatch.setattr("harness.cli.replay._measured_again", lambda then, arguments: (found, ExitCode.FINE))
    assert main(["replay", ROW, "--target", on_gpu]) == 4
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"measured anew: {JAX} at {CASE} took 819 µs on cpu then, and takes 819 µs on gpu:0 now; ")
    assert "agrees" not in said


def test_one_document_for_programs(again: Again, capsys: pytest.CaptureFixture[str]) -> None:
    again(spread(-0.1, 0.002))
    assert main(["replay", ROW, "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["answer"]) == ("harness.replay/1", "disagrees")
    assert (told["then"]["run_id"], told["now"]["run_id"]) == (THEN, NOW)


@pytest.mark.parametrize(
    ("targets", "asked", "says"),
    [
        ({REFERENCE: ZERO, JAX: ("refused", "not here")}, JAX, "then it was not measured: refused: not here"),
        ({REFERENCE: ZERO, JAX: ZERO}, REFERENCE, "it is the reference itself"),
        ({"torch.compile@cpu": ZERO, JAX: ZERO}, JAX, "then it had no reference"),
    ],
)
def test_what_can_never_be_told_is_not_measured(
    results: Path, capsys: pytest.CaptureFixture[str], targets: dict[str, Any], asked: str, says: str
) -> None:
    session(results, {"odd": targets}, run=NOW, copy=None)
    assert main(["replay", f"{NOW}::odd::{asked}"]) == 4
    assert f"cannot tell: {says}" in " ".join(capsys.readouterr().out.split())
    assert main(["replay", f"{NOW}::odd::{asked}", "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["now"] is None


def test_a_row_of_few_process_sets_is_said_to_tell_nothing(
    results: Path, again: Again, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {REFERENCE: (0.0, 0.0), JAX: spread(-0.2, 0.002, sets=2)}
    session(results, {"few": few}, run=run_id(3), copy=(0.0, 0.0))
    again(WAS)
    assert main(["replay", f"{run_id(3)}::few::{JAX}"]) == 4
    assert "note: that row rests on 2 of 5 process-sets" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "ROW"),
        (["nonsense"], 2, "write RUN::CASE::TARGET"),
        ([f"{THEN}::nothing"], 5, "no row is called nothing"),
        (["0123456789ab"], 5, "no complete run in results has a case whose key begins with 0123456789ab"),
        (["gone.parquet::a::b"], 2, "no run at gone.parquet"),
        ([ROW, "--profile", "thorough"], 2, "thorough"),
    ],
)
def test_mistakes_are_told_and_end_with_their_code(
    results: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, says: str
) -> None:
    assert results.exists()
    try:
        ended = main(["replay", *arguments])
    except SystemExit as end:  # argparse's own
        ended = int(end.code or 0)
    assert ended == code
    assert says in capsys.readouterr().err


def test_the_suite_is_printed_on_request(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {"product": {REFERENCE: ZERO, JAX: ZERO}}
    told: dict[str, Any] = {"params": json.dumps(PRODUCT.params()), "case_key": PRODUCT.key}
    session(results, cases, run=NOW, **told)
    assert main(["replay", f"{NOW}::product::jax", "--yaml"]) == 0
    path = results / "again.yaml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    suite = load_suite(path)
    assert [case.key for case in suite.cases] == [PRODUCT.key]
    assert [str(target) for target in suite.targets or ()] == [REFERENCE, JAX]


# -- what is measured, up to where a worker would be started ---------------------------------------


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A store with a run of NumPy under two labels; instead of measuring, plans are kept."""
    monkeypatch.chdir(tmp_path)
    kept: list[Any] = []

    def keep(plan: Any, **told: Any) -> None:
        kept.append((plan, told))
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.api.measure", keep)
    return kept


def store(root: Path, *, specs: list[dict[str, Any]] | None = None, **values: Any) -> str:
    """Store a row of NumPy under the label b, beside its reference under the label a, and name it."""
    told: dict[str, Any] = {"params": json.dumps(PRODUCT.params()), "case_key": PRODUCT.key}
    told |= {"reference": "a", "seed": 11, "threads": 1}
    targets = {f"{NUMPY},label={label}": ZERO for label in "ab"}
    session(root, {"product": targets}, run=THEN, copy=None, manifest={"target_specs": specs or []}, **(told | values))
    return f"{THEN}::product::b"


def test_the_row_is_planned_as_it_was(tmp_path: Path, planned: list[Any]) -> None:
    row = store(tmp_path / "results")
    assert main(["replay", row, "--quiet"]) == 130
    ((plan, told),) = planned
    assert [(arm.case.key, arm.target.label, arm.replica) for arm in plan.arms] == [
        (PRODUCT.key, "a", 0),
        (PRODUCT.key, "a", 1),
        (PRODUCT.key, "b", 0),
    ]
    assert plan.reference.label == "a"
    assert (plan.suite.measure.seed, plan.suite.measure.threads, plan.suite.measure.profile) == (11, 1, "standard")
    assert told["results"] == Path("results")
    assert told["notes"] == {
        "replays": {"run_id": THEN, "case_key": PRODUCT.key, "target": NUMPY, "label": "b"},
    }


def test_a_profile_is_the_callers(tmp_path: Path, planned: list[Any]) -> None:
    assert main(["replay", store(tmp_path / "results"), "--quiet", "--profile", "quick"]) == 130
    assert planned[0][0].suite.measure.profile == "quick"


@pytest.mark.parametrize("own", [{"python": "evil/python"}, {"env": {"LD_PRELOAD": "evil.so"}}])
def test_a_program_is_never_taken_from_a_file(
    tmp_path: Path, planned: list[Any], capsys: pytest.CaptureFixture[str], own: dict[str, Any]
) -> None:
    specs = [{"target": NUMPY, "label": label, "name": label, "python": "", "env": {}} for label in "ab"]
    said: list[tuple[int, list[str]]] = [(1, []), (0, ["-t", "numpy@cpu"])]
    for at, given in said:
        held = [spec | (own if place == at else {}) for place, spec in enumerate(specs)]
        root = tmp_path / f"{at}"
        row = store(root, specs=held)
        assert main(["replay", row, "--results", str(root), "--quiet", *given]) == 2
        assert "of its own, and those of a file are never used" in capsys.readouterr().err
    assert planned == []


def test_what_the_caller_names_is_taken(tmp_path: Path, planned: list[Any]) -> None:
    specs = [{"target": NUMPY, "label": label, "name": label, "python": "", "env": {"EVIL": "1"}} for label in "ab"]
    row = store(tmp_path / "results", specs=specs)
    given = ["-t", "numpy@cpu,env.A=1", "--target", "numpy@cpu,env.B=2,label=base"]
    assert main(["replay", row, "--quiet", *given]) == 130
    ((plan, _),) = planned
    assert [(target.label, dict(target.env)) for target in plan.targets] == [("base", {"B": "2"}), ("b", {"A": "1"})]
    assert plan.reference.label == "base"


@pytest.mark.parametrize(
    ("values", "arguments", "code", "says"),
    [
        ({}, ["-t", "numpy@tpu"], 6, "cannot run here"),
        ({}, ["-t", "numpy@cpu", "-t", "numpy@cpu", "-t", "numpy@cpu"], 2, "--target is said 3 times"),
        ({}, ["-t", "numpy"], 2, "--target: not a target"),
        ({"backend": "torch"}, [], 2, "a row is measured again by its own backend and mode"),
        ({"params": "{}"}, [], 2, "matmul needs m"),
        ({"params": "no"}, [], 2, "this row cannot be measured again: its parameters are not JSON"),
        ({"case_key": hash_of("another")}, [], 2, "its workload has changed"),
        ({"workload": "nobodys"}, [], 2, "there is no workload"),
    ],
)
def test_what_would_be_no_repetition_is_refused(
    tmp_path: Path,
    planned: list[Any],
    capsys: pytest.CaptureFixture[str],
    *,
    values: dict[str, Any],
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    row = store(tmp_path / "results", **values)
    assert main(["replay", row, "--quiet", *arguments]) == code
    assert says in capsys.readouterr().err
    assert planned == []
