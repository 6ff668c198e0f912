"""The command `baseline`: pinning, listing, showing, removing, and how each of them ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.store.baselines import FILE
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, run, squares, unmeasured

Said = Callable[..., tuple[int, str, str]]
REASON = ("--reason", "the release")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command beside a store with one run; return its code and what it said."""
    rows, samples = run(squares(1), {REFERENCE: 1.0, "jax.jit@cpu": 1.0})
    store(tmp_path / "results", [*rows[:-1], unmeasured(rows[-1], "failed", "crashed")], samples[:1])
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["baseline", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def test_a_run_is_pinned_and_the_next_step_is_told(said: Said) -> None:
    code, out, err = said("set", "main", "latest", *REASON)
    assert code == 0
    assert out.splitlines() == [
        f"main is the run {RUN} of the suite gemm",
        f"commit results/{FILE}, and keep the run",
        "a later run is another session, so both are seen through a target that is the same in both:",
        f"  python -m harness gate --base pin:main --through {REFERENCE}",
    ]
    assert err == "of its arms, not all were measured, and nothing can be held against those: 1 failed\n"


def test_a_run_of_one_target_leaves_absolute_times_on_ones_word(said: Said, tmp_path: Path) -> None:
    """Nothing else is there through which a later run could be seen."""
    rows, samples = run(squares(1), {REFERENCE: 1.0})
    store(tmp_path / "other results", rows, samples)
    code, out, _ = said("set", "main", "latest", *REASON, "--results", "other results")
    assert code == 0
    assert out.splitlines()[-1] == ("  python -m harness gate --base pin:main --insist --results 'other results'")


def test_a_run_whose_reference_was_never_measured_is_seen_through_another(said: Said, tmp_path: Path) -> None:
    rows, samples = run(squares(1), {REFERENCE: 1.0, "jax.jit@cpu": 1.0, "numpy.reference@cpu": 2.0})
    lost = [unmeasured(row, "failed", "crashed") if row.target == REFERENCE else row for row in rows]
    kept = [sample for sample in samples if sample.target != REFERENCE]
    store(tmp_path / "other", lost, kept)
    assert said("set", "main", "latest", *REASON, "--results", "other")[1].splitlines()[-1] == (
        "  python -m harness gate --base pin:main --through jax.jit@cpu --results other"
    )


def test_a_second_of_that_name_is_refused_until_it_replaces(said: Said) -> None:
    said("set", "main", "latest", *REASON)
    code, out, err = said("set", "main", "latest", *REASON)
    assert (code, out) == (2, "")
    assert "say --replace" in err
    assert said("set", "main", "latest", "--reason", "again", "--replace")[0] == 0
    assert "again" in said("list")[1]


def test_the_list_is_short_and_begins_empty(said: Said) -> None:
    assert said("list") == (0, "no baselines in results\n", "")
    said("set", "main", "latest", *REASON, "--max-age", "30")
    code, out, _ = said("list")
    head, row = out.splitlines()
    assert code == 0
    assert head.split() == ["name", "run", "suite", "set", "age", "reason"]
    assert row.split()[:3] == ["main", RUN, "gemm"]
    assert row.endswith("0 of 30 days  the release")
    (found,) = json.loads(said("list", "--json")[1])["baselines"]
    assert (found["name"], found["run_id"], found["stale"], found["max_age_days"]) == ("main", RUN, False, 30)


def test_one_is_shown_with_whether_it_still_holds(said: Said, tmp_path: Path) -> None:
    said("set", "main", "latest", *REASON)
    code, out, _ = said("show", "main")
    facts = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith(("set at", "max age")))
    assert (code, facts["files"], facts["reason"]) == (0, "as they were pinned", "the release")
    samples = tmp_path / "results" / "samples" / f"{RUN}.parquet"
    samples.write_bytes(b"")
    code, out, _ = said("show", "main")
    assert (code, f"samples/{RUN}.parquet is another file" in out) == (74, True)
    code, out, _ = said("show", "main", "--json")
    assert (code, len(json.loads(out)["differences"])) == (74, 1)


def test_an_old_one_is_called_old(said: Said, tmp_path: Path) -> None:
    said("set", "main", "latest", *REASON)
    path = tmp_path / "results" / FILE
    document = json.loads(path.read_text("utf-8"))
    document["baselines"]["main"]["set_at"] = "2020-01-01T00:00:00.000Z"
    path.write_text(json.dumps(document), "utf-8")
    assert "of 90 days, too old" in said("list")[1]
    assert "too old" in said("show", "main")[1]
    assert json.loads(said("show", "main", "--json")[1])["stale"] is True


def test_one_is_removed_and_its_run_stays(said: Said, tmp_path: Path) -> None:
    said("set", "main", "latest", *REASON)
    assert said("remove", "main") == (0, f"main is no baseline any more; its run {RUN} stays\n", "")
    assert said("list")[1] == "no baselines in results\n"
    assert (tmp_path / "results" / "runs" / f"{RUN}.json").exists()
    assert json.loads((tmp_path / "results" / FILE).read_text("utf-8")) == {
        "schema": "harness.baselines/1",
        "baselines": {},
    }


def test_a_pin_means_a_run_in_other_commands_too(said: Said, capsys: pytest.CaptureFixture[str]) -> None:
    said("set", "main", "latest", *REASON)
    assert main(["show", "pin:main::jax.jit@cpu"]) == 0
    assert f"run {RUN}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("set", "main", "latest::jax.jit@cpu", *REASON), 2, "pin:main::jax.jit@cpu"),
        (("set", "ma in", "latest", *REASON), 2, "not a name"),
        (("set", "main", "nothing", *REASON), 2, "no run in results begins with"),
        (("set", "main", "latest", "--reason", ""), 2, "should be a reason"),
        (("show", "main"), 2, "nothing is pinned here"),
        (("remove", "main"), 2, "nothing is pinned here"),
        (("set", "main", "latest", *REASON, "--results", "elsewhere"), 5, "elsewhere has 0 complete runs"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(
    said: Said, tmp_path: Path, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    ended, out, err = said(*arguments)
    assert (ended, out) == (code, "")
    assert complaint in err
    assert not (tmp_path / "results" / FILE).exists()


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"schema": "harness.baselines/1", "baselines": {"main": {}}}', b"\xff"]
)
@pytest.mark.parametrize("action", [("list",), ("show", "main"), ("remove", "main"), ("set", "x", "latest", *REASON)])
def test_a_damaged_file_is_told_from_every_side_and_left_as_it_is(
    said: Said, tmp_path: Path, damage: bytes, action: tuple[str, ...]
) -> None:
    path = tmp_path / "results" / FILE
    path.write_bytes(damage)
    code, out, err = said(*action)
    assert (code, out, path.read_bytes()) == (2, "", damage)
    assert f"results/{FILE}" in err
    assert "mend it" in err


def test_json_says_what_was_written(said: Said) -> None:
    made: dict[str, Any] = json.loads(said("set", "main", "latest", *REASON, "--json")[1])
    assert (made["name"], made["run_id"], made["reason"]) == ("main", RUN, "the release")
    assert json.loads(said("remove", "main", "--json")[1]) == made
