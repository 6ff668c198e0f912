"""Numbers as text: never nan, never an exponent nobody asked for, digits that mean something."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import words

ANY = st.none() | st.floats()


@given(value=ANY, low=ANY, high=ANY)
def test_what_is_not_known_is_a_dash(value: float | None, low: float | None, high: float | None) -> None:
    """Whatever is missing, no cell says nan, inf or None, and none is empty."""
    positive = [None if one is None or one <= 0 else min(one, 1e6) for one in (value, low, high)]
    for shown in (
        words.time(positive[0]),
        words.time_span(*positive[1:]),
        words.ratio(*positive),
        words.per_second(positive[0], positive[1]),
        words.share(positive[0]),
    ):
        assert shown
        assert not {"nan", "inf", "None"} & set(shown.replace("[", " ").replace(",", " ").split())


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((1.0, 0.9995, 1.0005), "1.0000 [0.9995, 1.0005]"),
        ((0.8, 0.79, 0.81), "0.80 [0.79, 0.81]"),
        ((12.3, 8.0, 19.0), "12.30 [8.00, 19.00]"),
        ((0.0101, 0.0100, 0.0102), "0.0101 [0.0100, 0.0102]"),
        ((1.0, 1.0, 1.0), "1.00 [1.00, 1.00]"),
        ((0.5, None, None), "0.50"),
        ((math.nan, None, None), "–"),
    ],
)
def test_a_ratio_shows_as_many_digits_as_its_interval_supports(
    numbers: tuple[float, float | None, float | None], shown: str
) -> None:
    assert words.ratio(*numbers) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (1.20e-3, 1.26e-3, "1.20 to 1.26 ms"),
        (1.2000e-3, 1.2004e-3, "1.2000 to 1.2004 ms"),
        (0.9e-3, 1.1e-3, "0.90 to 1.10 ms"),
        (None, 1.0, "–"),
    ],
)
def test_both_ends_of_a_time_have_one_unit(low: float | None, high: float, shown: str) -> None:
    assert words.time_span(low, high) == shown


def test_the_rate_is_operations_or_else_bytes_or_else_things() -> None:
    assert words.per_second(2e9, 3e9) == "2.00 GFLOP/s"
    assert words.per_second(None, 3e9) == "3.00 GB/s"
    assert words.per_second(None, None, 120.0, "images") == "120 images/s"
    assert words.per_second(None, None) == words.UNKNOWN
