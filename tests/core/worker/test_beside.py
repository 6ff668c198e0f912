"""Beside each block of an arm stand a sentinel, if it is told what to stand beside, and what the device shows."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.gauge import Reading
from harness.measure import sentinel
from harness.testing.virtual import QueueBackend, VirtualClock
from harness.worker import beside
from harness.worker.arm import Arm
from tests.core.worker.arms import arm_of

INNER = 100


class Dial:
    """A gauge that counts its readings."""

    def __init__(self) -> None:
        self.count = 0

    def read(self) -> Reading:
        self.count += 1
        return Reading(clock_mhz=1000.0 + self.count, power_mw=5.0, flags="throttled:power" if self.count > 1 else "")


def arm(clock: VirtualClock, **options: Any) -> Arm:
    made = arm_of(QueueBackend(clock), clock, **options)
    made.prepare()
    return made


def test_without_the_length_of_a_call_nothing_stands_beside_a_block() -> None:
    (block,) = arm(VirtualClock()).throughput(INNER)["blocks"]
    assert block["sentinel_ns"] is None
    assert "clock_mhz" not in block


def test_a_sentinel_runs_before_the_primer_and_its_time_stands_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    asked: list[sentinel.Resource] = []

    def scripted(resource: sentinel.Resource) -> sentinel.Work:
        asked.append(resource)
        return lambda: clock.spend(1_000)

    monkeypatch.setattr(beside, "piece", scripted)
    plain, watched = arm(VirtualClock()).throughput(INNER), arm(clock).throughput(INNER, call_ns=9_000.0)
    assert asked == ["dispatch"]
    assert watched["blocks"][0]["sentinel_ns"] == 1_000
    assert watched["blocks"][0]["start_ns"] == plain["blocks"][0]["start_ns"] + 1_000
    assert watched["blocks"][0]["wall_ns"] == plain["blocks"][0]["wall_ns"]


def test_an_arm_keeps_the_sentinel_that_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[sentinel.Resource] = []

    def scripted(resource: sentinel.Resource) -> sentinel.Work:
        asked.append(resource)
        return lambda: None

    monkeypatch.setattr(beside, "piece", scripted)
    made = arm(VirtualClock())
    for call_ns in (9_000.0, 90_000.0):
        made.throughput(INNER, call_ns=call_ns)
    assert asked == ["dispatch"]


def test_long_calls_of_an_accelerator_have_no_sentinel() -> None:
    (block,) = arm(VirtualClock()).throughput(INNER, call_ns=1e6)["blocks"]
    assert block["sentinel_ns"] is None


def test_the_gauge_is_read_once_after_each_block_and_not_for_single_calls() -> None:
    dial = Dial()
    made = arm(VirtualClock(), gauge=dial)
    first, second = (made.throughput(INNER)["blocks"][0] for _ in range(2))
    assert (first["clock_mhz"], first["power_mw"], first["flags"]) == (1001.0, 5.0, "")
    assert (second["clock_mhz"], second["flags"]) == (1002.0, "throttled:power")
    assert "clock_mhz" not in made.latency(3)["blocks"][0]
    assert dial.count == 2
