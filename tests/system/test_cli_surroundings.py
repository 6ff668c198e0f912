"""Odd surroundings are not bugs: closed streams, full disks, poor encodings, namesakes of modules, endless names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from harness.cli.quickstart import _gemm
from harness.errors import ExitCode
from tests.conftest import Command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the streams")

SUITE = """\
schema: harness.suite/1
name: small
targets: [numpy@cpu]
measure: {profile: quick, max_time: 5s}
cases:
  - {id: product, workload: matmul, m: 8, n: 8, k: 8}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    text = command.replace("HARNESS", f"'{sys.executable}' -m harness")
    return subprocess.run(
        ["bash", "-c", text], cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )


def test_closed_streams_do_not_keep_a_run_from_being_kept(folder: Path) -> None:
    assert shell("HARNESS run small.yaml <&- >&- 2>&-", folder).returncode == ExitCode.FINE
    done = shell("HARNESS store verify", folder)
    assert done.stdout.startswith("1 runs, 2 measurements")
    assert done.returncode == ExitCode.FINE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("buffered", ["", "1"])
def test_output_that_cannot_be_written_is_no_bug_of_ours(folder: Path, buffered: str) -> None:
    done = shell(f"PYTHONUNBUFFERED={buffered} HARNESS list workloads > /dev/full", folder)
    assert done.returncode == ExitCode.STORE
    assert done.stderr.startswith("harness: No space left on device, while writing the output")
    assert "bug" not in done.stderr


def test_letters_that_the_terminal_cannot_show_are_escaped(harness: Command) -> None:
    done = harness("list", "runs", "--results", "µ", env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stdout) == (ExitCode.FINE, "no runs in \\xb5\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "x" * 4000], ExitCode.USAGE),
        (["show", "latest~" + "9" * 4000], ExitCode.USAGE),
        (["run", "small.yaml", "--results", "x" * 4000], ExitCode.STORE),
        (["report", "--results", "x" * 4000], ExitCode.STORE),
    ],
)
def test_a_name_without_end_is_a_mistake_and_no_bug(
    folder: Path, harness: Command, arguments: list[str], code: ExitCode
) -> None:
    assert folder.is_dir()
    done = harness(*arguments)
    assert done.returncode == code
    assert "bug" not in done.stderr


def test_modules_that_lie_in_the_working_directory_are_left_alone(folder: Path, harness: Command) -> None:
    for name in ("json", "argparse", "random", "numpy", "torch", "yaml"):
        (folder / f"{name}.py").write_text("raise SystemExit('taken from the working directory')", encoding="utf-8")
    done = harness("run", "small.yaml")
    assert done.returncode == ExitCode.FINE, done.stderr
    assert "numpy.reference@cpu" in done.stdout


@pytest.mark.parametrize(
    ("python", "code", "says"),
    [
        ("/no/such/python", ExitCode.UNAVAILABLE, "/no/such/python is no program"),
        ("./small.yaml", ExitCode.UNAVAILABLE, "./small.yaml is no program"),
        ("/bin/true", ExitCode.CASES_FAILED, "crashed: exited with 0 and no answer"),
        ("./garbled", ExitCode.CASES_FAILED, "crashed: ./garbled cannot be started"),
    ],
)
def test_an_interpreter_that_is_none_costs_its_own_arms(
    folder: Path, harness: Command, python: str, code: ExitCode, says: str
) -> None:
    (folder / "garbled").write_text("\0", encoding="utf-8")
    (folder / "garbled").chmod(0o755)
    done = harness("run", "small.yaml", "--target", f"numpy@cpu,python={python}", "--quiet")
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("time", ["0s", "1ms", "25h"])
def test_the_time_of_an_arm_has_the_bounds_that_a_suite_has(folder: Path, harness: Command, time: str) -> None:
    assert folder.is_dir()
    done = harness("run", "small.yaml", "--max-time", time)
    assert done.returncode == ExitCode.USAGE
    assert "must lie between 100ms and 24h" in done.stderr


def test_check_takes_targets_or_backends_and_never_ignores_one(harness: Command) -> None:
    done = harness("check", "numpy", "--target", "jax@cpu")
    assert done.returncode == ExitCode.USAGE
    assert "leave one of the two out" in done.stderr


def test_a_command_that_is_printed_can_be_pasted(folder: Path, harness: Command) -> None:
    where = "my results; touch oops"
    ran = harness("run", "small.yaml", "--results", where, "--quiet").stdout
    next_command = ran.splitlines()[-1].removeprefix("next:    python -m harness")
    done = shell(f"HARNESS {next_command}", folder)
    assert done.returncode == ExitCode.FINE, done.stderr
    assert not (folder / "oops").exists()
    page = (folder / "reports" / "latest" / "README.md").read_text(encoding="utf-8")
    again, report = page.split("### To reproduce")[1].split("```")[1].splitlines()[1:3]
    (seed,) = pd.read_parquet(folder / where / "measurements").seed.unique()
    assert again == f"python -m harness run small.yaml --results 'my results; touch oops' --quiet --seed {seed}"
    assert shell(report.replace("python -m harness", "HARNESS"), folder).returncode == ExitCode.FINE


def test_quickstart_names_a_suite_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkout = tmp_path / "check out"
    assert _gemm(checkout) == "suites/gemm.yaml"
    (checkout / "suites").mkdir(parents=True)
    (checkout / "suites" / "gemm.yaml").touch()
    assert _gemm(checkout) == f"'{checkout}/suites/gemm.yaml'"
    monkeypatch.chdir(checkout)
    assert _gemm(checkout) == "suites/gemm.yaml"
