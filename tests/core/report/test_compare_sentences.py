"""Every verdict as the sentence that a person reads, word for word."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.comparison import Comparison, How, Line, NodesPage, Side
from harness.report.escape import code, words
from harness.report.sentences import say, say_node, times
from harness.stats.modes import Groups
from harness.stats.unpaired import Node
from harness.stats.verdict import Judgement, Verdict

RUN = Side(run_id="20260102T030405678Z-0123456789ab", suite="gemm", target="torch")
SEEN = 0.02
RESTS = "5 sessions, 24 cases"


def judged(verdict: Verdict, ratio: float | None = None, low: float = 0, high: float = 0, **more: Any) -> Judgement:
    """Return a judgement with these ratios; without any it rests on no numbers."""
    if ratio is None:
        return Judgement(verdict=verdict, log=None, **more)
    said: dict[str, Any] = {"verdict": verdict, "log": math.log(ratio), "sets": 5}
    ends = {"log_low": math.log(low), "log_high": math.log(high)} if low else {}
    return Judgement(**(said | ends | more))


def comparison(how: How = How.SESSION, **more: Any) -> Comparison:
    seen = SEEN if how is How.SESSION else None
    said: dict[str, Any] = {"base": RUN, "new": RUN, "how": how, "lines": (), "detectable": seen}
    return Comparison(**(said | more))


def sentence(judgement: Judgement, how: How = How.SESSION, **more: Any) -> str:
    """Return what is said of jax beside torch at 1024."""
    about = comparison(how, anchor=more.pop("anchor", ""))
    said: dict[str, Any] = {"case": "1024", "case_key": "k", "base": "torch", "new": "jax", "judgement": judgement}
    return say(Line(**(said | more)), about)


def test_a_regression_is_slower_by_how_much_and_how_sure() -> None:
    found = judged(Verdict.REGRESSED, 1.14, 1.10, 1.18)
    assert sentence(found) == (
        "jax is 1.14 x slower than torch at 1024 (1.10 to 1.18, 5 sets); on this machine today 2.0 % could be seen; "
        "not measured again"
    )


def test_an_improvement_is_told_the_right_way_round() -> None:
    found = judged(Verdict.IMPROVED, 0.8, 0.76, 0.84)
    assert sentence(found) == (
        "jax is 1.25 x faster than torch at 1024 (1.19 to 1.32, 5 sets); on this machine today 2.0 % could be seen; "
        "not measured again"
    )


def test_a_small_change_is_no_regression() -> None:
    found = judged(Verdict.SMALL_CHANGE, 1.015, 1.005, 1.025)
    assert sentence(found) == (
        "jax is 1.015 x slower than torch at 1024 (1.005 to 1.025, 5 sets): a difference, but not surely one beyond "
        "the margin of 2 %; on this machine today 2.0 % could be seen"
    )


def test_what_would_be_a_regression_alone_says_so() -> None:
    found = judged(Verdict.SMALL_CHANGE, 1.05, 1.03, 1.07, alone=Verdict.REGRESSED, among=300)
    assert sentence(found) == (
        "jax is 1.05 x slower than torch at 1024 (1.03 to 1.07, 5 sets): alone it would count as regressed; among 300 "
        "comparisons, that it is beyond the margin of 2 % may be chance; on this machine today 2.0 % could be seen"
    )


def test_equivalent_says_within_what() -> None:
    found = judged(Verdict.EQUIVALENT, 1.003, 0.998, 1.008, margin=0.015)
    assert sentence(found) == (
        "jax takes as long as torch at 1024, within 1.5 %: ratio 1.003 (0.998 to 1.008, 5 sets); on this machine today "
        "2.0 % could be seen"
    )


def test_undecided_says_what_it_allows_for_and_what_it_could_not_see() -> None:
    found = judged(Verdict.INCONCLUSIVE, 1.01, 0.97, 1.05)
    assert sentence(found) == (
        "jax beside torch at 1024 is undecided: a ratio of 1.01 (0.97 to 1.05, 5 sets) allows for no difference as "
        "well as for one beyond 2 %; differences below 4.0 % could not be seen here"
    )


def test_too_few_sets_says_how_many_there_are() -> None:
    found = judged(Verdict.INCONCLUSIVE, 1.1, 1.0, 1.2, sets=3)
    assert sentence(found, detail="3 of 5 process-sets") == (
        "no verdict on jax beside torch at 1024: 3 of 5 process-sets; so far the ratio is 1.10 (1.00 to 1.20, 3 sets)"
    )
    single = judged(Verdict.INCONCLUSIVE, 1.1, sets=1)
    assert sentence(single, detail="1 of 5 process-sets") == (
        "no verdict on jax beside torch at 1024: 1 of 5 process-sets; so far the ratio is 1.10 (1 set)"
    )


def test_a_withheld_verdict_says_why() -> None:
    found = judged(Verdict.INCONCLUSIVE, 1.14, 1.10, 1.18)
    why = "the reference beside itself came out as 1.03 (1.02 to 1.04) in this case"
    assert sentence(found, withheld=True, detail=why) == (
        f"no verdict on jax beside torch at 1024: {why}; the ratio came out as 1.14 (1.10 to 1.18, 5 sets)"
    )


@pytest.mark.parametrize(
    ("verdict", "more", "said"),
    [
        (
            Verdict.INVALID,
            {"detail": "V4 failed on the new side: 1.1"},
            "jax at 1024 is invalid: V4 failed on the new side: 1.1; an invalid time is compared with nothing",
        ),
        (
            Verdict.MISSING,
            {"new": "", "detail": "the new side did not plan it"},
            "torch at 1024 is missing: the new side did not plan it",
        ),
        (
            Verdict.NEW,
            {"base": "", "detail": "the base did not plan it"},
            "jax at 1024 has nothing to be compared with: the base did not plan it",
        ),
        (Verdict.FAILED, {"detail": "oom-host: 9 GiB"}, "jax at 1024 failed: oom-host: 9 GiB"),
        (Verdict.FAILED, {}, "jax at 1024 failed: no reason was recorded"),
        (
            Verdict.NOT_COMPARABLE,
            {"detail": "different numbers of threads, 1 and 2"},
            "jax beside torch at 1024 cannot be compared: different numbers of threads, 1 and 2",
        ),
    ],
)
def test_what_rests_on_no_numbers(verdict: Verdict, more: dict[str, Any], said: str) -> None:
    assert sentence(judged(verdict), **more) == said


def test_two_sessions_are_labelled_whatever_the_verdict() -> None:
    found = judged(Verdict.REGRESSED, 1.14, 1.10, 1.18)
    assert sentence(found, How.INSISTED, base="jax", counts=(5, 10)) == (
        "jax is 1.14 x slower than before at 1024 (1.10 to 1.18, 5 and 10 sets); by the absolute times of two "
        "sessions, as was insisted on: the machine is part of it; not measured again"
    )
    assert sentence(found, How.THROUGH, counts=(5, 5), anchor="numpy") == (
        "jax is 1.14 x slower than torch before at 1024 (1.10 to 1.18, 5 and 5 sets); each seen beside numpy in its "
        "own session; not measured again"
    )
    for verdict in (Verdict.IMPROVED, Verdict.SMALL_CHANGE, Verdict.EQUIVALENT, Verdict.INCONCLUSIVE):
        assert "as was insisted on" in sentence(judged(verdict, 0.9, 0.8, 1.1), How.INSISTED, counts=(5, 5))


def test_machines_are_called_apart_only_where_they_plainly_are() -> None:
    far, near = judged(Verdict.IMPROVED, 0.2, 0.18, 0.22), judged(Verdict.INCONCLUSIVE, 0.9, 0.8, 1.0125)
    sides: dict[str, Any] = {"base": "jax on CPU", "new": "jax on GPU"}
    assert sentence(far, How.ACROSS, counts=(5, 6), **sides) == (
        "jax on GPU is 5.00 x faster than jax on CPU at 1024 (4.55 to 5.56, 5 and 6 sessions); of different machines, "
        "not paired"
    )
    assert sentence(near, How.ACROSS, counts=(5, 6), **sides) == (
        "jax on GPU beside jax on CPU at 1024: too close to call across machines, the ratio is 0.90 (0.80 to 1.01, 5 "
        "and 6 sessions); of different machines, not paired"
    )
    few = "4 of 5 sessions of one machine"
    assert sentence(near, How.ACROSS, counts=(4, 6), detail=few, **sides).startswith(
        f"no verdict on jax on GPU beside jax on CPU at 1024: {few}; so far the ratio is 0.90 (0.80 to 1.01, 4 and 6"
    )


def test_a_confirmed_difference_says_that_it_was_seen_twice() -> None:
    first, again = judged(Verdict.REGRESSED, 1.16, 1.1, 1.22), judged(Verdict.REGRESSED, 1.14, 1.12, 1.16, sets=10)
    assert sentence(first, confirmed=again) == (
        "jax is 1.14 x slower than torch at 1024 (1.12 to 1.16, 10 sets); on this machine today 2.0 % could be seen; "
        "fresh processes confirmed what was seen at first (1.16 x slower, 5 sets)"
    )


def test_a_refuted_difference_says_that_it_was_seen_once() -> None:
    first, again = judged(Verdict.IMPROVED, 0.9, 0.88, 0.92), judged(Verdict.EQUIVALENT, 1.0, 0.99, 1.01, sets=10)
    assert sentence(first, confirmed=again) == (
        "jax takes as long as torch at 1024, within 2 %: ratio 1.00 (0.99 to 1.01, 10 sets); on this machine today "
        "2.0 % could be seen; it was flagged at first (1.11 x faster, 5 sets), and fresh processes did not confirm it"
    )


def test_a_confirmation_that_was_stopped_refutes_nothing() -> None:
    said = sentence(judged(Verdict.REGRESSED, 1.14, 1.10, 1.18), stopped=True)
    assert said == (
        "jax is 1.14 x slower than torch at 1024 (1.10 to 1.18, 5 sets); on this machine today 2.0 % could be seen; "
        "not confirmed because the confirmation was interrupted"
    )


def test_what_could_not_be_measured_again_says_when_it_ended_so() -> None:
    first = judged(Verdict.REGRESSED, 1.14, 1.10, 1.18)
    so = "; so it ended when fresh processes measured again what was flagged at first (1.14 x slower, 5 sets)"
    for verdict, said in (
        (Verdict.FAILED, "jax beside torch at 1024 failed: crashed: signal 11"),
        (Verdict.MISSING, "jax beside torch at 1024 is missing: crashed: signal 11"),
        (
            Verdict.INVALID,
            "jax beside torch at 1024 is invalid: crashed: signal 11; an invalid time is compared with nothing",
        ),
        (Verdict.NOT_COMPARABLE, "jax beside torch at 1024 cannot be compared: crashed: signal 11"),
    ):
        assert sentence(first, confirmed=judged(verdict), detail="crashed: signal 11") == said + so


def test_two_sessions_that_were_measured_again_stand_on_the_one_that_did_it() -> None:
    first = judged(Verdict.REGRESSED, 1.16, 1.10, 1.22)
    again = judged(Verdict.REGRESSED, 1.14, 1.12, 1.16, sets=10)
    assert sentence(first, How.INSISTED, base="jax", counts=(5, 5), confirmed=again) == (
        "jax is 1.14 x slower than before at 1024 (1.12 to 1.16, 10 sets); both measured again in one session; "
        "fresh processes confirmed what was seen at first (1.16 x slower, 5 sets)"
    )


def test_two_groups_of_processes_are_told() -> None:
    groups = Groups(low_sets=2, high_sets=3, log_low=0.0, log_high=math.log(1.1))
    found = judged(Verdict.INCONCLUSIVE, 1.06, 0.99, 1.13)
    assert sentence(found, groups=groups).endswith(
        "; the processes fall into two groups, 3 of 5 lie 10 % above the others"
    )


@pytest.mark.parametrize(
    ("ratio", "low", "high", "said"),
    [
        (1.14, 1.10, 1.18, ("1.14", "1.10 to 1.18")),
        (1.0051, 1.0011, 1.0091, ("1.005", "1.001 to 1.009")),
        (1.021, 1.0004, 1.042, ("1.0210", "1.0004 to 1.0420")),  # as many digits as tell an end from 1
        (1.02, 1.00001, 1.04, ("1.02", "1.00 to 1.04")),  # where a few do
        (14.03, 12.83, 15.33, ("14.03", "12.83 to 15.33")),
        (1.5, None, None, ("1.50", "")),
    ],
)
def test_a_ratio_has_the_digits_that_its_interval_supports(
    ratio: float, low: float | None, high: float | None, said: tuple[str, str]
) -> None:
    assert times(ratio, low, high) == said


@given(
    verdict=st.sampled_from(Verdict),
    how=st.sampled_from(How),
    interval=st.tuples(st.none() | st.floats(1e-6, 1e6), st.none() | st.floats(1e-9, 5)),
    text=st.text(max_size=40),
    counts=st.none() | st.tuples(st.integers(0, 20), st.integers(0, 20)),
)
def test_any_line_has_a_sentence_and_what_others_wrote_is_harmless_in_it(
    verdict: Verdict,
    how: How,
    interval: tuple[float | None, float | None],
    text: str,
    counts: tuple[int, int] | None,
) -> None:
    ratio, width = interval
    found = judged(verdict, ratio)
    if ratio is not None and width is not None:
        log = math.log(ratio)
        found = replace(found, log_low=log - width, log_high=log + width)
    line = Line(case=text, case_key="k", base=text, new=text, judgement=found, detail=text, counts=counts)
    said = say(line, comparison(how))
    assert all(char.isprintable() or char.isspace() for char in said)  # wide and unbreakable spaces are seen as spaces
    assert len(said.splitlines()) <= 1
    assert "None" not in said.replace(text, "")
    in_markdown = say(line, comparison(how), name=code, text=words)
    assert "\n" not in in_markdown


def node(ratio: float | None, **more: Any) -> Node:
    log = None if ratio is None else math.log(ratio)
    ends = (None, None) if log is None else (log - 0.02, log + 0.02)
    said: dict[str, Any] = {"name": "n3", "log": log, "log_low": ends[0], "log_high": ends[1], "sessions": 5}
    return Node(**(said | {"cases": 24, "odd": False} | more))


@pytest.mark.parametrize(
    ("one", "machines", "said"),
    [
        (node(1.08, odd=True), 3, f"n3 is the odd one out: 1.08 x slower than its like (1.06 to 1.10, {RESTS})"),
        (node(0.8, odd=True), 3, f"n3 is the odd one out: 1.25 x faster than its like (1.23 to 1.28, {RESTS})"),
        (node(1.01), 3, f"n3 is not found to differ from its like: ratio 1.01 (0.99 to 1.03, {RESTS})"),
        (node(1.2, sessions=2), 3, "no verdict on n3: 2 of 5 sessions; so far the ratio to its like is 1.20 (1.18"),
        (node(1.08), 2, "no verdict on n3: 2 of 3 machines, and of two nobody can say which one is odd"),
        (node(None), 3, "no verdict on n3: it has no case in common with enough of the others"),
    ],
)
def test_a_machine_among_its_like(one: Node, machines: int, said: str) -> None:
    page = NodesPage(nodes=(one,) * machines, kind="CPU", cases=24)
    assert say_node(one, page).startswith(said)
