"""The scripts beside the package: they go from nothing to results, and a failing part is told, not hidden."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def script(path: str) -> Any:
    """Load a script as a module."""
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


bootstrap = script("bootstrap.py")
gpu_session = script("benchmarks/gpu_session.py")
TARGETS = {"torch": ["torch.eager@gpu", "torch.compile@gpu"], "jax": ["jax.jit@gpu"]}
peer = script("benchmarks/peer_do_bench.py")
compare_store = script("benchmarks/compare_store.py")
compare_speed = script("benchmarks/compare_speed.py")


# -- bootstrap ------------------------------------------------------------------------------------


class Calls:
    """Stands in for running commands; keeps what was asked for and answers as it is told."""

    def __init__(self, answers: dict[str, int]) -> None:
        self.said: list[str] = []
        self.answers = answers

    def __call__(self, *command: str, quiet: bool = False) -> int:
        line = " ".join(command)
        self.said.append(line)
        return next((code for part, code in self.answers.items() if part in line), 0)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Calls:
    (tmp_path / "venv").mkdir()
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "venv" / "installed.txt")
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    stand_in = Calls({})
    monkeypatch.setattr(bootstrap, "_call", stand_in)
    return stand_in


def test_one_command_installs_measures_and_renders(calls: Calls) -> None:
    assert bootstrap.main(["suites/gemm.yaml", "--profile", "quick"]) == 0
    assert [line for line in calls.said if " -m venv " in line]
    assert [line for line in calls.said if "-c " in line and line.endswith("[all]")]
    run, report = calls.said[-2:]
    assert run.endswith("-m harness run suites/gemm.yaml --profile quick")
    assert report.endswith("-m harness report")


def test_a_second_call_installs_nothing(calls: Calls) -> None:
    bootstrap.main(["suites/gemm.yaml"])
    calls.said.clear()
    bootstrap.main(["suites/gemm.yaml", "suites/smoke.yaml"])
    assert [line.split(" -m harness ")[1] for line in calls.said] == [
        "run suites/gemm.yaml",
        "run suites/smoke.yaml",
        "report",
    ]


def test_another_size_of_machine_installs_anew(calls: Calls) -> None:
    bootstrap.main(["suites/gemm.yaml"])
    calls.said.clear()
    bootstrap.main(["suites/gemm.yaml", "--for", "tpu"])
    assert [line for line in calls.said if line.endswith("[tpu,torch,tensorflow]")]


def test_a_failed_installation_ends_it_and_is_not_taken_for_done(
    calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    calls.answers["[all]"] = 1
    assert bootstrap.main(["suites/gemm.yaml"]) == 2
    assert "installing ended with status 1" in capsys.readouterr().err
    assert not bootstrap.STAMP.exists()
    assert not [line for line in calls.said if "harness run" in line]


def test_an_unreachable_index_of_small_builds_ends_nothing(calls: Calls) -> None:
    calls.answers["--index-url"] = 1
    assert bootstrap.main(["suites/gemm.yaml"]) == 0


@pytest.mark.parametrize(("code", "rendered"), [(0, True), (1, True), (124, True), (2, False), (6, False)])
def test_results_are_rendered_where_there_are_any_and_the_code_is_the_runs(
    calls: Calls, code: int, rendered: bool
) -> None:
    calls.answers["harness run"] = code
    assert bootstrap.main(["suites/gemm.yaml"]) == code
    assert calls.said[-1].endswith("report") is rendered


def test_a_wrong_python_is_told_before_anything_is_made(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 1))
    assert bootstrap.main(["suites/gemm.yaml"]) == 2
    assert "this is Python 3.10.1" in capsys.readouterr().err
    assert calls.said == []


def test_the_pythons_of_the_script_are_those_of_the_package() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (first, last) = bootstrap.PYTHONS
    assert project["requires-python"] == f">={first[0]}.{first[1]},<{last[0]}.{last[1]}"
    asked = {extra for extras in bootstrap.EXTRAS.values() for extra in extras.split(",")}
    assert asked <= set(project["optional-dependencies"])


# -- continuous integration -----------------------------------------------------------------------


@pytest.mark.parametrize(("failing", "code"), [("venv", 5), ("install", 6), ("tox", 7), ("nothing", 0)])
def test_ci_fails_where_any_of_its_parts_fails(tmp_path: Path, failing: str, code: int) -> None:
    """With stand-ins for the tools, in a copy: `set -e` says nothing of the left side of an `&&`."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/run").write_text((ROOT / ".ci/run").read_text(encoding="utf-8"), encoding="utf-8")
    tools = {
        "bin/python3": f'mkdir -p .venv-dev/bin; cp bin/* .venv-dev/bin/; [ "{failing}" != venv ] || exit 5',
        "bin/python": f'[ "{failing}" != install ] || exit 6',
        "bin/tox": f'[ "{failing}" != tox ] || exit 7',
        "bin/chromium": "",  # or the script would install a browser where there is none
    }
    (tmp_path / "bin").mkdir()
    for name, body in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\nexit 0\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["bash", ".ci/run"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr


# -- ten minutes on a GPU -------------------------------------------------------------------------


class Clock:
    """A clock that moves only when a step takes time."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def walk(folder: Path, ends: dict[str, tuple[float, int | None]], budget_s: float = 570.0) -> list[Any]:
    """Walk the real plan; each command ends as it is told, after the seconds it is told.

    A command is known by its words after the interpreter: where the checkout lies must not decide.
    """
    clock = Clock()

    def call(command: Sequence[str], limit_s: float, output: Path, log: Path) -> int | None:
        text = " ".join(Path(word).name if Path(word).is_absolute() else word for word in command)
        takes_s, status = next((end for part, end in ends.items() if part in text), (10.0, 0))
        log.write_text(f"complaint of {command[-1]}\n", encoding="utf-8")
        clock.s += min(takes_s, limit_s)
        return None if takes_s > limit_s else status

    steps = gpu_session.plan(device="gpu", backends=TARGETS, suites=gpu_session.SUITES, profile="quick", folder=folder)
    ended: list[Any] = gpu_session.walk(steps, folder=folder, budget_s=budget_s, call=call, now=clock)
    assert clock.s - 100.0 <= budget_s
    return ended


def test_the_session_proves_measures_compares_and_renders_in_this_order(tmp_path: Path) -> None:
    ended = walk(tmp_path, {})
    assert [end.name for end in ended] == [
        "doctor",
        "check torch",
        "check jax",
        "run gemm",
        "peer",
        *(f"run {name}" for name in ("reduction", "attention", "conv", "memory", "backward")),
        "report",
    ]
    assert {end.state for end in ended} == {"ok"}


def test_a_step_that_fails_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    ended = {end.name: end for end in walk(tmp_path, {"check jax": (3.0, 1)})}
    assert ended["check jax"].state == "failed"
    assert ended["check jax"].detail == "status 1 (check-jax.log): complaint of jax.jit@gpu"
    assert ended["report"].state == "ok"
    assert "| check jax | failed | 3 | status 1 (check-jax.log): complaint of jax.jit@gpu |" in gpu_session.table(
        list(ended.values())
    )


def test_a_step_that_hangs_is_stopped_at_its_own_limit(tmp_path: Path) -> None:
    ended = {end.name: end for end in walk(tmp_path, {"check torch": (9999.0, 0)})}
    assert (ended["check torch"].state, ended["check torch"].took_s) == ("timeout", 120.0)
    assert ended["run gemm"].state == "ok"


def test_when_the_budget_is_spent_the_report_still_has_its_reserve(tmp_path: Path) -> None:
    ended = {end.name: end for end in walk(tmp_path, {"run suites": (9999.0, 0), "harness check": (9999.0, 0)})}
    assert ended["run attention"].state == "skipped"
    assert ended["report"].state == "ok"


def test_commands_of_the_plan_are_ones_that_the_command_line_takes() -> None:
    import argparse
    import importlib

    steps = gpu_session.plan(
        device="gpu", backends={"torch": TARGETS["torch"]}, suites=gpu_session.SUITES, profile="quick", folder=Path("x")
    )
    for step in steps:
        if step.command[1:3] == ("-m", "harness"):
            module = importlib.import_module(f"harness.cli.{step.command[3]}")
            parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
            module.configure(parser)
            parser.parse_args(list(step.command[4:]))
        else:
            assert Path(step.command[1]).is_file()


def test_a_real_command_is_ended_with_its_children_at_its_limit(tmp_path: Path) -> None:
    call = gpu_session.caller(dict(os.environ))
    log = tmp_path / "log"
    assert call([sys.executable, "-c", "print('out')"], 60.0, tmp_path / "out", log) == 0
    assert (tmp_path / "out").read_text(encoding="utf-8") == "out\n"
    assert call(["sh", "-c", "sleep 60 & wait"], 0.2, tmp_path / "out", log) is None


def test_an_uninstalled_checkout_offers_its_backends(tmp_path: Path) -> None:
    site = gpu_session.announce(tmp_path / "site")
    command = (
        "from importlib.metadata import entry_points as e; print(*sorted(p.name for p in e(group='harness.backends')))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", command],
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["jax", "numpy", "tensorflow", "torch"]


# -- the peer -------------------------------------------------------------------------------------


def test_without_a_gpu_the_peer_says_why_there_is_no_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    assert peer.main(["--device", "cpu"]) == 0
    assert json.loads(capsys.readouterr().out) == {"skipped": "triton.testing.do_bench times GPUs, and this is cpu"}


def test_turns_are_taken_and_the_order_turns_about() -> None:
    order: list[str] = []

    def measured(name: str, value: float) -> Any:
        def measure() -> float:
            order.append(name)
            return value

        return measure

    pairs = peer.interleave(measured("ours", 2.0), measured("theirs", 4.0), 3)
    assert pairs == [(2.0, 4.0)] * 3
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    found = peer.summarise("x", [(1.0, 1.0), (3.0, 2.0), (8.0, 4.0)])
    assert (found["ratio"], found["ratio_low"], found["ratio_high"]) == (1.5, 1.0, 2.0)
    assert (found["ours_s"], found["do_bench_s"]) == (3.0, 2.0)


def test_the_peers_shapes_are_workloads_that_torch_does_on_a_gpu() -> None:
    from harness.backends.registry import find_backend
    from harness.core.device import Device

    torch = find_backend("torch")
    for workload in peer.workloads():
        assert torch.refuses(workload, "eager", Device("gpu")) is None


# -- how long a comparison takes ------------------------------------------------------------------


def test_the_seconds_of_a_comparison_stand_beside_how_much_it_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate over all targets of a run judges three pairs a case; one over two runs judges four."""
    monkeypatch.setattr(compare_store, "CASES", 2)
    monkeypatch.setattr(compare_store, "LATENCIES", 1)
    compare_store.write_store(tmp_path)
    told = {name: compare_speed.pairs(command, tmp_path) for name, command in compare_speed.ASKED.items()}
    assert told == {
        "compare, two targets of a run": 2,
        "compare, one target beside all others": 6,
        "compare, two runs, refused": 8,
        "compare, two runs, insisted": 8,
        "compare, two runs, through an anchor": 6,
        "gate, two targets of a run": 2,
        "gate, one target beside all others": 6,
        "gate, two runs, insisted": 8,
    }


def test_what_the_guide_says_of_seconds_and_memory_is_what_was_measured() -> None:
    """Its figures are those of the gate and the comparison of all arms of a run, in the file that it names."""
    guide = (ROOT / "docs/compare.md").read_text(encoding="utf-8")
    named = "results/reference/calibration/compare-speed.txt"
    assert named in guide
    lines = (ROOT / named).read_text(encoding="utf-8").splitlines()
    (sentence,) = (line for line in guide.splitlines() if "1,000 arms" in line)
    for command in ("compare", "gate"):
        (told,) = (line for line in lines if line.startswith(f"{command}, one target beside all others, 600 pairs: "))
        seconds, megabytes = re.findall(r": ([\d.]+) s .* (\d+) MB", told)[0]
        assert f"{seconds} s" in sentence, command
        assert f"{megabytes} MB" in sentence, command
