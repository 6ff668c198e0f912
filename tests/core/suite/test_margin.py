"""Margins say which differences matter. They change no case, and a suite only where somebody chose one."""

from __future__ import annotations

import pytest

from harness.suite.load import load_suite
from harness.suite.model import Measure

from .conftest import Load, Refuse

CASES = """\
cases:
  - {id: a, workload: matmul, matrix: {m: [1, 2]}, n: 3, k: 4%s}
  - {id: b, workload: matmul, m: 5, n: 3, k: 4}
"""
PLAIN = CASES % ""
OWN = CASES % ", margin: 5%"


def test_a_margin_is_the_suites_or_the_entrys_own(load: Load) -> None:
    suite = load(f"measure: {{margin: 1.5%}}\n{OWN}")
    assert suite.measure.margin == 0.015
    assert [case.margin for case in suite.cases] == [0.05, 0.05, None]
    assert suite.margins == {suite.cases[0].key: 0.05, suite.cases[1].key: 0.05}


def test_without_one_it_is_two_per_cent(load: Load) -> None:
    suite = load(PLAIN)
    assert suite.measure.margin == Measure().margin == 0.02
    assert suite.margins == {}


def test_a_margin_is_no_part_of_a_case(load: Load) -> None:
    assert [case.key for case in load(OWN).cases] == [case.key for case in load(PLAIN).cases]
    assert [case.name for case in load(OWN).cases] == [case.name for case in load(PLAIN).cases]


def test_a_margin_that_somebody_chose_makes_another_suite(load: Load) -> None:
    plain = load(PLAIN).hash
    assert load(f"measure: {{margin: 2%}}\n{PLAIN}").hash == plain
    assert len({plain, load(OWN).hash, load(f"measure: {{margin: 3%}}\n{PLAIN}").hash}) == 3


def test_it_can_be_set_from_the_command_line(load: Load) -> None:
    load(PLAIN)
    assert load_suite("suite.yaml", overrides=["measure.margin=0.5%"]).measure.margin == 0.005


@pytest.mark.parametrize("written", ["2", "0%", "60%", "two", "null", "[2%]"])
def test_what_is_no_share_is_refused_at_its_place(refuse: Refuse, written: str) -> None:
    (finding,) = refuse(CASES % f", margin: {written}")
    assert finding.line == 4
    (finding,) = refuse(f"measure: {{margin: {written}}}\n{PLAIN}")
    assert finding.line == 3
