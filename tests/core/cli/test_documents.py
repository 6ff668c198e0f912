"""What is printed as JSON is JSON: strict readers take it, whatever number a run came to."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.documents import show_document
from harness.core.sayable import sayable

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def refuse(word: str) -> NoReturn:
    raise AssertionError(word)


@given(st.dictionaries(st.text(), PLAIN))
def test_what_is_said_is_read_again_by_a_strict_reader(values: dict[str, Any]) -> None:
    assert json.loads(json.dumps(sayable(values), allow_nan=False), parse_constant=refuse) == sayable(values)


def test_what_is_no_number_is_null_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    show_document(
        {"error": math.inf, "losses": (0.5, math.nan), "deep": {"low": [-math.inf, 1]}, "name": "NaN"}, indent=None
    )
    assert (
        capsys.readouterr().out == '{"error": null, "losses": [0.5, null], "deep": {"low": [null, 1]}, "name": "NaN"}\n'
    )


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text()))
def test_nothing_else_is_changed(values: dict[str, Any]) -> None:
    assert sayable(values) == values
