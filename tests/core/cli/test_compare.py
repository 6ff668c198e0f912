"""The command `compare`: what it takes, what it prints, and what it ends with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import main
from tests.core.report.sessions import CASE, JAX, ZERO, run_id, session, spread
from tests.core.report.synthetic import REFERENCE, RUN

BASE, NEW = f"latest::{REFERENCE}", f"latest::{JAX}"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store where the command looks for it: jax is 10 % slower in one case, equal in another."""
    monkeypatch.chdir(tmp_path)
    cases = {CASE: {REFERENCE: ZERO, JAX: spread(0.1, 0.001)}, "same": {REFERENCE: ZERO, JAX: ZERO}}
    session(tmp_path / "results", cases)
    return tmp_path / "results"


def test_two_targets_of_a_run(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", BASE, NEW]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = " ".join(out.split())
    assert said.startswith(f"{JAX} beside {REFERENCE}, run {RUN} of gemm compared block by block within one session")
    assert f"{JAX} is 1.105 x slower than {REFERENCE} at {CASE} (1.103 to 1.107, 5 sets); on this machine today" in said
    assert "equivalent (1) 1: --all shows it" in said


def test_a_single_run_is_compared_by_its_own_sides(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "latest"]) == 0
    alone = capsys.readouterr().out
    for words in ([BASE, NEW], []):
        assert main(["compare", *words]) == 0
        assert alone == capsys.readouterr().out


def test_a_margin_of_the_callers(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", BASE, NEW, "--margin", "20%", "--all"]) == 0
    out = capsys.readouterr().out
    assert "equivalent (2)" in out
    assert "within 20 %" in " ".join(out.split())


def test_one_document_for_programs(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", BASE, NEW, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "harness.comparison/1"
    (found,) = document["comparisons"]
    assert {line["case"]: line["verdict"] for line in found["lines"]} == {CASE: "regressed", "same": "equivalent"}


def test_a_page_in_markdown(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", BASE, NEW, "--markdown", "page.md"]) == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page.startswith(f"# Comparison\n\n## `{JAX}` beside `{REFERENCE}`")
    assert main(["compare", BASE, NEW, "--markdown", "no/such/folder.md"]) == 74
    assert "cannot write the page to no/such/folder.md" in capsys.readouterr().err


def test_two_sessions_end_with_four_unless_somebody_insists(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session(results, {CASE: {REFERENCE: ZERO, JAX: ZERO}}, run=run_id(5))
    assert main(["compare", RUN, "latest"]) == 4
    out = capsys.readouterr().out
    assert "not-comparable" in out
    assert main(["compare", RUN, "latest", "--insist"]) == 0
    out = capsys.readouterr().out
    assert "by absolute times because it was insisted on" in " ".join(out.split())
    assert main(["compare", RUN, "latest", "--through", "torch"]) == 0
    assert f"each seen beside {REFERENCE}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["latest", "latest"], 2, "no target of it is named"),
        ([BASE, "latest::nope"], 2, "no target 'nope'"),
        (["a", "b", "c"], 2, "3 sides, and a comparison has two"),
        ([BASE, NEW, "--margin", "2"], 2, "'2' is not a share"),
        ([BASE, NEW, "--insist", "--through", "jax"], 2, "two ways at once"),
        ([BASE, NEW, "--base-device", "x"], 2, "--base-device has a meaning only with --across"),
        (["latest", "--across", "--insist"], 2, "--insist has no meaning with --across"),
        (["latest", "x", "--nodes", "--margin", "1%"], 2, "--margin has no meaning with --nodes"),
        (["--across"], 2, "--across wants to know of which machines"),
        (["latest", "--nodes"], 2, "one machine has nothing to be the odd one out of"),
        (["latest~7", "latest"], 5, "has 1 complete runs"),
        (["latest", "--across"], 5, "all of these runs are of one machine"),
    ],
)
def test_what_is_wrong_ends_with_its_code_and_a_sentence(
    results: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert main(["compare", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 2  # what, and what to do


def test_a_corrupt_store_ends_with_seventy_four(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "samples" / f"{RUN}.parquet").write_bytes(b"PAR1")
    assert main(["compare", BASE, NEW]) == 74
    assert "the SHA-256 differs" in capsys.readouterr().err


def test_nothing_in_common_ends_with_five(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session(results, {"other": {REFERENCE: ZERO}}, run=run_id(5), suite="other")
    assert main(["compare", RUN, "latest", "--insist"]) == 5
    assert "no arm in common" in capsys.readouterr().err


def test_machines_of_several_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, (device, log) in enumerate((("CPU", 0.0), ("GPU", -1.0), ("TPU", -2.0))):
        for at in range(5):
            session(
                tmp_path / device,
                {CASE: {REFERENCE: (log,) * 5}},
                run=f"2026010{number + 1}T00000000{at}Z-0123456789ab",
                copy=None,
                device_name=device,
                env_id=device,
            )
    folders = [str(tmp_path / device) for device in ("CPU", "GPU", "TPU")]
    assert main(["compare", "--across", *folders, "--base-device", "GPU"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("CPU (5 sessions) beside GPU (5 sessions)")
    assert "This is not a paired comparison" in out
    assert f"{REFERENCE} on CPU is 2.72 x slower than {REFERENCE} on GPU at {CASE} (2.72 to 2.72, 5 and 5 sess" in out
    assert main(["compare", "--nodes", *folders]) == 2
    assert "are not of one kind" in capsys.readouterr().err


def test_one_kind_of_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for node in range(3):
        for at in range(5):
            log = (0.2 if node == 2 else 0.0) + at / 1e4
            run = f"2026010{node + 1}T00000000{at}Z-0123456789ab"
            session(tmp_path / f"n{node}", {CASE: {REFERENCE: (log,) * 5}}, run=run, copy=None)
    folders = [str(tmp_path / f"n{node}") for node in range(3)]
    assert main(["compare", "--nodes", *folders, "--markdown", str(tmp_path / "page.md")]) == 0
    assert f"{folders[2]} is the odd one out: 1.2214 x slower" in " ".join(capsys.readouterr().out.split())
    assert "is the odd one out" in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert main(["compare", "--nodes", *folders, "--json"]) == 0
    assert [node["odd"] for node in json.loads(capsys.readouterr().out)["nodes"]] == [False, False, True]


PROBE = """
import json, sys
from harness.cli import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


@pytest.mark.parametrize("more", [[], ["--json"], ["--markdown", "page.md"]])
def test_it_answers_without_loading_what_takes_a_second(results: Path, more: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "compare", BASE, NEW, *more], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stderr.splitlines()[-1])
    assert said["code"] == 0
    assert set(said["modules"]).isdisjoint({"pandas", "matplotlib", "scipy.stats", "torch", "jax", "tensorflow"})
    assert "pyarrow" in said["modules"]  # the probe sees what is loaded
