"""Another reference can be chosen: the ratios of any two arms, and the word that each may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.report import summarise as summarising
from harness.report.content import Contest, Document
from harness.report.findings import RunFindings, contest_of, name_of
from harness.report.picture import Lanes
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.paged import anchors, paged
from tests.core.report.synthetic import REFERENCE, run, squares, unmeasured

JAX, COMPILE, NUMPY, FUNCTION = "jax.jit@cpu", "torch.compile@cpu", "numpy.reference@cpu", "tensorflow.function@cpu"
SPEEDS = {REFERENCE: 1.0, JAX: 0.8, COMPILE: 0.5, NUMPY: 3.0, FUNCTION: 2.0}


def findings(**values: Any) -> RunFindings:
    """Return what a run of two cases says."""
    said: dict[str, Any] = {"noise": 0.001, "seed": 5, **values}
    rows, samples = run(squares(2), SPEEDS, **said)
    return summarise(rows, sample_frame(samples))


@pytest.fixture(scope="module")
def found() -> RunFindings:
    """A calm run."""
    return findings()


@pytest.fixture(scope="module")
def made(found: RunFindings) -> Document:
    """Its page."""
    return paged(found)


def of_class(document: Document, name: str) -> list[Contest]:
    """Return the contests of a class."""
    return [contest for contest in document.contests if f"{name}/" in contest.key]


def words(contest: Contest, base: str) -> dict[str, str]:
    """Return what is said of all others beside `base`."""
    return {name: one[3] for name, one in contest.ratios[base].items() if one is not None}


def test_each_case_of_each_class_is_a_contest(made: Document) -> None:
    assert (
        len(of_class(made, "as-written")) == len(of_class(made, "compiled")) == len(of_class(made, "not ranked")) == 2
    )
    assert len(made.contests) == len({contest.key for contest in made.contests}) == 6


def test_any_two_are_compared_and_turned_round_they_say_the_opposite(made: Document) -> None:
    (contest, _) = of_class(made, "as-written")
    assert words(contest, REFERENCE) == {JAX: "faster", FUNCTION: "slower"}
    assert words(contest, JAX) == {REFERENCE: "slower", FUNCTION: "slower"}
    there, back = contest.ratios[REFERENCE][JAX], contest.ratios[JAX][REFERENCE]
    assert there is not None
    assert back is not None
    assert there[0] == pytest.approx(0.8, rel=0.01)
    assert there[0] * back[0] == pytest.approx(1.0)
    assert there[1] is not None
    assert back[2] == pytest.approx(1 / there[1])


def test_a_reference_of_another_class_gives_ratios_and_no_verdicts(made: Document) -> None:
    (contest, _) = of_class(made, "as-written")
    assert set(words(contest, COMPILE).values()) == {"other class"}
    assert contest.arms[COMPILE] == ()
    (unranked, _) = of_class(made, "not ranked")
    assert words(unranked, REFERENCE) == {NUMPY: "not ranked"}


@pytest.mark.parametrize(
    ("values", "word"), [({"sets": 2}, "indicative"), ({"sets": 1}, "indicative"), ({"copy": 1.2}, "withheld")]
)
def test_what_is_no_verdict_beside_one_reference_is_none_beside_another(values: Mapping[str, Any], word: str) -> None:
    for contest in of_class(paged(findings(**values)), "as-written"):
        for base in (REFERENCE, JAX, FUNCTION):
            assert set(words(contest, base).values()) == {word}


def test_beside_the_reference_of_the_run_they_say_what_the_tables_say(found: RunFindings, made: Document) -> None:
    known = {contest.key: contest for contest in made.contests}
    count = 0
    for board in found.boards:
        for case in board.cases:
            contest = known[f"{board.mode_class}/{case.key}"]
            for entry in case.entries:
                if entry.verdict != "reference" and entry.beside_reference is not None:
                    beside = contest.ratios[found.reference][name_of(entry.arm)]
                    assert beside == (
                        entry.beside_reference.ratio,
                        entry.beside_reference.low,
                        entry.beside_reference.high,
                        entry.verdict,
                    )
                    count += 1
    assert count == 2 * (2 + 2 + 1)


def test_rows_and_lanes_are_those_of_the_page(made: Document) -> None:
    known = set(anchors(made))
    assert all(anchor in known for one in made.contests for rows in one.arms.values() for anchor in rows)
    lanes = [lane.key for picture in made.pictures() if isinstance(picture, Lanes) for lane in picture.lanes]
    assert lanes
    assert set(lanes) <= {contest.key for contest in made.contests}


def test_one_target_alone_keeps_its_ratios(found: RunFindings) -> None:
    """But offers no choice: there is nobody else on the page."""
    assert paged(found.only(JAX)).contests == ()


def test_a_case_that_one_target_alone_measured_is_a_contest_of_one() -> None:
    """Chosen as the reference, that target is it there as well."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001, seed=5)
    first = rows[0].case_key
    lost = [
        unmeasured(row, "failed", "crashed: x") if row.case_key == first and row.target != JAX else row for row in rows
    ]
    made = paged(summarise(lost, sample_frame(samples)))
    alone = [contest for contest in made.contests if contest.key.endswith(first)]
    assert [dict(contest.ratios) for contest in alone] == [{JAX: {}}] * 3
    assert [len(contest.arms[JAX]) for contest in alone] == [1, 1, 0]  # as written, compiled, not ranked


def test_two_arms_of_one_name_offer_no_choice() -> None:
    """A reader could not tell which was chosen."""
    rows, samples = run(squares(1), SPEEDS, noise=0.001, label="same")
    assert len({contest_of(row) for row in rows}) == 1
    blocks = sample_frame(samples)
    assert summarise(rows, blocks).matrix
    assert paged(summarise(rows, blocks)).contests == ()


@pytest.mark.parametrize("limit", ["MOST_ARMS", "MOST_PAIRS"])
def test_beyond_a_limit_there_is_no_choice(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """All beside all grows with the square of their number."""
    monkeypatch.setattr(summarising, limit, 3)
    found = findings()
    assert found.matrix == {}
    assert paged(found).contests == ()
    assert found.boards


def test_it_can_be_left_out() -> None:
    """A terminal shows one reference."""
    rows, samples = run(squares(1), SPEEDS)
    assert summarise(rows, sample_frame(samples), matrix=False).matrix == {}
