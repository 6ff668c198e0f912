"""Who wins and by how much everywhere: what is drawn is what was found, and what has no number says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.report.charts import charts_of
from harness.report.charts.winners import CASES_A_PICTURE
from harness.report.content import Chart
from harness.report.findings import RunFindings, name_of
from harness.report.picture import Lanes, Map
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.store.record import Measurement
from tests.core.report.synthetic import REFERENCE, arm, hash_of, retargeted, run, squares, unmeasured

JAX, COMPILED, NUMPY = "jax.jit@cpu", "torch.compile@cpu", "numpy.reference@cpu"
SPEEDS = {REFERENCE: 1.0, JAX: 0.8, COMPILED: 0.5, NUMPY: 3.0}


def found(rows: Sequence[Measurement] = (), *, count: int = 3, **values: Any) -> RunFindings:
    """Return a run's findings; `rows` replace those that were made up."""
    made, samples = run(squares(count), SPEEDS, noise=0.001, seed=5, **values)
    return summarise(rows or made, sample_frame(samples))


def charts(of: RunFindings, question: str) -> tuple[Chart, ...]:
    return charts_of(of, "").get(question, ())


def lanes_of(of: RunFindings, question: str = "as-written") -> list[Lanes]:
    return [chart.picture for chart in charts(of, question) if isinstance(chart.picture, Lanes)]


def maps_of(of: RunFindings) -> list[Map]:
    return [chart.picture for chart in charts(of, "map") if isinstance(chart.picture, Map)]


def ended(target: str, outcome: str, detail: str = "error: x") -> RunFindings:
    """Return a run in which one target ended otherwise."""
    made, samples = run(squares(2), SPEEDS, noise=0.001, seed=5)
    rows = [unmeasured(row, outcome, detail) if row.target == target else row for row in made]
    return summarise(rows, sample_frame(samples))


# -- who wins ----------------------------------------------------------------------------------------


def test_a_lane_for_each_case_bears_the_key_of_its_contest() -> None:
    (lanes,) = lanes_of(found())
    assert [lane.name for lane in lanes.lanes] == list(squares(3))
    assert [lane.key for lane in lanes.lanes] == [hash_of(case) for case in squares(3)]
    for lane in lanes.lanes:
        assert lane.dots[REFERENCE].x == 1.0
        assert lane.dots[JAX].low < lane.dots[JAX].x < lane.dots[JAX].high
        assert lane.dots[JAX].x == pytest.approx(0.8, rel=0.02)
        assert lane.gaps == {}


def test_targets_of_another_class_are_no_part_of_it() -> None:
    (as_written,), (compiled,) = lanes_of(found()), lanes_of(found(), "compiled")
    assert set(as_written.lanes[0].dots) == {REFERENCE, JAX}
    assert set(compiled.lanes[0].dots) == {COMPILED, JAX}
    assert as_written.targets == compiled.targets  # one look everywhere


@pytest.mark.parametrize(
    ("outcome", "detail", "word"),
    [
        ("failed", "oom-device: 80 GiB asked for", "out of memory"),
        ("failed", "oom-host: x", "out of memory"),
        ("failed", "timeout: x", "timed out"),
        ("failed", "wrong: x", "wrong answer"),
        ("failed", "crashed: x", "crashed"),
        ("failed", "error: x", "error"),
        ("failed", "compile: x", "compile error"),
        ("failed", "unprovable: x", "cannot be proved"),
        ("failed", "unreached: x", "goal not reached"),
        ("failed", "something new", "failed"),
        ("refused", "no such operation", "refused"),
        ("invalid", "x", "invalid"),
        ("not-run", "", "not-run"),
    ],
)
def test_what_has_no_number_says_what_became_of_it(outcome: str, detail: str, word: str) -> None:
    of = ended(JAX, outcome, detail)
    assert all(lane.gaps == {JAX: word} for lane in lanes_of(of)[0].lanes)
    assert all(row.fields[JAX].standing == word for row in maps_of(of)[0].rows)
    assert all(row.fields[JAX].ratio is None for row in maps_of(of)[0].rows)


def test_times_are_drawn_where_there_is_no_reference() -> None:
    rows, samples = run(squares(2), {REFERENCE: 1.0}, rounds=2)
    of = summarise(rows, sample_frame(samples))
    (lanes,) = lanes_of(of)
    assert not lanes.line_at_one
    assert lanes.lanes[0].dots[REFERENCE].x == rows[0].time_s
    assert maps_of(of) == []


@pytest.mark.parametrize(("sets", "said"), [(1, True), (2, True), (5, False)])
def test_a_picture_says_itself_that_it_holds_no_verdict(sets: int, *, said: bool) -> None:
    of = found(sets=sets)
    for chart in (*charts(of, "as-written"), *charts(of, "compiled"), *charts(of, "map")):
        assert chart.picture.title.endswith(", indicative") is said
        assert ("indicative" in chart.reading) is said
    assert all(("with intervals" in lanes.alt) is (sets > 1) for lanes in lanes_of(of))
    assert all(("no intervals" in chart.reading) is (sets == 1) for chart in charts(of, "as-written"))


def test_an_interval_is_told_as_sure_as_it_is() -> None:
    made, samples = run(squares(2), SPEEDS, noise=0.001)
    adaptive = summarise(made, sample_frame(samples), manifest={"measure": {"confidence": 0.9875}})
    assert "98.75 % interval" in charts(adaptive, "as-written")[0].reading
    assert "95 % interval" in charts(found(), "as-written")[0].reading


def test_many_cases_become_several_pictures() -> None:
    of = found(count=60, rounds=2)
    assert [len(one.lanes) for one in lanes_of(of)] == [25, 25, 10]
    assert [len(one.rows) for one in maps_of(of)] == [60]
    assert lanes_of(of)[1].title.endswith("(2 of 3)")


def test_many_targets_become_more_pictures() -> None:
    """One that is taller than a screen or two shows its marks far from the numbers and the names of the targets."""
    targets = [REFERENCE, *(f"backend{at}.mode@cpu" for at in range(8))]
    rows = [arm(f"case-{at}", target, time_s=1.0, sets=5) for at in range(30) for target in targets]
    drawn = lanes_of(summarise(rows))
    assert [len(one.lanes) for one in drawn] == [12, 12, 6]
    assert [one.alt.rpartition("cases ")[2] for one in drawn] == ["1 to 12 of 30", "13 to 24 of 30", "25 to 30 of 30"]


def test_beyond_some_hundreds_of_cases_the_chart_says_that_it_stops() -> None:
    rows = [arm(f"case-{at}", time_s=1.0 + at, sets=5) for at in range(301)]
    drawn = charts(summarise(rows), "as-written")
    assert len(drawn) == 300 / CASES_A_PICTURE
    assert "300 of 301 cases" in drawn[0].reading


# -- by how much, everywhere -------------------------------------------------------------------------


def test_a_map_has_a_field_for_each_case_and_target_of_any_class() -> None:
    (drawn,) = maps_of(found())
    assert [row.name for row in drawn.rows] == list(squares(3))
    for row in drawn.rows:
        assert {target: shade.standing for target, shade in row.fields.items()} == {
            REFERENCE: "reference",
            JAX: "faster",
            COMPILED: "other class",
            NUMPY: "not ranked",
        }
        assert row.fields[COMPILED].ratio == pytest.approx(0.5, rel=0.02)
        assert row.fields[NUMPY].ratio == pytest.approx(3.0, rel=0.02)
    (chart,) = charts(found(), "map")
    assert chart.table is None  # the tables of cases have the same numbers
    assert "ranked apart" in chart.reading


def test_a_map_says_of_each_arm_what_a_table_says() -> None:
    """A sign in the one is a verdict in the other."""
    of = found()
    said: dict[tuple[str, str], set[str]] = {}
    for board in of.boards:
        for case in board.cases:
            for entry in case.entries:
                said.setdefault((case.name, name_of(entry.arm)), set()).add(entry.verdict)
    (drawn,) = maps_of(of)
    assert all(shade.standing in said[row.name, at] for row in drawn.rows for at, shade in row.fields.items())


@pytest.mark.parametrize(("reference", "jax"), [(COMPILED, "faster"), (NUMPY, "other class")])
def test_another_reference_wins_nothing_in_a_class_that_is_not_its_own(reference: str, jax: str) -> None:
    """What is ranked in both classes has the verdict of the one that both are in; NumPy is in none."""
    made = run(squares(2), {REFERENCE: 1.0, JAX: 0.8, "tensorflow.function@cpu": 0.5}, noise=0.001, seed=5)
    rows, samples = retargeted(*made, REFERENCE, reference)
    of = summarise(rows, sample_frame(samples))
    (drawn,) = maps_of(of)
    for row in drawn.rows:
        assert row.fields[reference].standing == "reference"
        assert row.fields[JAX].standing == jax
        assert row.fields["tensorflow.function@cpu"].standing == "other class"
        assert row.fields["tensorflow.function@cpu"].ratio == pytest.approx(0.5, rel=0.02)
    (chart,) = charts(of, "map")
    assert "a ratio and no verdict" in chart.reading
    assert ("The sign beside it" in chart.reading) is (jax == "faster")


def test_a_tie_is_no_faster_and_no_slower() -> None:
    rows, samples = run(squares(2), {REFERENCE: 1.0, JAX: 1.0}, noise=0.0)
    (drawn,) = maps_of(summarise(rows, sample_frame(samples)))
    assert {row.fields[JAX].standing for row in drawn.rows} == {"tie"}


def test_without_verdicts_a_map_holds_numbers_and_the_reason() -> None:
    for values, word in (({"sets": 2}, "indicative"), ({"copy": 1.2}, "withheld")):
        (drawn,) = maps_of(found(**values))
        assert {row.fields[JAX].standing for row in drawn.rows} == {word}
        assert {row.fields[COMPILED].standing for row in drawn.rows} == {"other class"}
        assert all(row.fields[JAX].ratio is not None for row in drawn.rows)


def test_where_the_reference_has_no_time_nothing_is_beside_it() -> None:
    made, samples = run(squares(2), SPEEDS, noise=0.001)
    first = next(iter(squares(2)))
    rows = [
        unmeasured(row, "failed", "crashed: x") if (row.case, row.target) == (first, REFERENCE) else row for row in made
    ]
    (drawn,) = maps_of(summarise(rows, sample_frame(samples)))
    assert drawn.rows[0].fields[REFERENCE].standing == "crashed"
    assert drawn.rows[0].fields[JAX].standing == "no reference"
    assert drawn.rows[1].fields[JAX].standing == "faster"


def test_a_map_of_many_cases_is_several() -> None:
    of = found(count=130, rounds=1, sets=1)
    assert [len(one.rows) for one in maps_of(of)] == [60, 60, 10]


def test_one_target_alone_may_be_shown_beside_a_reference_that_is_not() -> None:
    of = found().only(JAX)
    (lanes,), (drawn,) = lanes_of(of), maps_of(of)
    assert set(lanes.lanes[0].dots) == {JAX}
    assert {*drawn.rows[0].fields} == {JAX}
    assert lanes.targets == (JAX,)


def test_names_of_files_begin_as_asked_and_differ() -> None:
    drawn = [chart for part in charts_of(found(count=60, rounds=2), "r2-").values() for chart in part]
    names = [chart.picture.name for chart in drawn]
    assert all(name.startswith("r2-") for name in names)
    assert len(set(names)) == len(names)
