"""Real worker processes that go wrong in every way known cost their own arm and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.core.target import Target
from harness.run import fleet, launch, runner
from harness.run.plan import make_plan
from harness.run.progress import Silent
from harness.run.session import Session
from harness.run.terms import Deadlines, Pace
from harness.store.record import Outcome
from harness.suite.model import Case, Measure, Suite
from harness.testing.fake import FAKE
from harness.workloads.registry import make_workload

PACE = Pace(sets=1, rounds=5, max_time_s=1.5, shard_bytes=10**9, least_block_ns=10**6, most_block_ns=10**7)
SHORT = Deadlines(start_s=30.0, prepare_s=1.5, calibrate_s=3.0, prove_s=5.0, block_s=1.5, finish_s=5.0)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are held and watched through Linux")


def make_suite(*targets: str, sizes: tuple[int, ...] = (8, 16)) -> Suite:
    return Suite(
        name="workers",
        cases=tuple(
            Case(name=f"m{size}", workload=make_workload("matmul", {"m": size, "n": size, "k": size})) for size in sizes
        ),
        targets=tuple(Target.parse(f"fake.{mode}@cpu") for mode in targets),
        reference=Target.parse("fake.good@cpu"),
        measure=Measure(profile="quick", seed=1, threads=1),
        hash="hash",
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(launch, "GRACE_S", 0.1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(runner, "Session", lambda **given: Session(**given, deadlines=SHORT))

    def measure(*targets: str, **options: Any) -> pd.DataFrame:
        plan = make_plan(make_suite(*targets), find=lambda name: FAKE, kinds=lambda: ("cpu",), self_check=False)
        result = runner.run_plan(plan, results=tmp_path, observer=Silent(), pace=PACE, **options)
        assert not leftovers(tmp_path), "a process outlived the run"
        return pd.read_parquet(tmp_path / "measurements" / f"{result.run_id}.parquet")

    return measure


def unharmed(rows: pd.DataFrame) -> bool:
    """Whether all were timed; on a machine busy with other things, short blocks may raise doubts about time."""
    of_time = rows.validity.map(lambda codes: set(codes) <= {"V4", "V5"})
    doubted = (rows.outcome == Outcome.INVALID) & rows.rejected_s.notna() & of_time
    return bool(((rows.outcome == Outcome.MEASURED) | doubted).all())


def leftovers(folder: Path) -> list[str]:
    """Command lines of processes that bear the mark of a run whose scratch folder is below `folder`."""
    found, mark = [], f"HARNESS_SCRATCH={folder}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("mode", "detail"),
    [
        ("crash", "crashed: ended by SIGABRT"),
        ("segv", "crashed: ended by SIGSEGV"),
        ("killed", "crashed: ended by SIGKILL"),
        ("exit0", "crashed: exited with 0 and no answer"),
        ("garbage", "crashed: the worker wrote garbage"),
        ("hang", "timeout: no answer within 3 s"),
        ("oom", "oom-host: MemoryError"),
        ("wrong", "wrong: error"),
        ("crash_prepare", "crashed: ended by SIGABRT"),
        ("hang_prepare", "timeout: no answer within 3 s"),
        ("crash_start", "crashed: ended by SIGABRT"),
        ("import-error", "error: ImportError: libplanted.so.1"),
    ],
)
def test_a_fault_costs_its_own_arms_and_nothing_else(run: Any, mode: str, detail: str) -> None:
    rows = run("good", mode)
    assert len(rows) == 4
    good = rows[rows["mode"] == "good"]
    bad = rows[rows["mode"] == mode]
    assert unharmed(good)
    assert set(bad.outcome) == {Outcome.FAILED}
    assert bad.detail.str.startswith(detail).all(), bad.detail.to_list()
    assert bad.time_s.isna().all()


def test_garbage_comes_through_however_many_files_are_open(run: Any) -> None:
    """The line to a worker then has a number beyond those of the first files; the plant has to find it."""
    with ExitStack() as opened:
        for _ in range(80):
            opened.enter_context(Path("/dev/null").open("rb"))
        rows = run("good", "garbage")
    assert set(rows[rows["mode"] == "garbage"].outcome) == {Outcome.FAILED}


def test_an_error_leaves_a_worker_on_a_cpu_fit_for_the_next_case(run: Any) -> None:
    """The planted error comes once: the case that met it failed, the other is measured by the same worker."""
    rows = run("good", "raise")
    bad = rows[rows["mode"] == "raise"]
    assert sorted(bad.outcome) != [Outcome.MEASURED] * 2
    (detail,) = bad[bad.outcome == Outcome.FAILED].detail
    assert detail.startswith("error: RuntimeError: planted error")


@pytest.mark.parametrize("mode", ["flood", "leave-child", "slow-start"])
def test_what_is_only_odd_is_measured(run: Any, mode: str) -> None:
    rows = run("good", mode)
    assert unharmed(rows)


def test_a_crash_in_the_middle_of_timing_costs_one_case(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies at its 60th call, in the first case it times; a new worker takes up the other."""
    whole = make_suite("good", "slow")
    marked = replace(whole.targets[1], env={"HARNESS_FAKE": "segv:call:60"}, label="dies")  # type: ignore[index]
    suite = replace(whole, targets=(whole.targets[0], marked))  # type: ignore[index]
    monkeypatch.setattr(sys.modules[__name__], "make_suite", lambda *_: suite)
    rows = run("good", "slow")
    assert unharmed(rows[rows.label == ""])
    assert set(rows[rows.label == "dies"].outcome) == {Outcome.FAILED}


def test_a_missing_device_is_unavailable_and_ends_with_6_where_it_was_required(run: Any, tmp_path: Path) -> None:
    rows = run("good", "missing")
    assert set(rows[rows["mode"] == "missing"].outcome) == {Outcome.UNAVAILABLE}


def test_idle_workers_stand_still(tmp_path: Path) -> None:
    """A stopped worker's threads use no processor while another has the token."""
    plan = make_plan(make_suite("good"), find=lambda name: FAKE, kinds=lambda: ("cpu",))
    with fleet.Workers(scratch=tmp_path / "scratch", seed=1, threads=1) as workers:
        (tmp_path / "scratch").mkdir(exist_ok=True)
        line = workers.launch(plan.arms[0], 0)
        workers.started(line, plan.arms[0], deadline_s=30.0)
        line.hold()
        until(lambda: state_of(line.pid) == "T")
        before = spent_ns(line.pid)
        time.sleep(0.2)
        assert spent_ns(line.pid) == before
        line.wake()
        line.close()


def spent_ns(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[0]) for path in tasks)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_helper_that_is_killed_costs_one_case_its_inputs(tmp_path: Path) -> None:
    cases = make_suite("good", sizes=(8, 16, 24)).cases
    (tmp_path / "scratch").mkdir()
    with fleet.Workers(scratch=tmp_path / "scratch", seed=1, threads=1) as workers:
        workers.bundle(cases[0], deadline_s=30.0)
        assert workers._helper is not None
        until(lambda: state_of(workers._helper.pid) == "T")  # it waits like everybody else
        os.kill(workers._helper.pid, signal.SIGKILL)  # as for want of memory
        for _ in range(2):  # not tried again for the next arm of the case
            with pytest.raises(launch.WorkerLost, match="SIGKILL"):
                workers.bundle(cases[1], deadline_s=30.0)
        assert (workers.bundle(cases[2], deadline_s=30.0) / "bundle.json").exists()


def test_an_ended_worker_is_sent_no_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of its group may be somebody else's by then."""
    (tmp_path / "scratch").mkdir()
    plan = make_plan(make_suite("good"), find=lambda name: FAKE, kinds=lambda: ("cpu",))
    with fleet.Workers(scratch=tmp_path / "scratch", seed=1, threads=1) as workers:
        line = workers.launch(plan.arms[0], 0)
        line.close()
        sent: list[int] = []
        monkeypatch.setattr(os, "killpg", lambda group, number: sent.append(number))
        line.hold()
        line.wake()
        line.close()
        assert not sent


def test_a_run_that_a_bug_ends_is_partial(tmp_path: Path) -> None:
    class Broken(Silent):
        def phase(self, text: str) -> None:
            if text.startswith("set 2 of 2: measuring"):
                raise ZeroDivisionError

    plan = make_plan(make_suite("good", sizes=(8,)), find=lambda name: FAKE, kinds=lambda: ("cpu",), self_check=False)
    with pytest.raises(ZeroDivisionError):
        runner.run_plan(plan, results=tmp_path, observer=Broken(), pace=replace(PACE, sets=2))
    (manifest,) = (path.read_text() for path in tmp_path.glob("runs/*.json"))
    assert '"state": "partial"' in manifest


RUN_FOREVER = """
    import sys
    from pathlib import Path
    from tests.system import test_workers as t
    from dataclasses import replace
    plan = t.make_plan(t.make_suite("good", "leave-child"), find=lambda name: t.FAKE, kinds=lambda: ("cpu",))
    pace = replace(t.PACE, sets=1000, rounds=200, max_time_s=1e6)
    t.runner.run_plan(plan, results=Path(sys.argv[1]), observer=t.Silent(), pace=pace)
"""


def start_a_long_run(root: Path, results: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUN_FOREVER), str(results)],
        cwd=root,
        env={**os.environ, "TMPDIR": str(results)},
        text=True,
        stderr=subprocess.PIPE,
    )
    until(lambda: list(results.glob("journal/*.jsonl")) and b'"samples"' in read(results))
    return process


def read(results: Path) -> bytes:
    return b"".join(path.read_bytes() for path in results.glob("journal/*.jsonl"))


def until(condition: Any, limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_no_process_outlives_a_run_that_was_killed_outright(root: Path, tmp_path: Path) -> None:
    process = start_a_long_run(root, tmp_path)
    until(lambda: b'"measured"' in read(tmp_path) or b'"invalid"' in read(tmp_path))  # what is not proved is no result
    assert leftovers(tmp_path)
    process.kill()
    process.communicate()
    until(lambda: not leftovers(tmp_path), 10.0)
    from harness.store.recover import recover

    (run_id,) = recover(tmp_path)
    rows = pd.read_parquet(tmp_path / "measurements" / f"{run_id}.parquet")
    assert len(rows) == 6
    assert unharmed(rows[rows.outcome != Outcome.NOT_RUN])
    assert not (rows.outcome == Outcome.NOT_RUN).all()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminated")])
def test_a_signal_ends_a_run_in_order_and_keeps_what_was_measured(
    root: Path, tmp_path: Path, number: signal.Signals, code: str
) -> None:
    process = start_a_long_run(root, tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert not leftovers(tmp_path)
    assert not list(tmp_path.glob("journal/*.jsonl"))
    (manifest,) = (path.read_text() for path in tmp_path.glob("runs/*.json"))
    assert f'"stopped": "{code}"' in manifest
    assert '"state": "partial"' in manifest or Outcome.NOT_RUN not in manifest
    rows = pd.read_parquet(tmp_path / "measurements")
    assert len(rows) == 6
    assert (rows.time_s.notna() == (rows.outcome == Outcome.MEASURED)).all()
    assert not (rows.outcome == Outcome.NOT_RUN).all()
