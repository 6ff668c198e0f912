"""A decision in words: the sentence first, then the lines that matter, whatever names they hold."""

from __future__ import annotations

import json
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import gate_page, gate_words, verdicts
from harness.report.comparison import Comparison, How, Page, Side, Unmeasured
from harness.report.gate import ALLOWABLE, decide
from harness.stats.verdict import Verdict
from tests.core.report.judged import comparison, judgement, line, page

RUN = "20260102T030405678Z-0123456789ab"


def said(shown: Page, allowed: Collection[Verdict] = ()) -> str:
    return gate_words.said(decide(shown, allowed=allowed), shown)


def told(shown: Page, allowed: Collection[Verdict] = (), warnings: Collection[str] = ()) -> str:
    return gate_words.text(decide(shown, allowed=allowed), shown, list(warnings))


def test_a_pass_says_of_how_many_and_within_what() -> None:
    shown = page(line(Verdict.EQUIVALENT), line(Verdict.EQUIVALENT, "b"), line(Verdict.IMPROVED, "c"))
    assert said(shown) == "PASS: of 3 arms none is slower by more than 2 %: 1 improved, 2 equivalent"


def test_margins_of_their_own_are_not_called_one() -> None:
    shown = page(line(Verdict.EQUIVALENT), line(Verdict.EQUIVALENT, "b", margin=0.05))
    assert said(shown) == "PASS: of 2 arms none is slower by more than its margin: 2 equivalent"


def test_a_pass_names_what_was_allowed() -> None:
    shown = page(line(Verdict.EQUIVALENT), line(Verdict.MISSING, "b"))
    assert said(shown, {Verdict.MISSING}).endswith(": 1 equivalent; allowed: 1 missing")
    assert "missing (allowed):\n  torch@cpu at b is missing: why it is missing\n" in told(shown, {Verdict.MISSING})


def test_a_pass_claims_nothing_of_what_was_not_judged() -> None:
    equal, open_, new = line(Verdict.EQUIVALENT), line(Verdict.INCONCLUSIVE, "b"), line(Verdict.NEW, "c")
    assert said(page(equal, open_, open_), {Verdict.INCONCLUSIVE}) == (
        "PASS: of 3 arms 1 was judged, and it is not slower by more than 2 %: 1 equivalent; allowed: 2 undecided"
    )
    assert said(page(equal, equal, open_, new), {Verdict.INCONCLUSIVE}) == (
        "PASS: of 4 arms 2 were judged, and none of them is slower by more than 2 %: 2 equivalent, 1 new; "
        "allowed: 1 undecided"
    )
    assert said(page(equal, new)).startswith("PASS: of 2 arms 1 was judged, and it is not slower")


def test_a_doubtful_change_that_is_let_through_is_not_called_within_the_margin() -> None:
    doubtful = line(Verdict.SMALL_CHANGE, ratio=(1.04, 1.001, 1.08))
    assert said(page(doubtful), {Verdict.SMALL_CHANGE}) == (
        "PASS: of 1 arm none is surely slower by more than 2 %; allowed: 1 slower, but not surely beyond the margin"
    )
    assert said(page(doubtful, line(Verdict.EQUIVALENT, "b")), {Verdict.SMALL_CHANGE}) == (
        "PASS: of 2 arms none is surely slower by more than 2 %: 1 equivalent; "
        "allowed: 1 slower, but not surely beyond the margin"
    )


def test_a_fail_says_why_and_with_which_code() -> None:
    shown = page(
        line(Verdict.REGRESSED),
        line(Verdict.REGRESSED, "b"),
        line(Verdict.INCONCLUSIVE, "c"),
        line(Verdict.SMALL_CHANGE, "d", ratio=(1.04, 1.001, 1.08)),
        line(Verdict.SMALL_CHANGE, "e"),
    )
    assert said(shown) == (
        "FAIL, exit code 3: of 5 arms 2 regressed, 1 undecided, 1 slower, but not surely beyond the margin; "
        "the others: 1 changed a little"
    )


def test_nothing_to_compare_and_nothing_judged_have_words_of_their_own() -> None:
    assert said(Page(comparisons=())) == "FAIL, exit code 5: there is nothing to compare"
    shown = page(line(Verdict.NOT_COMPARABLE), line(Verdict.NEW, "b"))
    wanted = "FAIL, exit code 4: not one of 2 arms could be judged: 1 not comparable, 1 new"
    assert said(shown) == said(shown, ALLOWABLE) == wanted
    undecided = page(line(Verdict.INCONCLUSIVE))
    assert said(undecided, ALLOWABLE) == "FAIL, exit code 4: not one of 1 arm could be judged: 1 undecided"


def test_the_text_begins_with_the_verdict_and_what_was_compared() -> None:
    shown = page(line(Verdict.REGRESSED), detectable=0.004, confirmed_by="20260102T030506789Z-0123456789ab")
    lines = told(shown).splitlines()
    assert lines[0] == "FAIL, exit code 3: of 1 arm 1 regressed"
    assert " ".join(each.strip() for each in lines[1:4]).startswith(
        f"jax@cpu beside torch@cpu in the run {RUN}, one session; margin 2 %; differences of 0.4 % could be seen; "
        "flagged cases measured again in 20260102T030506789Z-0123456789ab"
    )
    assert lines[4:6] == ["", "regressed:"]
    assert any(each.startswith("  jax@cpu is 1.10 x slower than torch@cpu at square[m=128] (1.08 to") for each in lines)


def test_two_runs_are_named_whole() -> None:
    base = Side(run_id="20260101T030405678Z-0123456789ab", suite="gemm")
    shown = gate_words.sides(comparison(line(Verdict.EQUIVALENT), base=base, how=How.THROUGH, anchor="numpy@cpu"))
    assert shown == f"{RUN}::jax@cpu beside {base.run_id}, through an anchor numpy@cpu; margin 2 %"


def test_what_is_to_be_known_comes_before_the_lines() -> None:
    idle = Unmeasured(case="a", case_key="0" * 16, target="tf@cpu", detail="refused: no")
    shown = page(line(Verdict.EQUIVALENT), unmeasured=(idle,), notes=("the run is partial",))
    text = told(Page(comparisons=shown.comparisons, problems=("a file: odd",)), warnings=["the pin is old"])
    assert [each.strip() for each in text.splitlines()[2:]] == [
        "warning: the pin is old",
        "look at a file: odd",
        "the run is partial",
        "1 arm could be measured on neither side, as before",
    ]


def test_what_fresh_processes_did_not_confirm_is_told_though_it_passes() -> None:
    again = "20260102T030506789Z-0123456789ab"
    refuted = line(Verdict.REGRESSED, confirmed=judgement(Verdict.EQUIVALENT))
    better = line(Verdict.IMPROVED, "b", confirmed=judgement(Verdict.EQUIVALENT))
    text = told(page(refuted, better, confirmed_by=again))
    assert text.startswith("PASS: of 2 arms none is slower by more than 2 %: 2 equivalent\n")
    (_, section) = text.split("\nflagged at first, and not confirmed:\n")
    assert section.count("did not confirm it") == 1
    assert "square[m=128]" in section


def test_many_lines_are_cut_and_counted() -> None:
    shown = page(*(line(Verdict.MISSING, f"case[{at}]") for at in range(23)), line(Verdict.EQUIVALENT))
    text = told(shown)
    assert text.count(" is missing: ") == 20
    assert "  and 3 more; --json has them all\n" in text


@pytest.mark.parametrize(
    ("lines", "more", "advice"),
    [
        ([line(Verdict.FAILED)], {}, f"python -m harness show {RUN} tells how each arm ended"),
        ([line(Verdict.REGRESSED)], {}, "--confirm measures what is flagged again by fresh processes"),
        ([line(Verdict.INCONCLUSIVE)], {}, "more process-sets decide more: measure with --profile rigorous"),
        ([line(Verdict.NOT_COMPARABLE)], {"how": How.REFUSED}, "measure both sides in one session"),
        ([line(Verdict.MISSING)], {}, "--allow missing lets through what it names"),
    ],
)
def test_a_closed_gate_says_what_can_be_done(lines: list[object], more: dict[str, object], advice: str) -> None:
    shown = page(*lines, line(Verdict.EQUIVALENT, "b"), **more)  # type: ignore[arg-type]
    assert any(each.startswith(advice) for each in gate_words.remedies(decide(shown)))


def test_no_advice_that_would_not_help() -> None:
    """A confirmed regression is not confirmed again, and what nobody judged is not let through by --allow."""
    upheld = page(line(Verdict.REGRESSED, confirmed=judgement(Verdict.REGRESSED)))
    assert gate_words.remedies(decide(upheld)) == []
    assert gate_words.remedies(decide(page(line(Verdict.MISSING)))) == []
    assert gate_words.remedies(decide(page(line(Verdict.EQUIVALENT)))) == []
    (advice,) = gate_words.remedies(decide(page(line(Verdict.INCONCLUSIVE)), allowed=ALLOWABLE))
    assert advice.startswith("more process-sets decide more")


def test_markdown_shows_the_same() -> None:
    shown = page(line(Verdict.REGRESSED), line(Verdict.MISSING, "b"))
    text = gate_page.page_of(decide(shown, allowed={Verdict.MISSING}), shown, ["the pin is old"])
    assert text.splitlines() == [
        "### FAIL, exit code 3: of 2 arms 1 regressed; allowed: 1 missing",
        "",
        f"- `jax@cpu` beside `torch@cpu` in the run `{RUN}`, one session; margin 2 %",
        "- warning: the pin is old",
        "",
        "**regressed: 1**",
        "",
        "- `jax@cpu` is 1.10 x slower than `torch@cpu` at `square[m=128]` (1.08 to 1.12, 5 sets); not measured again",
        "",
        "**missing (allowed): 1**",
        "",
        "- `torch@cpu` at `b` is missing: why it is missing",
        "",
        "What can be done:",
        "",
        "- --confirm measures what is flagged again by fresh processes, and that decides",
    ]


@pytest.mark.parametrize("budget", [400, 1000, 60 << 10])
def test_markdown_stays_within_its_budget_and_counts_what_is_left_out(budget: int) -> None:
    shown = page(*(line(Verdict.MISSING, f"größer[m={at}]") for at in range(1000)), line(Verdict.EQUIVALENT))
    text = gate_page.page_of(decide(shown), shown, budget=budget)
    assert len(text.encode()) <= budget
    assert text.startswith("### FAIL")
    assert ("Left out for want of room" in text) == (budget < 2000)
    assert "and 950 more" in gate_page.page_of(decide(shown), shown)


TEXTS = st.text(max_size=20)


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(list(Verdict)), st.sampled_from(list(How)))
def test_whatever_names_there_are_they_stay_text(
    case: str, target: str, detail: str, verdict: Verdict, how: How
) -> None:
    side = Side(run_id=RUN, suite=case, target=target)
    shown = page(line(verdict, case, base=target, new=target, detail=detail), how=how, base=side, anchor=detail)
    decision = decide(shown)
    text = gate_words.text(decision, shown, [detail])
    assert "\x1b" not in text
    assert all(len(each) <= 100 for each in text.splitlines() if " " in each.strip())
    gate_page.page_of(decision, shown, [detail]).encode("utf-8")
    document = verdicts.document(shown, decision, said=gate_words.said(decision, shown), warnings=[detail])
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_document_has_what_the_gate_said() -> None:
    one: Comparison = comparison(
        line(Verdict.REGRESSED, confirmed=judgement(Verdict.EQUIVALENT)),
        line(Verdict.MISSING, "b"),
        line(Verdict.INVALID, "c"),
        confirmed_by="20260102T030506789Z-0123456789ab",
    )
    shown = Page(comparisons=(one,), problems=("odd",))
    decision = decide(shown, allowed={Verdict.MISSING})
    document = verdicts.document(shown, decision, said="so", warnings=["old"])
    assert {name: document[name] for name in document if name != "comparisons"} == {
        "schema": "harness.verdicts/1",
        "passed": False,
        "exit_code": 1,
        "exit_codes": [1],
        "bisect_code": 125,
        "said": "so",
        "counts": {"equivalent": 1, "invalid": 1, "missing": 1},
        "closing": [{"verdict": "invalid", "lines": 1, "exit_code": 1}],
        "allowed": [{"verdict": "missing", "lines": 1, "exit_code": 4}],
        "warnings": ["old"],
        "problems": ["odd"],
    }
    (found,) = document["comparisons"]
    assert (found["how"], found["correction"], found["margin"]) == ("one session", "holm", 0.02)
    assert found["base"]["name"] == f"{RUN}::torch@cpu"
    first, second, third = found["lines"]
    assert (first["verdict"], first["gate"]) == ("equivalent", "passes")
    assert (first["measured"]["verdict"], first["confirmed"]["verdict"]) == ("regressed", "equivalent")
    assert first["measured"]["ratio"] == pytest.approx(1.10)
    assert (first["measured"]["low"], first["measured"]["high"]) == (pytest.approx(1.08), pytest.approx(1.12))
    assert (second["gate"], second["new"], second["confirmed"]) == ("allowed", "", None)
    assert (third["gate"], third["measured"]["ratio"]) == ("closes", None)
