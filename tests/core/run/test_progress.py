"""What is shown on the way: a bar for a person, a line now and then for a log."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from harness.cli.quickstart import _seen, sentence
from harness.errors import ExitCode
from harness.run.forecast import forecast
from harness.run.progress import Progress
from harness.run.runner import exit_code_of, planned_rows
from harness.run.state import ArmState
from harness.store.record import Outcome
from harness.workloads.convergence import TimeToAccuracy
from harness.workloads.training import Training
from tests.core.run.fakes import PACE, fakes_facts, plan


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_off_a_terminal_a_heartbeat_and_no_control_characters() -> None:
    stream, time = io.StringIO(), Time()
    progress = Progress(stream, clock=time, lines=True)
    for second in range(100):
        time.now = float(second)
        progress.advance(second / 100, None)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert "\x1b" not in stream.getvalue()
    assert lines[-1] == " 90%  about 10 s left"


def test_on_a_terminal_one_line_that_is_cleared() -> None:
    stream, time = io.StringIO(), Time()
    progress = Progress(stream, clock=time, lines=False)
    time.now = 10.0
    progress.phase("set 1 of 5: measuring")
    time.now = 70.0
    progress.advance(0.5, None)
    progress.close()
    assert "[############............]  50%  set 1 of 5: measuring  about 1 min 10 s left" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_making_ready_is_not_taken_for_the_pace_of_measuring() -> None:
    """Two shards: sixty seconds to make one ready, ten to measure it; so it is after a tenth of the first."""
    stream, time = io.StringIO(), Time()
    progress = Progress(stream, clock=time, lines=False)

    def told() -> str:
        time.now += 1e-3  # redrawn, and no time to speak of
        progress._shown = -1.0
        progress._show()
        return stream.getvalue().rsplit("\r", 1)[-1].removesuffix("\x1b[K")

    progress.begins(0.5)
    progress.phase("preparing")
    time.now = 60.0
    progress.phase("measuring")
    progress.advance(0.0, None)
    time.now = 61.0
    progress.advance(0.05, None)
    assert "about 1 min 19 s left" in told()  # 19 of measuring, 60 of making the other one ready
    time.now = 70.0
    progress.advance(0.5, None)
    assert "about 1 min 10 s left" in told()
    progress.begins(1.0)
    progress.phase("preparing")
    time.now = 130.0
    progress.phase("measuring")
    progress.advance(0.5, None)
    assert "about 10 s left" in told()


@pytest.mark.parametrize(("terminal", "bar"), [("xterm", True), ("dumb", False)])
def test_a_terminal_that_cannot_clear_a_line_gets_lines(
    monkeypatch: pytest.MonkeyPatch, terminal: str, *, bar: bool
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", terminal)
    progress = Progress(stream, clock=Time())
    progress.phase("measuring")
    progress.close()
    assert ("\x1b" in stream.getvalue()) is bar


def test_what_did_not_work_is_said_once_and_at_once() -> None:
    stream = io.StringIO()
    progress = Progress(stream, lines=True)
    state = ArmState(arm=plan(8).arms[0])
    state.fail("crashed", "ended by SIGSEGV", "throughput")
    for _ in range(2):
        progress.case_done(state.arm.case, [state], 0)
    assert stream.getvalue() == "m8 on a.plain@cpu: failed: crashed: ended by SIGSEGV (while timing)\n"


@pytest.mark.parametrize(
    ("outcomes", "stopped", "required", "code"),
    [
        (["measured", "refused", "unavailable"], "", False, ExitCode.FINE),
        (["measured", "unavailable"], "", True, ExitCode.UNAVAILABLE),
        (["measured", "failed"], "", False, ExitCode.CASES_FAILED),
        (["invalid"], "", False, ExitCode.CASES_FAILED),
        (["failed", "unavailable"], "", True, ExitCode.UNAVAILABLE),
        (["not-run", "failed"], "budget", False, ExitCode.BUDGET),
        (["not-run"], "interrupt", False, ExitCode.INTERRUPTED),
        (["not-run"], "terminated", False, ExitCode.TERMINATED),
    ],
)
def test_exit_codes(*, outcomes: list[str], stopped: str, required: bool, code: ExitCode) -> None:
    (row, *_) = planned_rows(plan(8), fakes_facts())
    rows = [replace(row, outcome=outcome) for outcome in outcomes]
    assert exit_code_of(rows, stopped=stopped, required=required) == code


def test_every_arm_has_a_row_before_anything_runs() -> None:
    rows = planned_rows(plan(8, 16), fakes_facts())
    assert len({row.key for row in rows}) == len(rows) == 6
    assert {row.outcome for row in rows} == {Outcome.NOT_RUN}
    assert {row.flops for row in rows} == {2 * 8**3, 2 * 16**3}


def test_a_forecast_grows_with_the_work() -> None:
    small, large = (forecast(plan(size), PACE, threads=2) for size in (8, 4096))
    assert small.seconds < large.seconds
    assert small.memory_bytes < large.memory_bytes <= PACE.shard_bytes


def test_how_long_a_training_to_an_accuracy_takes_is_known_as_a_least_alone() -> None:
    """A step's work is known; how many it takes is not."""
    known = plan(8)
    for kind, at_least in ((TimeToAccuracy, True), (Training, False)):
        workload = kind(model="mlp", size="digits", batch=32)
        arms = tuple(replace(arm, case=replace(arm.case, workload=workload)) for arm in known.arms)
        assert forecast(replace(known, arms=arms), PACE, threads=2).at_least is at_least
    assert not forecast(known, PACE, threads=2).at_least


def test_quickstart_survives_an_end_between_the_proof_and_the_first_block() -> None:
    state = ArmState(arm=plan(8).arms[0], proved_sets={0})
    assert _seen(state) == (None, "not reached")


def test_quickstart_says_a_comparison_as_a_sentence() -> None:
    assert sentence("a product", [("torch@cpu", 2e-3, ""), ("jax@cpu", 1e-3, "")]) == (
        "a product:\n    jax@cpu 1.00 ms, torch@cpu 2.00 ms (2.00 x); same answer: yes"
    )
    assert sentence("a product", [("torch@cpu", 1e-3, ""), ("odd@cpu", None, "failed: wrong: no")]).endswith(
        "odd@cpu: failed: wrong: no; same answer: NO (odd@cpu)"
    )
    assert sentence("a product", [("torch@cpu", None, "refused: no")]).endswith("same answer: nothing to compare")
