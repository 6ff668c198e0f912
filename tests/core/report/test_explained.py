"""What the page says of the method is true of the code, and every word that a page uses is explained."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

from harness.measure.calibrate import LEAST_BLOCK_NS, MOST_BLOCK_NS
from harness.measure.validity import CEILING_SLACK, LEAST_RATIO, REMEMBERED_RATIO
from harness.report.content import Bullets, Kind, Prose, Section, Table, spans
from harness.report.explained import explained
from harness.report.findings import Standing
from harness.report.glossary import CHECKS
from harness.run.state import LEAST_ROUNDS
from harness.run.terms import SETS
from harness.stats.compare import Status
from harness.stats.noise import LIMITS, Grade
from harness.stats.sequential import LOOKS, Rule
from harness.stats.verdict import LEAST_SETS
from harness.store.record import Failure, Outcome

METHOD = Path(__file__).parents[3] / "docs/method.md"


def methods() -> Section:
    return next(section for section in explained() if section.anchor == "methods")


def words() -> dict[str, tuple[str, str]]:
    """Return the plain and the exact meaning of each word."""
    section = next(section for section in explained() if section.anchor == "glossary")
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert all(len(row.cells) == len(table.columns) == 3 for row in table.rows)
    return {row.cells[0].text: (row.cells[1].text, row.cells[2].text) for row in table.rows}


def steps() -> tuple[str, ...]:
    (bullets,) = [block for block in methods().blocks if isinstance(block, Bullets)]
    return bullets.items


def test_there_are_two_sections_and_the_one_leads_to_the_other() -> None:
    assert [(section.anchor, section.level) for section in explained()] == [("methods", 2), ("glossary", 2)]
    (intro,) = [block for block in methods().blocks if isinstance(block, Prose)]
    assert [span.anchor for span in spans(intro.text) if span.kind is Kind.LINK] == ["glossary"]


def test_every_word_has_two_meanings_and_stands_once() -> None:
    section = explained()[1]
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert len(table.rows) == len(words()) >= 50
    for plain, exact in words().values():
        assert plain.strip()
        assert exact.strip()
        assert plain != exact


def test_every_word_that_a_verdict_an_outcome_or_a_grade_may_be_is_there() -> None:
    known = {part for word in words() for part in word.split(", ")}
    for word in chain(Outcome, Standing, Status, Grade, ("reference", "no reference", "other class", "not ranked")):
        assert str(word) in known, word


def test_every_kind_of_failure_is_told() -> None:
    _, exact = words()["failed"]
    for kind in Failure:
        assert str(kind) in exact


def test_the_checks_are_those_of_the_method() -> None:
    told = re.findall(r"^\| (V\d+) \|", METHOD.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(CHECKS) == told
    assert set(CHECKS) <= set(words())


def test_numbers_are_those_of_the_code() -> None:
    assert f"{LEAST_BLOCK_NS // 10**6} to {MOST_BLOCK_NS // 10**6} ms" in words()["block"][1]
    assert f"{LEAST_BLOCK_NS // 10**6} to {MOST_BLOCK_NS // 10**6} milliseconds" in " ".join(steps())
    assert f"at most {CEILING_SLACK} times" in words()["V6"][1]
    assert (REMEMBERED_RATIO, "at most ten times" in words()["V2"][1]) == (10, True)
    assert (LEAST_RATIO, "less than twice" in words()["V4"][1]) == (2.0, True)
    assert f"fewer than {LEAST_SETS['round']} process-sets, or {LEAST_SETS['process']} " in words()["indicative"][1]
    for limit, grade in LIMITS:
        assert f"differences of {100 * limit:g} %" in words()[grade][1]
    (starts,) = [step for step in steps() if step.startswith("Fresh starts")]
    assert (SETS["quick"], SETS["standard"], SETS["rigorous"]) == (1, 5, 5)
    assert "quick makes one, standard 5, rigorous 5 to 20." in starts
    assert LOOKS["round"][-1] == 20
    (intervals,) = [step for step in steps() if step.startswith("Intervals")]
    assert "after 5, 10, 15 and 20 fresh starts" in intervals
    assert f"an interval of {100 * Rule().spent:g} %" in intervals


def step(title: str) -> str:
    (found,) = [text for text in steps() if text.startswith(title)]
    return found


def test_what_takes_turns_is_told_as_it_is() -> None:
    """Arms with long calls sit rounds out, and some arms take turns by whole processes."""
    rounds = step("Repeats")
    assert f"where not even {LEAST_ROUNDS} would fit into a fresh start" in rounds
    assert "a block in some of the repeats only" in rounds
    assert "whole processes take turns" in rounds
    assert f"at least {LEAST_ROUNDS} of each process-set" in words()["repeat (round)"][1]
    assert "that both took part in" in step("Ratios")
    assert "that both took part in" in words()["time / reference"][1]


def test_a_wrong_answer_is_failed_and_a_refused_number_is_invalid() -> None:
    assert f"it has failed ({Failure.WRONG})" in step("Proof first")
    assert "failed, where the answer was wrong from the start" in step("What is refused")
    assert "has failed, and is not invalid" in words()[Outcome.INVALID][1]
    assert f"{Failure.WRONG} (the answer, before it was timed)" in words()[Outcome.FAILED][1]


def test_other_class_holds_of_a_reference_that_is_in_no_class_too() -> None:
    assert "or of none, as NumPy is" in words()["other class"][1]
    assert "not ranked in the same class" in step("Ranking")


def test_every_step_is_a_heading_and_some_sentences() -> None:
    assert len(steps()) >= 15
    for step in steps():
        assert step.endswith(".")
        assert "  " not in step
        assert "\n" not in step
        assert step.index(".") < 60, step


def test_nothing_in_it_is_a_mark_or_a_brace_that_was_left() -> None:
    for text in chain(steps(), *words().values(), words()):
        assert not set("{}|") & set(text)
        assert all(span.kind is Kind.OWN for span in spans(text))
