"""Numbers for people, and people's numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core import units
from harness.errors import UsageError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 ns"),
        (1.0, "1.00 s"),
        (0.99951, "1.00 s"),
        (12.34, "12.3 s"),
        (1234.5, "1234 s"),
        (0.0021, "2.10 ms"),
        (3.2e-6, "3.20 µs"),
        (4e-9, "4.00 ns"),
        (4e-12, "0.00400 ns"),
        (-0.5, "-500 ms"),
    ],
)
def test_durations(value: float, text: str) -> None:
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.5e12, "1.50 TFLOP/s"), (999.6e9, "1.00 TFLOP/s"), (12.0, "12.0 FLOP/s"), (2e15, "2.00 PFLOP/s")],
)
def test_rates(value: float, text: str) -> None:
    assert units.rate(value, "FLOP/s") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (1, "1 B"), (1023, "1023 B"), (65536, "64 KiB"), (1536, "1.50 KiB"), (2**40, "1 TiB")],
)
def test_sizes(value: int, text: str) -> None:
    assert units.size(value) == text


@given(st.floats(1e-9, 1e6))
def test_a_duration_keeps_three_digits(value: float) -> None:
    assert units.read_seconds(units.seconds(value)) == pytest.approx(value, rel=0.006)


@given(st.integers(1, 2**50))
def test_a_size_keeps_three_digits(value: int) -> None:
    assert units.read_bytes(units.size(value)) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(
    ("text", "value"), [("20s", 20.0), ("500ms", 0.5), ("10m", 600.0), ("1.5 h", 5400.0), (" 2min ", 120.0)]
)
def test_durations_are_read(text: str, value: float) -> None:
    assert units.read_seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "s", "20", "-1s", "1e3s", "20 parsecs", "1.s", "nan s", "\u0661s", "9" * 16 + "s"]
)
def test_what_is_no_duration_is_refused_with_the_units_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration") as caught:
        units.read_seconds(text)
    assert "ms" in str(caught.value.remedy)


def test_shares_and_sizes_are_read() -> None:
    assert units.read_share("0.5%") == pytest.approx(0.005)
    assert units.read_bytes("1kB") == 1000
    with pytest.raises(UsageError, match="is not a share"):
        units.read_share("0.5")
    with pytest.raises(UsageError, match="is not a size"):
        units.read_bytes("2 GiBs")
