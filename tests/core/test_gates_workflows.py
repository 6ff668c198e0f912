"""The workflows are valid, ask for nothing they do not need, and run what the tests run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExitCode

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def read(name: str) -> dict[Any, Any]:
    import yaml

    with (ROOT / ".github/workflows" / name).open(encoding="utf-8") as file:
        said = yaml.safe_load(file)
    assert isinstance(said, dict)
    return said


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_is_one_for_tests_and_one_for_the_night() -> None:
    assert [path.name for path in WORKFLOWS] == ["nightly.yml", "tests.yml"]


@pytest.mark.parametrize("name", [path.name for path in WORKFLOWS])
def test_a_workflow_is_well_formed_and_modest(name: str) -> None:
    workflow = read(name)
    assert workflow["permissions"] == {"contents": "read"}
    assert True in workflow, "YAML 1.1 reads the key `on` as true; it must be there"
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 180
        assert job.get("strategy", {"fail-fast": False})["fail-fast"] is False
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), "pinned, and from the platform's own"


def test_tests_run_the_developers_command() -> None:
    assert "bash .ci/run" in [step.get("run") for step in steps(read("tests.yml"))]


def test_the_night_runs_its_script_and_keeps_what_it_left() -> None:
    workflow = read("nightly.yml")
    (measure,) = [step for step in steps(workflow) if step.get("run") == "benchmarks/nightly"]
    (upload,) = [step for step in steps(workflow) if "upload-artifact" in step.get("uses", "")]
    assert upload["with"]["path"].rstrip("/") == measure["env"]["OUT"]
    assert upload["if"] == "always()"
    assert os.access(ROOT / "benchmarks/nightly", os.X_OK)


def test_the_gpu_runner_is_behind_a_switch() -> None:
    matrix = read("nightly.yml")["jobs"]["measure"]["strategy"]["matrix"]["machine"]
    assert matrix == "${{ fromJSON(vars.HARNESS_GPU_RUNNER == 'true' && '[\"cpu\", \"gpu\"]' || '[\"cpu\"]') }}"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The nightly script as the workflow runs it, on the backend that needs no framework."""
    out = tmp_path_factory.mktemp("night")
    done = subprocess.run(
        ["bash", str(ROOT / "benchmarks/nightly")],
        env={
            **os.environ,
            "PYTHON": sys.executable,
            "SUITES": "suites/smoke.yaml",
            "PROFILE": "quick",
            "OUT": str(out),
            "RUN_OPTIONS": "--target numpy@cpu",
            "GITHUB_STEP_SUMMARY": str(out / "summary.md"),
        },
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=280,
        check=False,
    )
    return done, out


def test_a_night_leaves_parquet_a_report_and_a_summary(
    night: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, out = night
    assert done.returncode == ExitCode.FINE, done.stderr
    assert json.loads((out / "doctor.json").read_text(encoding="utf-8"))["schema"] == "harness.doctor/1"
    assert list((out / "results/measurements").glob("*.parquet"))
    assert list((out / "report").rglob("*.md"))
    assert "smoke" in (out / "summary.md").read_text(encoding="utf-8")


def test_a_night_with_a_bad_suite_goes_on_and_ends_badly(tmp_path: Path) -> None:
    """With commands that are stand-ins: the first suite fails, the second and the report still run."""
    said = tmp_path / "said.txt"
    stand_in = tmp_path / "python"
    stand_in.write_text(
        f'#!/usr/bin/env bash\necho "$*" >>"{said}"\ncase "$*" in *bad.yaml*) exit 3;; esac\n', encoding="utf-8"
    )
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["bash", str(ROOT / "benchmarks/nightly")],
        env={
            "PATH": os.environ["PATH"],
            "PYTHON": str(stand_in),
            "SUITES": "bad.yaml good.yaml",
            "OUT": str(tmp_path / "out"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert [line.split()[2] for line in said.read_text(encoding="utf-8").splitlines()] == [
        "doctor",
        "run",
        "run",
        "report",
    ]
