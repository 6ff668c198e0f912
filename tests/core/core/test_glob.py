"""Patterns mean what they look like, and none of them takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.glob import matches

SMALL = st.text(alphabet="ab[]", max_size=12)


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("square*", "square[m=128]", True),
        ("square[m=128]", "square[m=128]", True),
        ("square[m=*]::torch*", "square[m=128]::torch.eager@cpu", True),
        ("square[m]", "squarem", False),
        ("m=?", "m=8", True),
        ("m=?", "m=", False),
        ("", "", True),
        ("*", "", True),
        ("a*b", "acb", True),
        ("a*b", "acbd", False),
    ],
)
def test_brackets_are_plain_and_stars_are_not(pattern: str, text: str, wanted: bool) -> None:
    assert matches(pattern, text) is wanted


@given(st.text(alphabet="ab[]*?", max_size=10), SMALL)
def test_it_agrees_with_a_regular_expression(pattern: str, text: str) -> None:
    meant = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    assert matches(pattern, text) == bool(re.fullmatch(meant, text, re.DOTALL))


def test_a_hostile_pattern_ends_at_once() -> None:
    """A regular expression made of it would go back and forth for longer than the universe lasts."""
    assert not matches("*a" * 300 + "*b", "a" * 400)
