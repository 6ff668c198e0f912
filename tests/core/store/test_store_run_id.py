"""The name of a run."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from harness.store.run_id import is_run_id, new_run_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 10**17).map(lambda microseconds: EPOCH + timedelta(microseconds=microseconds))


@given(earlier=MOMENTS, later=MOMENTS)
def test_names_sort_by_time_to_the_millisecond(earlier: datetime, later: datetime) -> None:
    if later - earlier < timedelta(milliseconds=1):
        later = earlier + timedelta(milliseconds=1)
    # The larger random part goes to the earlier run: time alone must decide.
    assert new_run_id(earlier, random=lambda n: b"\xff" * n) < new_run_id(later, random=bytes)


@given(moment=MOMENTS)
def test_names_are_safe_in_every_file_system_and_no_partition(moment: datetime) -> None:
    name = new_run_id(moment)
    assert re.fullmatch(r"[0-9TZa-f-]+", name)
    assert is_run_id(name)


def test_runs_of_one_millisecond_do_not_collide() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert len({new_run_id(moment) for _ in range(10_000)}) == 10_000


def test_what_is_no_name_is_not_taken_for_one() -> None:
    assert not any(map(is_run_id, ("", "../x", "latest", new_run_id() + "\n", new_run_id() + "/..")))
