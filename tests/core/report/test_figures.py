"""Pictures: what they are given is what they show, any names, any ranges, the same bytes each time."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.figures import COLOURS, SHAPES, render
from harness.report.load import Reported
from harness.report.picture import Lanes, Lines, Picture, slug
from harness.report.pictures import pictures_of
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.ticks import MOST_TICKS, put_ticks, span
from harness.report.write import write
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured
from tests.core.report.test_escape import HOSTILE

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "tensorflow.function@cpu": 40.0}
PNG = b"\x89PNG\r\n\x1a\n"


def pictures(count: int = 3, **values: Any) -> list[Picture]:
    """Return the pictures of a made-up run."""
    rows, samples = run(squares(count), SPEEDS, rounds=2, **values)
    return pictures_of(summarise(rows, sample_frame(samples)))


def test_a_lane_for_each_case_and_a_word_for_each_gap() -> None:
    """Nothing is left out because it has no number."""
    rows, samples = run(squares(3), SPEEDS, rounds=2)
    rows = [unmeasured(row, "failed", "error: x") if row.target == "jax.jit@cpu" else row for row in rows]
    (lanes,) = [one for one in pictures_of(summarise(rows, sample_frame(samples))) if isinstance(one, Lanes)][:1]
    assert [lane.name for lane in lanes.lanes] == list(squares(3))
    assert all(lane.gaps == {"jax.jit@cpu": "failed"} for lane in lanes.lanes)
    assert all(lane.dots[REFERENCE].x == 1.0 for lane in lanes.lanes)


def test_ratios_are_drawn_where_there_is_a_reference_and_times_otherwise() -> None:
    """A picture of ratios to nothing would be empty."""
    rows, samples = run(squares(2), {REFERENCE: 1.0}, rounds=2)
    (lanes,) = [one for one in pictures_of(summarise(rows, sample_frame(samples))) if isinstance(one, Lanes)]
    assert not lanes.line_at_one
    assert lanes.lanes[0].dots[REFERENCE].x == rows[0].time_s


@pytest.mark.parametrize(("sets", "said"), [(1, True), (5, False)])
def test_a_picture_says_itself_that_it_holds_no_verdict(sets: int, *, said: bool) -> None:
    """It is passed on without its page; and what has no intervals does not promise any."""
    for lanes in [one for one in pictures(sets=sets) if isinstance(one, Lanes)]:
        assert lanes.title.endswith(", indicative") is said
        assert ("with intervals" in lanes.alt) is not said


def test_many_cases_become_several_pictures() -> None:
    """Of readable height each, and all their names differ."""
    made = [one for one in pictures(60) if isinstance(one, Lanes)]
    assert [len(one.lanes) for one in made if one.section == "as-written"] == [25, 25, 10]
    assert len({one.name for one in made}) == len(made)


def test_speed_is_drawn_against_the_parameter_that_varies() -> None:
    """Equal ones are named together; without one it is the work of a call."""
    (lines,) = [one for one in pictures(4) if isinstance(one, Lines)]
    assert lines.size == "m = n = k"
    assert [dot.x for dot in lines.lines[REFERENCE]] == [32, 64, 128, 256]
    rows, _ = run(squares(3), SPEEDS, rounds=2)
    bare = [replace(row, params="not JSON") for row in rows]
    (lines,) = [one for one in pictures_of(summarise(bare, None)) if isinstance(one, Lines)]
    assert lines.size == "FLOPs in a call"
    skewed = [replace(row, params=json.dumps({"m": 10**400, "n": True, "k": [1]})) for row in rows]
    (lines,) = [one for one in pictures_of(summarise(skewed, None)) if isinstance(one, Lines)]
    assert lines.size == "FLOPs in a call"


def test_a_line_joins_only_what_differs_in_numbers() -> None:
    """Two operations of one size are two pictures, or none; the title tells them apart."""
    cases = {
        f"reduction[op={op},n={n}]": {"params": json.dumps({"op": op, "n": n}), "bytes": 4 * n}
        for op in ("sum", "max")
        for n in (10, 100)
    }
    rows, _ = run(cases, {REFERENCE: 1.0}, rounds=1, workload="reduction")
    made = [one for one in pictures_of(summarise(rows, None)) if isinstance(one, Lines)]
    assert [one.title for one in made] == [
        "reduction, reduction, float32, op max",
        "reduction, reduction, float32, op sum",
    ]
    assert [[dot.x for dot in one.lines[REFERENCE]] for one in made] == [[10, 100], [10, 100]]
    same_size = [row for row in rows if "n=10]" in row.case]
    assert not [one for one in pictures_of(summarise(same_size, None)) if isinstance(one, Lines)]


def test_error_bars_of_speed_are_those_of_time() -> None:
    """The longest time is the lowest speed."""
    rows, _ = run(squares(2), {REFERENCE: 1.0})
    row = replace(rows[0], time_s=1.0, time_low_s=0.5, time_high_s=2.0, flops_per_s=100.0)
    (lines,) = [one for one in pictures_of(summarise([row, rows[2]], None)) if isinstance(one, Lines)]
    dot = lines.lines[REFERENCE][0]
    assert (dot.low, dot.y, dot.high) == (50.0, 100.0, 200.0)


def test_the_same_values_give_the_same_bytes() -> None:
    """No date, no state kept from one picture to the next, nobody's settings."""
    made = pictures()
    first = [render(one) for one in made]
    assert [render(one) for one in reversed(made)] == first[::-1]
    assert all(data.startswith(PNG) for data in first)
    assert not any(b"Software" in data or b"tIME" in data for data in first)


def test_settings_of_the_user_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration file that wants TeX would otherwise need TeX."""
    import matplotlib as mpl

    plain = render(pictures()[0])
    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "black")
    assert render(pictures()[0]) == plain


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_as_text(name: str) -> None:
    """Dollar signs, letters that no font has, four thousand characters."""
    rows, samples = run(squares(2), SPEEDS, rounds=1, sets=1)
    rows = [replace(row, case=name, suite=name) for row in rows]
    found = summarise(rows, sample_frame(samples))
    for picture in pictures_of(found)[:1]:
        labelled = replace(picture, targets=tuple(f"{name}{at}" for at in range(3)), title=name, unit=name)
        if isinstance(labelled, Lanes):
            lanes = tuple(
                replace(lane, gaps=dict.fromkeys(labelled.targets[:1], name), dots={labelled.targets[1]: dot})
                for lane in labelled.lanes
                for dot in list(lane.dots.values())[:1]
            )
            labelled = replace(labelled, lanes=lanes)
        elif isinstance(labelled, Lines):
            labelled = replace(labelled, lines=dict(zip(labelled.targets, labelled.lines.values(), strict=True)))
        assert render(labelled).startswith(PNG)


@pytest.mark.parametrize("speeds", [{REFERENCE: 1.0}, {REFERENCE: 1.0, "jax.jit@cpu": 1e6}])
@pytest.mark.parametrize("count", [1, 2])
def test_single_points_and_wide_ranges_are_drawn(count: int, speeds: dict[str, float]) -> None:
    """One dot has no range, and a million is one."""
    rows, samples = run(squares(count), speeds, sets=1, rounds=1)
    drawn = pictures_of(summarise(rows, sample_frame(samples)))
    assert drawn
    assert all(render(one).startswith(PNG) for one in drawn)


def test_nothing_measured_draws_nothing() -> None:
    """An empty frame would look like a result."""
    assert pictures_of(summarise([unmeasured(arm(), "refused", "no")], None)) == []


class Axis:
    """Notes the ticks it is given."""

    def set_major_locator(self, locator: Any) -> None:
        self.ticks = list(locator.locs)

    def set_major_formatter(self, formatter: Any) -> None:
        self.labels = list(formatter.seq)

    def set_minor_locator(self, locator: Any) -> None:
        pass


@settings(max_examples=200)
@given(centre=st.floats(1e-9, 1e12), width=st.floats(0, 25))
def test_every_axis_has_a_few_ticks_within_its_limits(centre: float, width: float) -> None:
    """From a hundredth of a per cent to twenty-five powers of e."""
    low, high = span([centre, centre * math.exp(width)])
    axis: Any = Axis()
    put_ticks(axis, low, high, lambda value: f"{value:.6g}")
    assert 2 <= len(axis.ticks) <= 14
    assert all(low <= tick * (1 + 1e-9) and tick <= high * (1 + 1e-9) for tick in axis.ticks)
    assert len(set(axis.labels)) == len(axis.labels)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=30))
def test_sizes_are_ticks_only_where_they_have_room(sizes: list[int]) -> None:
    """Labels that touch cannot be read."""
    low, high = span([float(size) for size in sizes])
    axis: Any = Axis()
    put_ticks(axis, low, high, str, exact=[float(size) for size in sizes])
    if axis.ticks == sorted(set(map(float, sizes))):
        assert len(axis.ticks) <= MOST_TICKS
        assert all(math.log(b / a) > math.log(high / low) / 20 for a, b in pairwise(axis.ticks))


def test_looks_do_not_repeat_soon() -> None:
    """Sixty targets differ in colour or in shape."""
    assert len({(COLOURS[at % len(COLOURS)], SHAPES[at % len(SHAPES)]) for at in range(60)}) == 60


@given(st.text(max_size=200), st.text(max_size=5))
def test_file_names_are_harmless_and_differ(text: str, other: str) -> None:
    """Whatever a case is called."""
    name = slug(text, other)
    assert name == Path(name).name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(name) <= 70
    assert (slug(text + "!", other) == name) is False


def test_a_folder_is_written_again_to_the_same_bytes(tmp_path: Path) -> None:
    """Pictures of an earlier report are gone, and other files are not touched."""
    rows, samples = run(squares(2), SPEEDS, rounds=1)
    reported = Reported(runs=(summarise(rows, sample_frame(samples)),), problems=())
    page = write(reported, tmp_path / "r")
    before = {path: path.read_bytes() for path in sorted((tmp_path / "r").rglob("*")) if path.is_file()}
    (page.parent / "figures" / "old.png").write_bytes(b"old")
    (page.parent / "mine.txt").write_text("mine")
    write(reported, tmp_path / "r")
    after = {path: path.read_bytes() for path in sorted((tmp_path / "r").rglob("*")) if path.is_file()}
    assert after == before | {page.parent / "mine.txt": b"mine"}
    linked = {part.partition(")")[0] for part in page.read_text().split("](")[1:]}
    assert linked == {f"figures/{path.name}" for path in before if path.suffix == ".png"}
