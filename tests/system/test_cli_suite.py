"""The commands about suites, from their arguments to what they print and how they end.

Most run inside this process, which saves half a second each; one of each kind runs as a user's does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.errors import ExitCode

Command = Callable[..., Any]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command of the harness in an empty folder, inside this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Done:
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse's own refusals
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


GOOD = """\
schema: harness.suite/1
name: good
description: Two products
targets: [numpy@cpu]
measure: {profile: quick, max_time: 3s}
cases:
  - {id: a, workload: matmul, matrix: {m: [128, 1024]}, n: 1024, k: 1024, transpose_b: true, when: {device: cpu}}
  - {id: b, workload: reduction, op: sum, shape: [256, 256]}
"""

CASE = "schema: harness.suite/1\nname: bad\ncases: [{id: a, workload: matmul, m: 1, n: 1, k: 1}]\n"

BAD = {
    "unknown key": (f"{CASE}nmae: x\n", ":4:1: unknown key 'nmae'", "did you mean 'name'?"),
    "duplicate key": (f"{CASE}name: bad\n", ":4:1: duplicate key 'name'", "already on line 2"),
    "wrong type": (CASE.replace("m: 1", "m: one"), ":3:38: m must be a whole number", ""),
    "tag": (CASE.replace("m: 1", "m: !!int 1"), ":3:38: tags", "remove the tag"),
    "bomb": (
        "a: &a [x]\n" + "".join(f"{n}: [*a, *a]\n" for n in "bcdef") + CASE,
        ":1:4: anchors",
        "write the value out",
    ),
    "deep": ("a: " + "[" * 100_000, ":1:35: nested deeper than 32", "six levels"),
    "huge number": (CASE.replace("m: 1", "m: " + "9" * 4000), ":3:38: 9999", "the largest number"),
    "infinite": (CASE.replace("m: 1", "m: .inf"), ":3:38: .inf is not a finite number", "write a number"),
    "path in an id": (CASE.replace("id: a", "id: ../../a"), ":3:14: id must be 1 to 64 of", ""),
    "workload": (
        CASE.replace("workload: matmul", "workload: matmil"),
        ":3:27: no workload named",
        "did you mean 'matmul'?",
    ),
    "backend": (f"{CASE}targets: [tensorfow@cpu]\n", ":4:11: no backend named", "did you mean 'tensorflow'?"),
    "device": (f"{CASE}targets: [torch@gpx]\n", ":4:17: no such device", "did you mean 'gpu'?"),
    "mode": (f"{CASE}targets: [torch.comple@cpu]\n", ":4:11: torch has no mode", "did you mean 'compile'?"),
    "type": (CASE.replace("k: 1", "k: 1, dtype: float31"), ":3:60: dtype cannot be", "did you mean 'float32'?"),
    "shape": (CASE.replace("m: 1, n: 1", "m: 2147483647, n: 2147483647"), ":3:38: a matrix of", ""),
    "empty matrix": (CASE.replace("m: 1", "matrix: {m: []}"), ":3:47: m is empty", "put at least one in"),
    "ten million": (
        CASE.replace("m: 1", "matrix: {m: {range: [1, 10000000]}}"),
        ":3:14: a brings the suite to",
        "--max-cases",
    ),
    "syntax": (CASE + "x: [", ":5:1: not YAML", "bracket"),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def run(text: str, name: str = "suite.yaml") -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return run


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_suite_ends_with_2_and_says_where_and_what_to_do(
    command: Command, write: Callable[[str], str], name: str
) -> None:
    text, place, remedy = BAD[name]
    done = command("validate", write(text))
    assert done.returncode == ExitCode.USAGE
    assert f"suite.yaml{place}" in done.stderr
    assert remedy in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_files_that_are_none_end_with_2_and_are_named(harness: Command, tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_bytes(b"# " + b"x" * 200_000)
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    names = ["missing.yaml", "large.yaml", "binary.yaml", "folder.yaml", "pipe.yaml"]
    done = harness("validate", *names, timeout_s=30)
    assert done.returncode == ExitCode.USAGE
    assert [line for line in done.stderr.splitlines() if not line.startswith("  ")] == [
        "missing.yaml: no such file or directory",
        "large.yaml: larger than 128 KiB",
        "binary.yaml:3:115: this is not UTF-8 text",
        "folder.yaml: this is a folder",
        "pipe.yaml: this is not an ordinary file",
    ]


def test_sound_files_are_said_to_be_sound_and_bad_ones_do_not_hide_them(
    command: Command, write: Callable[..., str]
) -> None:
    done = command("validate", write(CASE.replace("k: 1", "k: 0"), "bad.yaml"), write(GOOD))
    assert done.returncode == ExitCode.USAGE
    assert done.stdout == "suite.yaml: sound, 3 cases\n"
    assert done.stderr == "bad.yaml:3:50: k must lie between 1 and 2147483647\n"


def test_findings_can_be_read_by_programs(command: Command, write: Callable[..., str]) -> None:
    done = command("validate", "--json", write(CASE.replace("k: 1", "k: 0"), "bad.yaml"), write(GOOD))
    assert done.returncode == ExitCode.USAGE
    bad, good = json.loads(done.stdout)["files"]
    assert (bad["findings"][0]["line"], bad["findings"][0]["column"]) == (3, 50)
    assert good == {"file": "suite.yaml", "cases": 3, "findings": []}


def test_a_user_sees_no_traceback(harness: Command, write: Callable[[str], str]) -> None:
    done = harness("validate", write(BAD["bomb"][0]), timeout_s=30)
    assert done.returncode == ExitCode.USAGE
    assert "Traceback" not in done.stderr


def test_the_limit_on_cases_can_be_moved(command: Command, write: Callable[..., str]) -> None:
    assert command("validate", "--max-cases", "2", write(GOOD)).returncode == ExitCode.USAGE
    assert command("validate", "--max-cases", "0", write(GOOD)).returncode == ExitCode.USAGE
    assert command("validate", "--max-cases", "3", write(GOOD)).returncode == ExitCode.FINE


def test_show_expands_a_suite(harness: Command, write: Callable[..., str]) -> None:
    done = harness("show", write(GOOD))
    assert done.returncode == ExitCode.FINE
    assert done.stdout == (
        "good: Two products\n"
        "3 cases on numpy.reference@cpu; ratios against numpy.reference@cpu\n"
        "quick, at most 3 s an arm, all threads\n"
        "\n"
        "case       workload   parameters                                            FLOPs    bytes  devices\n"
        "a[m=128]   matmul     m=128 n=1024 k=1024 transpose_b=true dtype=float32    268 M    5 MiB  cpu\n"
        "a[m=1024]  matmul     m=1024 n=1024 k=1024 transpose_b=true dtype=float32  2.15 G   12 MiB  cpu\n"
        "b          reduction  op=sum shape=256x256 dtype=float32                        -  256 KiB  all\n"
    )


def test_show_prints_one_json_document(command: Command, write: Callable[..., str]) -> None:
    shown = json.loads(command("show", "--json", write(GOOD)).stdout)
    assert [case["case"] for case in shown["cases"]] == ["a[m=128]", "a[m=1024]", "b"]
    assert shown["cases"][0]["flops"] == 2 * 128 * 1024 * 1024
    assert shown["cases"][0]["devices"] == ["cpu"]
    assert shown["targets"] == [{"target": "numpy.reference@cpu", "label": "", "python": "", "env": {}}]
    assert len(shown["hash"]) == 64


def test_show_takes_a_missing_yaml_file_for_a_suite_and_anything_else_for_a_run(command: Command) -> None:
    assert "none.yaml: no such file or directory" in command("show", "none.yaml").stderr
    done = command("show", "latest")
    assert done.returncode == ExitCode.NOTHING
    assert "Traceback" not in done.stderr


def test_schema_prints_the_published_file(harness: Command, root: Path) -> None:
    done = harness("schema")
    assert done.returncode == ExitCode.FINE
    assert done.stdout == (root / "harness" / "suite" / "suite.schema.json").read_text(encoding="utf-8")


def test_list_suites_shows_the_sound_ones_and_points_at_the_others(
    command: Command, write: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "suites").mkdir()
    write(GOOD, "suites/good.yaml")
    write("x: 1", "suites/bad.yaml")
    done = command("list", "suites")
    assert done.stdout == "suite             cases  what for\nsuites/good.yaml      3  Two products\n"
    assert done.stderr.startswith("suites/bad.yaml: ")
    assert "python -m harness validate suites/bad.yaml" in done.stderr
    listed = json.loads(command("list", "suites", "--json").stdout)["suites"]
    assert [each["name"] for each in listed] == ["good"]


def test_list_workloads_explains_every_parameter(command: Command) -> None:
    text = command("list", "workloads").stdout
    assert "  m             (needed)  rows of the left matrix\n" in text
    listed = {each["name"]: each for each in json.loads(command("list", "workloads", "--json").stdout)["workloads"]}
    assert {"matmul", "reduction"} <= listed.keys()
    assert all(parameter["doc"] for each in listed.values() for parameter in each["parameters"])


def test_list_backends_names_modes_and_devices_without_a_framework(command: Command) -> None:
    listed = {each["name"]: each for each in json.loads(command("list", "backends", "--json").stdout)["backends"]}
    assert listed["numpy"]["installed"]
    assert listed["torch"]["modes"][0]["name"] == "eager"
    assert "cpu" in listed["jax"]["devices"]


def test_list_devices_begins_with_the_processor(command: Command) -> None:
    listed = json.loads(command("list", "devices", "--json").stdout)["devices"]
    assert listed[0]["device"] == "cpu"
    assert "numpy" in listed[0]["backends"]


def test_list_runs_without_results_is_an_empty_list(command: Command) -> None:
    done = command("list", "runs")
    assert (done.returncode, done.stdout) == (ExitCode.FINE, "no runs in results\n")
    assert json.loads(command("list", "runs", "--json").stdout) == {"runs": []}


def test_what_cannot_be_listed_ends_with_2(command: Command) -> None:
    assert command("list", "everything").returncode == ExitCode.USAGE
