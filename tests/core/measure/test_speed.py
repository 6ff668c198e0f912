"""The machine's own speed is the best of several, in a time that is bounded."""

from __future__ import annotations

import pytest

from harness.measure.clock import SystemMeter
from harness.measure.speed import _fastest_s, cpu_speed
from tests.core.measure.fakes import ScriptedMeter


def test_the_fastest_counts_the_first_does_not_and_time_is_bounded() -> None:
    meter = ScriptedMeter()
    took = iter([1, 500, 300, 400, 10])
    assert _fastest_s(lambda: meter.spend(next(took)), meter, 1_100) == pytest.approx(300e-9)
    assert next(took) == 10


def test_one_long_call_is_enough() -> None:
    meter = ScriptedMeter()
    assert _fastest_s(lambda: meter.spend(10**9), meter, 1_000) == pytest.approx(1.0)
    assert meter.time_ns < 3 * 10**9


@pytest.mark.parametrize("threads", [1, 2])
def test_every_rate_is_there_and_memory_is_the_best_of_them(threads: int) -> None:
    found = cpu_speed(threads=threads, cache_bytes=0, free_bytes=2**40, meter=SystemMeter(), each_ns=1)
    assert set(found) == {"float32", "float64", "read", "copy", "triad", "memory"}
    assert found["memory"] == max(found["read"], found["copy"], found["triad"])
    assert min(found.values()) > 0


def test_where_memory_is_scarce_only_products_are_measured() -> None:
    found = cpu_speed(threads=1, cache_bytes=0, free_bytes=10**6, meter=SystemMeter(), each_ns=1)
    assert set(found) == {"float32", "float64"}
