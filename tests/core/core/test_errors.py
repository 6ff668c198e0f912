"""Deliberate errors and the codes that commands end with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import errors
from harness.errors import PRECEDENCE, ExitCode, Finding, HarnessError, SuiteError, first_of


def tree() -> list[type[HarnessError]]:
    found = [HarnessError]
    for known in found:
        found += known.__subclasses__()
    return [known for known in found if known.__module__ == "harness.errors"]


def test_every_exit_code_has_its_place_in_the_order_of_precedence() -> None:
    assert sorted(PRECEDENCE) == sorted(ExitCode)


def test_when_several_codes_hold_the_documented_one_wins() -> None:
    assert first_of([ExitCode.CASES_FAILED, ExitCode.BUDGET]) is ExitCode.BUDGET
    assert first_of([ExitCode.REGRESSION, ExitCode.CASES_FAILED]) is ExitCode.CASES_FAILED
    assert first_of([ExitCode.UNDECIDED, ExitCode.REGRESSION]) is ExitCode.REGRESSION
    assert first_of([ExitCode.FINE]) is ExitCode.FINE
    assert first_of([]) is ExitCode.FINE


@given(st.lists(st.sampled_from(list(ExitCode)), min_size=1))
def test_the_winner_does_not_depend_on_the_order_in_which_codes_come(codes: list[ExitCode]) -> None:
    assert first_of(codes) is first_of(reversed(codes)) is first_of(set(codes))
    assert first_of(codes) in codes


def test_the_drawn_tree_is_the_tree() -> None:
    """The docstring draws every class with the code it ends with."""
    drawn = dict(re.findall(r"[├└]── (\w+)\s+(\d+)", errors.__doc__ or ""))
    assert drawn == {known.__name__: str(known.exit_code.value) for known in tree() if known is not HarnessError}


@pytest.mark.parametrize("known", [known for known in tree() if known is not SuiteError])
def test_every_error_says_what_happened_and_what_to_do(known: type[HarnessError]) -> None:
    assert str(known("it broke", remedy="mend it")) == "it broke\n  mend it"
    assert str(known("it broke")) == "it broke"


def test_a_suite_error_tells_all_findings_at_once() -> None:
    first = Finding(file="a.yaml", line=3, column=5, message="unknown key 'dtpye'", hint="did you mean 'dtype'?")
    second = Finding(file="a.yaml", line=9, column=1, message="two equal cases")
    error = SuiteError([first, second])
    assert str(error) == ("a.yaml:3:5: unknown key 'dtpye'\n  did you mean 'dtype'?\na.yaml:9:1: two equal cases")
    assert error.findings == (first, second)
    assert error.exit_code is ExitCode.USAGE
