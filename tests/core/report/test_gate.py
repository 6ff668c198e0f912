"""The decision of a gate: each verdict alone, several at once, and what is allowed."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ExitCode
from harness.report.comparison import Page
from harness.report.gate import ALLOWABLE, CLOSING, JUDGED, Decision, closes, decide
from harness.stats.verdict import Verdict
from tests.core.report.judged import comparison, judgement, line, page

BEYOND = (1.04, 1.001, 1.08)  # a difference, of no proved size, measured beyond the margin


def of(*verdicts: Verdict, allowed: Collection[Verdict] = ()) -> Decision:
    return decide(page(*(line(verdict, f"case[{at}]") for at, verdict in enumerate(verdicts))), allowed=allowed)


@pytest.mark.parametrize(
    ("verdict", "code", "bisect"),
    [
        (Verdict.REGRESSED, 3, 1),
        (Verdict.IMPROVED, 0, 0),
        (Verdict.EQUIVALENT, 0, 0),
        (Verdict.SMALL_CHANGE, 0, 0),
        (Verdict.NEW, 0, 0),
        (Verdict.INCONCLUSIVE, 4, 125),
        (Verdict.MISSING, 4, 125),
        (Verdict.NOT_COMPARABLE, 4, 125),
        (Verdict.FAILED, 1, 125),
        (Verdict.INVALID, 1, 125),
    ],
)
def test_each_verdict_beside_one_that_is_fine(verdict: Verdict, code: int, bisect: int) -> None:
    decision = of(Verdict.EQUIVALENT, verdict)
    assert (decision.exit_code, decision.bisect_code, decision.passed) == (code, bisect, code == 0)
    assert [reason.verdict for reason in decision.closing] == ([verdict] if code else [])


def test_every_verdict_is_one_or_the_other() -> None:
    assert {verdict for verdict in Verdict if of(Verdict.EQUIVALENT, verdict).passed} == set(Verdict) - {
        *CLOSING.keys() - {Verdict.SMALL_CHANGE}
    }


def test_a_small_change_measured_beyond_the_margin_is_undecided() -> None:
    """Or 1.04 (1.001 to 1.08) would open the gate that 1.04 (0.999 to 1.08) keeps closed."""
    slower = line(Verdict.SMALL_CHANGE, ratio=BEYOND)
    assert decide(page(slower)).exit_code == 4
    assert decide(page(slower), allowed={Verdict.SMALL_CHANGE}).exit_code == 0
    assert decide(page(line(Verdict.SMALL_CHANGE, ratio=BEYOND, margin=0.05))).exit_code == 0
    assert decide(page(line(Verdict.SMALL_CHANGE, ratio=(0.96, 0.92, 0.999)))).exit_code == 0


def test_a_regression_that_only_its_neighbours_make_doubtful_is_undecided() -> None:
    """Alone it would have been one; among many it may be chance, and that is no reason to let it through."""
    assert not closes(line(Verdict.SMALL_CHANGE))
    assert closes(line(Verdict.SMALL_CHANGE, ratio=(1.10, 1.03, 1.18)))


def test_the_weightiest_code_wins_and_all_are_told() -> None:
    decision = of(Verdict.MISSING, Verdict.REGRESSED, Verdict.FAILED, Verdict.EQUIVALENT)
    assert decision.exit_code == 1
    assert [int(code) for code in decision.codes] == [1, 3, 4]
    assert [reason.verdict for reason in decision.closing] == [Verdict.FAILED, Verdict.REGRESSED, Verdict.MISSING]


def test_a_proved_regression_is_bad_for_bisect_whatever_else_failed() -> None:
    assert of(Verdict.REGRESSED, Verdict.FAILED, Verdict.MISSING).bisect_code == 1


def test_what_is_allowed_by_name_does_not_close_and_is_still_told() -> None:
    decision = of(Verdict.EQUIVALENT, Verdict.MISSING, Verdict.MISSING, allowed={Verdict.MISSING})
    assert decision.passed
    assert [(reason.verdict, len(reason.lines)) for reason in decision.allowed] == [(Verdict.MISSING, 2)]
    other = of(Verdict.EQUIVALENT, Verdict.MISSING, Verdict.FAILED, allowed={Verdict.MISSING})
    assert other.exit_code == 1


def test_the_confirmation_decides() -> None:
    refuted = line(Verdict.REGRESSED, confirmed=judgement(Verdict.EQUIVALENT))
    upheld = line(Verdict.REGRESSED, confirmed=judgement(Verdict.REGRESSED))
    unsure = line(Verdict.REGRESSED, confirmed=judgement(Verdict.INCONCLUSIVE))
    assert [decide(page(each)).exit_code for each in (refuted, upheld, unsure)] == [0, 3, 4]


def test_the_slowest_regression_is_told_first() -> None:
    lines = [
        line(Verdict.REGRESSED, f"case[{at}]", ratio=(ratio, ratio, ratio)) for at, ratio in enumerate((1.1, 1.3, 1.2))
    ]
    (reason,) = decide(page(*lines)).closing
    assert [told.line.case for told in reason.lines] == ["case[1]", "case[2]", "case[0]"]


def test_nothing_to_compare_is_no_pass() -> None:
    for nothing in (Page(comparisons=()), page()):
        decision = decide(nothing)
        assert (decision.exit_code, decision.bisect_code) == (ExitCode.NOTHING, 125)


@pytest.mark.parametrize(
    "verdict", [Verdict.NEW, Verdict.MISSING, Verdict.NOT_COMPARABLE, Verdict.FAILED, Verdict.INCONCLUSIVE]
)
def test_where_not_one_pair_was_judged_the_gate_stays_closed_whatever_is_allowed(verdict: Verdict) -> None:
    decision = of(verdict, verdict, allowed=ALLOWABLE)
    assert (decision.exit_code, decision.passed, decision.bisect_code) == (ExitCode.UNDECIDED, False, 125)


def test_verdicts_that_were_withheld_or_rest_on_too_few_sets_open_nothing() -> None:
    """Whatever the ratio: these runs said nothing of it."""
    slower = (1.5, 1.45, 1.55)
    withheld = line(Verdict.INCONCLUSIVE, ratio=slower, withheld=True, detail="the reference beside itself came out")
    few = line(Verdict.INCONCLUSIVE, "b", ratio=slower, detail="3 of 5 process-sets")
    decision = decide(page(withheld, few), allowed=ALLOWABLE)
    assert (decision.exit_code, decision.bisect_code, decision.judged) == (ExitCode.UNDECIDED, 125, 0)
    beside = decide(page(withheld, few, line(Verdict.EQUIVALENT, "c")), allowed=ALLOWABLE)
    assert (beside.exit_code, beside.judged, beside.lines) == (0, 1, 3)


def test_all_comparisons_of_a_page_count() -> None:
    both = Page(comparisons=(comparison(line(Verdict.EQUIVALENT)), comparison(line(Verdict.REGRESSED))))
    decision = decide(both)
    assert (decision.exit_code, decision.lines) == (3, 2)
    assert decision.counts == {Verdict.REGRESSED: 1, Verdict.EQUIVALENT: 1}


def test_no_two_verdicts_together_open_what_one_closes() -> None:
    for first, second in itertools.product(Verdict, Verdict):
        alone = of(Verdict.EQUIVALENT, first)
        if not alone.passed:
            assert not of(Verdict.EQUIVALENT, first, second).passed


VERDICTS = st.lists(st.sampled_from(list(Verdict)), max_size=12)


@given(VERDICTS, st.sets(st.sampled_from(ALLOWABLE)))
def test_a_gate_opens_only_on_proof(verdicts: list[Verdict], allowed: set[Verdict]) -> None:
    decision = of(*verdicts, allowed=allowed)
    closing = set(verdicts) & (CLOSING.keys() - {Verdict.SMALL_CHANGE} - allowed)
    proved = set(verdicts) & {Verdict.REGRESSED, Verdict.IMPROVED, Verdict.EQUIVALENT, Verdict.SMALL_CHANGE}
    assert decision.passed == (not closing and bool(proved))
    assert decision.judged == sum(verdict in JUDGED for verdict in verdicts)
    assert (decision.bisect_code == 0) == decision.passed
    assert (decision.bisect_code == 1) == (Verdict.REGRESSED in verdicts)
    assert decision.exit_code in (decision.codes or (0,))


@given(VERDICTS)
def test_the_order_of_lines_does_not_matter(verdicts: list[Verdict]) -> None:
    assert of(*verdicts).codes == of(*sorted(verdicts, key=str)).codes
