"""Readings become reasons where they are large enough to move a time; anything else in their place is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.readings import Code, Reason, reasons_of


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        ({"foreign": 0.05}, Code.FOREIGN),
        ({"steal": 0.01}, Code.STEAL),
        ({"held_back": 0.005}, Code.HELD_BACK),
        ({"waited": 0.05}, Code.WAITED),
        ({"pressure": {"memory": 0.01}}, Code.PRESSURE_MEMORY),
        ({"pressure": {"io": 0.1}}, Code.PRESSURE_IO),
        ({"major_faults": 100}, Code.FAULTS),
        ({"clock_mhz": [1000.0, 1100.0]}, Code.CLOCK),
        ({"throttled": {"thermal": 0.01}}, Code.THROTTLED),
        ({"gpu_processes": 1}, Code.GPU_PROCESSES),
        ({"sentinel": {"slowdown": 1.1}}, Code.SLOWDOWN),
        ({"sentinel": {"scatter": 0.1}}, Code.SCATTER),
    ],
)
def test_a_reading_that_is_worth_a_word(reading: dict[str, Any], code: Code) -> None:
    (found,) = reasons_of([reading])
    assert found.code is code


@pytest.mark.parametrize(
    "reading",
    [
        {},
        {"foreign": None, "pressure": None, "throttled": None, "sentinel": None, "clock_mhz": None},
        {"foreign": 0.049, "steal": 0.009, "waited": 0.049, "major_faults": 99, "gpu_processes": 0},
        {"pressure": {"cpu": 1.0, "memory": 0.009, "io": 0.09}},
        {"clock_mhz": [1000.0, 1099.0]},
        {"throttled": {"thermal": 0.009}},
        {"sentinel": {"slowdown": 1.09, "scatter": 0.09}},
        {"foreign": "much", "clock_mhz": "fast", "throttled": ["power"], "sentinel": 3, "steal": True},
    ],
)
def test_a_reading_that_is_none(reading: dict[str, Any]) -> None:
    assert reasons_of([reading]) == ()


def test_a_reason_is_told_by_its_mean_and_its_worst_set() -> None:
    found = reasons_of([{"foreign": 0.0}, {"foreign": 0.5}, {"foreign": None}])
    assert found == (Reason(code=Code.FOREIGN, value=0.25, worst=0.5),)


def test_clocks_of_all_sets_make_one_range() -> None:
    sets: list[dict[str, Any]] = [{"clock_mhz": [1500.0, 1510.0]}, {"clock_mhz": [1200.0, 1210.0]}, {"clock_mhz": None}]
    assert reasons_of(sets) == (Reason(code=Code.CLOCK, value=1200.0, worst=1510.0),)


def test_each_cause_of_throttling_is_a_reason() -> None:
    found = reasons_of([{"throttled": {"power": 0.5}}, {"throttled": {"power": 0.25, "thermal": 0.25}}])
    assert found == (
        Reason(code=Code.THROTTLED, value=0.375, worst=0.5, detail="power"),
        Reason(code=Code.THROTTLED, value=0.125, worst=0.25, detail="thermal"),
    )


def test_other_people_s_work_is_told_first() -> None:
    found = reasons_of([{"sentinel": {"scatter": 0.5}, "steal": 0.5, "foreign": 0.5}])
    assert [reason.code for reason in found] == [Code.FOREIGN, Code.STEAL, Code.SCATTER]


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["foreign", "clock_mhz", "throttled", "sentinel"]), anything), max_size=3)
)
def test_whatever_stands_in_a_manifest_is_read_without_an_error(sets: list[dict[str, Any]]) -> None:
    for reason in reasons_of(sets):
        assert isinstance(reason.code, Code)
