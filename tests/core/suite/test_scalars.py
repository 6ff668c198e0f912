"""Scalars mean what they look like, by the YAML 1.2 core rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.scalars import LARGEST, Scalar, ScalarRefused, read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-1.25", -1.25),
        ("12", 12),
        ("-7", -7),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("null", None),
        # YAML 1.1 makes something else of each of these
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("2026-01-02", "2026-01-02"),
        ("1.2.3", "1.2.3"),
        ("20s", "20s"),
        ("1%", "1%"),
        ("=", "="),
    ],
)
def test_a_scalar_reads_as_it_looks(text: str, value: Scalar) -> None:
    read = read_scalar(text)
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("010", "010 has a leading zero"),
        ("-007", "-007 has a leading zero"),
        (".inf", ".inf is not a finite number"),
        ("-.INF", "-.INF is not a finite number"),
        (".nan", ".nan is not a finite number"),
        ("1e400", "1e400 is too large or too long"),
        ("1e30", "1e30 is too large or too long"),
        (str(LARGEST + 1), "9223372036854775808 is too large"),
        ("9" * 5000, "999999999999999999999999... (5000 characters) is too large"),
        ("0x" + "f" * 5000, "0xffffffffffffffffffffff... (5002 characters) is too large"),
        ("1." + "0" * 5000, "1.0000000000000000000000... (5002 characters) is too large or too long"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScalarRefused) as caught:
        read_scalar(text)
    assert caught.value.message == message
    assert caught.value.hint


def test_a_leading_zero_is_answered_with_the_number_to_write() -> None:
    with pytest.raises(ScalarRefused) as caught:
        read_scalar("0010")
    assert caught.value.hint.endswith("write 10")


@given(st.integers(-LARGEST, LARGEST))
def test_every_whole_number_in_range_is_itself(number: int) -> None:
    assert read_scalar(str(number)) == number


@given(st.text(alphabet="0123456789.eExX+-_:oabfn~%", max_size=40))
def test_nothing_but_a_refusal_comes_out(text: str) -> None:
    try:
        value = read_scalar(text)
    except ScalarRefused:
        return
    assert value is None or isinstance(value, str | int) or abs(value) <= LARGEST
