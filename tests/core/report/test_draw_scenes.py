"""Drawings of every kind: nothing is cut, nothing lies on anything else, and what is shown is what was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.draw import scene_of
from harness.report.draw.ink import DARK, HEAT, LIGHT, PARTS, SERIES
from harness.report.draw.lanes import lanes_scene
from harness.report.draw.scene import Box, Group, Item, Label, Line, Scene, Shape, flat
from harness.report.draw.svg import svg
from harness.report.draw.text import extent, overlap
from harness.report.escape import visible
from harness.report.picture import Bar, Lane, Picture, Reached, Roofline, Shade
from harness.report.picture import Row as MapRow
from tests.core.report import pictured
from tests.core.report.test_escape import HOSTILE

T = TypeVar("T")
TEXTS = ("ink", "soft")
SIZES = [(3, pictured.TARGETS), (30, pictured.TARGETS), (300, pictured.NINE), (1, pictured.TARGETS[:1])]


def of(kind: type[T], items: Sequence[Item]) -> list[T]:
    """Return all marks of a kind."""
    return [mark for mark in flat(items) if isinstance(mark, kind)]


def groups(items: Sequence[Item]) -> Iterator[Group]:
    """Yield all groups, those within others too."""
    for item in items:
        if isinstance(item, Group):
            yield item
            yield from groups(item.items)


def texts(scene: Scene) -> list[str]:
    return [label.text for label in of(Label, scene.items)]


def assert_in_order(scene: Scene) -> None:
    """Nothing reaches out of the drawing, and no level text touches another."""
    labels = [label for label in of(Label, scene.items) if label.text.strip()]
    for label in labels:
        left, top, right, bottom = extent(label)
        inside = left >= 0 and top >= 0 and right <= scene.width and bottom <= scene.height
        assert inside, label
    level = [(label, extent(label)) for label in labels if not label.angle]
    touching = [(a.text, b.text) for (a, here), (b, there) in combinations(level, 2) if overlap(here, there, -0.01)]
    assert touching == []
    points = [point for line in of(Line, scene.items) for point in line.points]
    points += [(shape.x, shape.y) for shape in of(Shape, scene.items)]
    points += [(box.x + w, box.y + h) for box in of(Box, scene.items) for w in (0, box.w) for h in (0, box.h)]
    assert all(-0.01 <= x <= scene.width + 0.01 and -0.01 <= y <= scene.height + 0.01 for x, y in points)


# -- every kind --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cases", "targets"), SIZES)
@pytest.mark.parametrize("kind", pictured.EVERY)
def test_nothing_is_cut_and_nothing_lies_on_anything_else(kind: str, cases: int, targets: tuple[str, ...]) -> None:
    """With one case or three hundred, one target or nine."""
    scene = scene_of(pictured.EVERY[kind](cases, targets))
    assert_in_order(scene)
    assert scene.width >= 800


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", pictured.EVERY)
def test_other_peoples_names_stay_within_the_drawing(kind: str, name: str) -> None:
    """Four thousand characters too, as the name of a case, of a target, of a unit and of a part."""
    targets = tuple(f"{name}{at}" for at in range(3))
    assert_in_order(scene_of(replace(pictured.EVERY[kind](4, targets, name), told=(f"{name} is slower", name, name))))


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(sorted(pictured.EVERY)), name=st.text(max_size=80), cases=st.integers(1, 12))
def test_any_names_stay_within_the_drawing(kind: str, name: str, cases: int) -> None:
    assert_in_order(scene_of(pictured.EVERY[kind](cases, (f"a{name}", f"b{name}"), name)))


@settings(max_examples=50, deadline=None)
@given(
    kind=st.sampled_from(["lanes", "lines", "roofline", "tradeoff"]),
    values=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=5, max_size=5),
)
def test_any_values_can_be_drawn(kind: str, values: list[float]) -> None:
    """What has no place is left out, and the rest stays within."""
    value, low, high, other, size = values
    dots = (pictured.dot(1.0), replace(pictured.dot(1.0), x=value, y=value, low=low, high=high))
    strange = (*dots, replace(pictured.dot(1.0), x=size, y=other, low=low, high=high))
    target = pictured.TARGETS[0]
    changed: Picture
    if kind == "lanes":
        lanes = tuple(Lane(name=str(at), dots={target: dot}, gaps={}) for at, dot in enumerate(strange))
        changed = replace(pictured.lanes(), lanes=lanes)
    elif kind == "lines":
        changed = replace(pictured.lines(), lines={target: strange})
    elif kind == "roofline":
        changed = replace(pictured.roofline(), points={target: tuple((str(dot.x), dot) for dot in strange)})
    else:
        changed = replace(pictured.tradeoff(), lines={target: tuple((str(dot.x), dot) for dot in strange)})
    scene = scene_of(changed)
    assert_in_order(scene)
    assert "nan" not in "".join(says for line in of(Line, scene.items) for says in map(str, line.points))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=6))
def test_any_parts_times_and_curves_can_be_drawn(values: list[float]) -> None:
    target = pictured.TARGETS[0]
    parts = {f"part {at}": value for at, value in enumerate(values)}
    assert_in_order(scene_of(replace(pictured.stacks(), bars=(Bar(name="a", target=target, parts=parts),))))
    assert_in_order(scene_of(replace(pictured.stacks(), unit="bytes", bars=(Bar(name="", target="", parts=parts),))))
    assert_in_order(scene_of(replace(pictured.reached(), lines={target: (tuple(values), 7)})))
    panel = replace(pictured.curves().panels[0], lines={target: tuple(values)})
    assert_in_order(scene_of(replace(pictured.curves(), panels=(panel,), goal=values[0])))


@pytest.mark.parametrize("at", range(len(pictured.emptied())))
def test_a_picture_of_nothing_is_no_empty_frame(at: int) -> None:
    scene = scene_of(pictured.emptied()[at])
    assert_in_order(scene)
    assert not [group for group in groups(scene.items) if group.kind == "axis"]
    assert "nan" not in svg(scene, identity="a", alone=False)


@pytest.mark.parametrize("kind", pictured.EVERY)
def test_every_target_is_in_the_legend_or_named_in_the_drawing(kind: str) -> None:
    """A reader needs no colours to know which is which."""
    scene = scene_of(pictured.EVERY[kind](2))
    assert all(any(target in text for text in texts(scene)) for target in pictured.TARGETS)
    for group in groups(scene.items):
        assert group.target in ("", *pictured.TARGETS)
    met = {group.target for group in groups(scene.items) if group.kind != "key"}
    assert met == {"", *pictured.TARGETS}


@pytest.mark.parametrize("kind", pictured.EVERY)
def test_a_title_is_cut_and_never_missing(kind: str) -> None:
    scene = scene_of(pictured.EVERY[kind](2, pictured.TARGETS, "a title " * 60))
    title = of(Label, scene.items)[0]
    assert title.bold
    assert title.text.startswith("a title")
    assert scene.title == visible("a title " * 60, 640)


def test_a_strange_kind_of_picture_has_no_drawing() -> None:
    with pytest.raises(KeyError):
        scene_of(Picture(**pictured.looks()))


# -- one kind at a time ------------------------------------------------------------------------------


def test_a_dot_stands_where_its_value_is_and_says_what_it_is() -> None:
    lane = Lane(name="m=512", dots={"b": pictured.ratio(0.83, 0.81, 0.85)}, gaps={"a": "timed out"}, key="k1")
    scene = scene_of(replace(pictured.lanes(1), targets=("a", "b"), lanes=(lane,)))
    (dot,) = [group for group in groups(scene.items) if group.target == "b" and group.kind != "key"]
    assert dot.tip == "b at m=512: 0.83 [0.81, 0.85] x the reference"
    assert dot.lane == "k1"
    assert scene.scale is not None
    whisker, mark = dot.items
    assert isinstance(mark, Shape)
    assert isinstance(whisker, Line)
    assert mark.x == scene.scale.at(0.83)
    assert [x for x, _ in whisker.points] == [scene.scale.at(0.81), scene.scale.at(0.85)]
    (gap,) = [group for group in groups(scene.items) if group.target == "a" and group.kind != "key"]
    assert [label.text for label in of(Label, gap.items)] == ["a: timed out"]
    assert (mark.ink, mark.shape) == ("s1", "s")


def test_lanes_without_a_number_have_words_and_no_axis() -> None:
    scene = scene_of(pictured.lanes(2, pictured.TARGETS[:1], "failed"))
    assert scene.scale is None
    assert texts(scene).count(f"{pictured.TARGETS[0]}: failed") == 2
    assert not [group for group in groups(scene.items) if group.kind == "axis"]


def test_lanes_keep_the_order_that_the_page_counts_on() -> None:
    """Its script finds the title, the unit and the line at one among what is in no group."""
    scene = lanes_scene(pictured.lanes(3), 800, visible)
    labels = [item for item in scene.items if isinstance(item, Label)]
    assert [label.text for label in labels] == ["square", "square"]
    assert labels[0].bold
    assert scene.scale is not None
    (one,) = [item for item in scene.items if isinstance(item, Line) and item.ink == "faint"]
    assert {x for x, _ in one.points} == {scene.scale.at(1.0)}


def test_a_lane_of_several_targets_has_room_for_the_whole_of_a_long_name() -> None:
    name = "three[height=14,width=14,in_channels=256,out_channels=256]"
    lane = replace(pictured.lanes(1).lanes[0], name=name)
    scene = scene_of(replace(pictured.lanes(1), lanes=(lane, lane)))
    assert_in_order(scene)
    assert "".join(texts(scene)).count(name) == 2


def test_times_have_no_line_at_one() -> None:
    lane = Lane(name="a", dots={"a": pictured.ratio(0.002, 0.0019, 0.0021)}, gaps={})
    scene = scene_of(replace(pictured.lanes(1), targets=("a",), lanes=(lane,), line_at_one=False))
    assert not [item for item in scene.items if isinstance(item, Line) and item.ink == "faint"]
    assert "a at a: 2.00 ms (1.90 to 2.10 ms)" in [group.tip for group in groups(scene.items)]


def test_many_sizes_keep_their_line_and_lose_marks() -> None:
    scene = scene_of(pictured.lines(300, pictured.TARGETS[:1], level=False))
    (line,) = [line for line in of(Line, scene.items) if len(line.points) == 300]
    assert line.ink == "s0"
    marks = [shape for shape in of(Shape, scene.items) if shape.ink == "s0"]
    assert 50 <= len(marks) <= 61
    assert len([line for line in of(Line, scene.items) if line.ink == "s0"]) == 302  # whiskers, and the legend's


def test_times_against_sizes_are_told_in_seconds() -> None:
    changed = replace(pictured.lines(), unit="seconds a call", size="m", lines={"jax.jit@cpu": (pictured.dot(2e-3),)})
    tips = [group.tip for group in groups(scene_of(changed).items)]
    assert "jax.jit@cpu at m 1: 2 ms [1.94 ms, 2.06 ms] a call" in tips


def test_a_line_is_dashed_where_it_is_launch_bound_and_the_legend_says_so() -> None:
    drawn = {
        target: tuple(pictured.dot(value, x) for x, value in enumerate((1.0, 1.1, 9.0), start=1)) for target in "ab"
    }
    scene = scene_of(replace(pictured.lines(), targets=("a", "b"), lines=drawn, level={"a": 2.0}))
    lines = {
        (group.target, line.dash): len(line.points)
        for group in groups(scene.items)
        if group.target and group.kind != "key"
        for line in group.items
        if isinstance(line, Line) and line.width == 1.5
    }
    assert lines == {("a", True): 2, ("a", False): 2, ("b", False): 3}
    assert "launch-bound: time hardly grows with the work" in texts(scene)
    bound = {group.tip.partition(":")[0] for group in groups(scene.items) if group.tip.endswith("launch-bound")}
    assert bound == {"a at FLOP/s 1", "a at FLOP/s 2"}
    assert not any("launch-bound" in text for text in texts(scene_of(pictured.lines(level=False))))


def test_an_interval_that_its_mark_hides_is_not_drawn() -> None:
    """On a page of thousands of marks that is a tenth of it."""
    wide, narrow = pictured.dot(1.0, 1.0, spread=0.4), pictured.dot(1e6, 2.0, spread=0.001)
    scene = scene_of(replace(pictured.lines(level=False), lines={pictured.TARGETS[0]: (wide, narrow)}))
    assert len([line for line in of(Line, scene.items) if line.width == 1.8]) == 1


def test_equal_curves_all_show_and_break_where_there_is_no_number() -> None:
    scene = scene_of(pictured.curves(2, text="step"))
    thick = {line.ink: line.width for line in of(Line, scene.items) if line.ink in SERIES and line.width != 1.6}
    assert thick["s0"] > thick["s1"] > thick["s2"]
    whole = [line for line in of(Line, scene.items) if line.ink == "s0" and len(line.points) == 5]
    pieces = [line for line in of(Line, scene.items) if line.ink == "s0" and line.width == whole[0].width]
    assert [len(line.points) for line in pieces] == [5, 2, 2]
    assert "the goal, 1.6" in texts(scene)
    assert len([line for line in of(Line, scene.items) if line.dash]) == 3  # one a panel, and the legend's


def test_a_value_between_two_gaps_has_a_mark() -> None:
    nan = float("nan")
    values = (2.0, nan, 1.0, nan, nan, nan, 0.5)
    panel = replace(pictured.curves().panels[0], lines=dict.fromkeys(pictured.TARGETS, values))
    scene = scene_of(replace(pictured.curves(), panels=(panel,), goal=None))
    drawn = [group for group in groups(scene.items) if group.target and group.kind != "key"]
    assert [len(of(Shape, curve.items)) for curve in drawn] == [3, 3, 3]
    assert drawn[1].tip == "jax.jit@cpu, mlp[0]: 2 at mlp 1, 0.5 at mlp 7"


def test_the_title_of_a_panel_takes_two_lines_before_it_is_cut() -> None:
    """What tells panels apart stands at their ends, or anywhere."""
    names = [f"digits-mlp[precision=float32,seed={at}]" for at in range(4)]
    panels = tuple(replace(pictured.curves().panels[0], name=name) for name in names)
    scene = scene_of(replace(pictured.curves(), panels=panels))
    assert texts(scene).count("digits-mlp[precision=float32,") == 4
    assert {f"seed={at}]" for at in range(4)} <= set(texts(scene))
    assert_in_order(scene)


def test_panels_stand_level_where_only_some_titles_take_two_lines() -> None:
    panels = tuple(
        replace(pictured.curves().panels[0], name=name) for name in ("a", "digits[precision=float32,seed=12345]")
    )
    scene = scene_of(replace(pictured.curves(), panels=(*panels, panels[0])))
    last = [label.y for label in of(Label, scene.items) if label.text in ("a", "seed=12345]")]
    assert len(last) == 3
    assert len(set(last)) == 1


def fields(*shades: Shade, targets: Sequence[str] = pictured.TARGETS) -> Scene:
    row = MapRow(name="a", fields=dict(zip(targets, shades, strict=False)))
    return scene_of(replace(pictured.ratios(), targets=tuple(targets), rows=(row,)))


@pytest.mark.parametrize(
    ("standing", "ratio", "ink", "text"),
    [
        ("faster", 0.30, "h-4", "▼ 0.30"),
        ("faster", 0.5, "h-3", "▼ 0.50"),
        ("faster", 0.99, "h-1", "▼ 0.99"),
        ("tie", 1.04, "h0", "= 1.04"),
        ("slower", 1.01, "h1", "▲ 1.01"),
        ("slower", 1.2, "h2", "▲ 1.20"),
        ("slower", 12.34, "h4", "▲ 12.3"),
        ("slower", 5000.0, "h4", "▲ >999"),
        ("faster", 0.0001, "h-4", "▼ <0.01"),
    ],
)
def test_a_field_has_a_colour_a_sign_and_a_number(standing: str, ratio: float, ink: str, text: str) -> None:
    scene = fields(Shade(standing=standing, ratio=ratio))
    (field,) = [group for group in groups(scene.items) if group.target]
    box, label = field.items
    assert isinstance(box, Box)
    assert isinstance(label, Label)
    assert (box.ink, label.text, label.ink) == (ink, text, "ink")


@pytest.mark.parametrize("standing", ["indicative", "withheld", "not-comparable", "other class"])
def test_a_number_without_a_verdict_has_no_colour(standing: str) -> None:
    """The colour in the middle would say that two are equal."""
    scene = fields(Shade(standing=standing, ratio=0.9, low=0.8, high=1.0))
    (field,) = [group for group in groups(scene.items) if group.target]
    box, label = field.items
    assert isinstance(box, Box)
    assert isinstance(label, Label)
    assert (box.ink, box.edge, box.dash) == ("", "void", True)
    assert (label.text, label.italic) == ("(0.90)", True)
    assert field.tip.endswith(f"0.90 [0.80, 1.00] x the reference, {standing}")
    assert f"no verdict: {standing}" in texts(scene)


def test_a_word_stands_in_its_field_or_in_the_key() -> None:
    wide = fields(Shade(standing="out of memory"), Shade(standing="reference"))
    assert "out of memory" in texts(wide)
    assert not any(box.edge for box in of(Box, wide.items))  # a frame is for numbers
    assert texts(wide).count("a") == 1  # the name of the case
    narrow = fields(*[Shade(standing="out of memory")] * 9, targets=pictured.NINE)
    assert texts(narrow).count("a") == 11  # nine fields, the name of the case, and the key
    assert texts(narrow).count("out of memory") == 1


def test_colours_are_explained_where_there_are_any() -> None:
    bare = fields(Shade(standing="reference"), Shade(standing="refused"))
    assert not [text for text in texts(bare) if "▼" in text]
    assert "the reference" in texts(bare)
    coloured = fields(Shade(standing="tie", ratio=1.0))
    assert {box.ink for box in of(Box, coloured.items)} >= set(HEAT)
    assert {"0.40", "0.67", "0.91", "1.10", "1.50", "2.50"} <= set(texts(coloured))


def test_a_map_of_many_columns_is_as_wide_as_it_must_be() -> None:
    many = tuple(f"backend.mode{at}@cpu" for at in range(24))
    scene = scene_of(pictured.ratios(5, many))
    assert scene.width > 24 * 50
    assert_in_order(scene)


def roofs_of(picture: Roofline) -> list[Line]:
    return [line for line in of(Line, scene_of(picture).items) if line.ink == "ink" and line.width == 1.4]


def test_a_roof_of_a_data_sheet_is_dashed_and_all_are_named() -> None:
    picture = pictured.roofline()
    lines = roofs_of(picture)
    assert [line.dash for line in lines] == [False, True, False, True]
    assert [len(line.points) for line in lines] == [3, 3, 2, 2]
    said = " ".join(texts(scene_of(picture)))
    assert "square here: 100 GFLOP/s, 20.0 GB/s" in said
    assert "square told: 300 GFLOP/s, 40.0 GB/s" in said
    tips = [group.tip for group in groups(scene_of(picture).items)]
    assert "square here: 100 GFLOP/s, 20.0 GB/s, measured" in tips
    assert "square told: 300 GFLOP/s, 40.0 GB/s, from a data sheet" in tips


def test_the_whole_name_of_a_usual_data_sheet_stands_in_the_legend() -> None:
    roof = replace(pictured.roofline().roofs[1], name="data sheet of EPYC 9004, Zen 4")
    said = texts(scene_of(replace(pictured.roofline(), roofs=(roof,))))
    assert "data sheet of EPYC 9004, Zen 4: 300 GFLOP/s, 40.0 GB/s" in said


def test_a_roof_rises_to_its_ridge_and_is_level_after_it() -> None:
    (line, *_) = roofs_of(pictured.roofline())
    (_, start), (_, ridge), (_, end) = line.points
    assert start > ridge  # downwards is more
    assert ridge == pytest.approx(end)


@pytest.mark.parametrize("cases", [30, 300])
def test_a_roof_whose_ends_are_crowded_is_named_along_its_line(cases: int) -> None:
    said = texts(scene_of(pictured.roofline(cases, pictured.NINE)))
    assert {"square here", "square told"} <= set(said)
    assert said.count("square") == 4  # the title, the unit, and two roofs


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    bars = (
        Bar(name="a", target="x", parts={"one": 1.0, "two": 3.0}, note="repaid after 40 calls"),
        Bar(name="a", target="y", parts={"two": 2.0, "one": float("nan")}),
        Bar(name="b", target="z", parts={}),
    )
    scene = scene_of(replace(pictured.stacks(), bars=bars, parts=("one", "two")))
    parts = {group.tip: group.items[0] for group in groups(scene.items) if group.tip}
    assert list(parts) == ["one, x, a: 1.00 s", "two, x, a: 3.00 s", "two, y, a: 2.00 s"]
    boxes = [box for box in parts.values() if isinstance(box, Box)]
    one, two, other = [box.w + 1 for box in boxes]
    assert two == pytest.approx(3 * one)
    assert other == pytest.approx(2 * one)
    assert boxes[1].x == pytest.approx(boxes[0].x + one)
    assert (boxes[0].ink, boxes[1].ink, boxes[1].hatch) == ("p0", "p1", 1)
    assert {"4.00 s, repaid after 40 calls", "2.00 s", "not told"} <= set(texts(scene))


def test_bars_of_memory_are_told_in_bytes() -> None:
    bar = Bar(name="a", target="x", parts={"peak": 3.0 * 2**30})
    scene = scene_of(replace(pictured.stacks(), unit="bytes", bars=(bar,), parts=("peak",)))
    assert {"3 GiB", "1 GiB", "0"} <= set(texts(scene))


def test_many_parts_differ_in_colour_or_hatching() -> None:
    bar = Bar(name="a", target="x", parts={f"part {at}": 1.0 for at in range(20)})
    scene = scene_of(replace(pictured.stacks(), bars=(bar,), parts=tuple(bar.parts)))
    drawn = [box for group in groups(scene.items) if group.tip for box in of(Box, group.items)]
    assert len({(box.ink, box.hatch) for box in drawn}) == 20


def ends(picture: Reached) -> dict[str, tuple[float, float]]:
    """Return where the staircases begin and end, by ink."""
    lines = [line for line in of(Line, scene_of(picture).items) if line.ink in SERIES and line.width != 1.6]
    return {line.ink: (line.points[0][1], line.points[-1][1]) for line in lines}


def test_tries_that_never_arrive_keep_the_line_low() -> None:
    drawn = {"a": ((1.0, 2.0, 3.0), 3), "b": ((1.5, 4.0, 2.0), 5), "c": ((), 2)}
    picture = replace(pictured.reached(), targets=("a", "b", "c"), lines=drawn)
    found = ends(picture)
    floor, top = found["s0"]
    assert found["s1"][0] == floor
    assert found["s1"][1] == pytest.approx(floor - 0.6 * (floor - top))
    assert found["s2"] == (floor, floor)
    assert {"a: 3 of 3", "b: 3 of 5", "c: 0 of 2"} <= set(texts(scene_of(picture)))


def test_where_no_try_arrived_there_are_words_and_no_times() -> None:
    said = texts(scene_of(replace(pictured.reached(), lines={"jax.jit@cpu": ((), 2)}, across="seconds")))
    assert {"No try came to the goal.", "jax.jit@cpu: 0 of 2", "0 %"} <= set(said)
    assert "No try came to the goal." not in texts(scene_of(pictured.reached()))


@pytest.mark.parametrize(("last", "zero"), [(5.0, True), (500.0, False)])
def test_times_of_many_magnitudes_stand_on_a_logarithmic_axis(last: float, *, zero: bool) -> None:
    picture = replace(pictured.reached(), lines={"jax.jit@cpu": ((1.0, last), 2)})
    assert ("0" in texts(scene_of(picture))) is zero


def test_names_of_dots_are_there_where_they_have_room() -> None:
    apart = scene_of(pictured.tradeoff(2, pictured.TARGETS[:1], "batch"))
    assert {"batch 1", "batch 2"} <= set(texts(apart))
    crowded = scene_of(pictured.tradeoff(60, pictured.NINE, "batch"))
    named = [text for text in texts(crowded) if text.startswith("batch ")]
    assert 10 < len(named) < 540
    tips = [group.tip for group in groups(crowded.items)]
    assert len([tip for tip in tips if ", batch " in tip]) == 540


def test_the_slowest_calls_and_what_nobody_beats_are_drawn_and_told() -> None:
    line = (("1", pictured.dot(1e-3, 100.0)), ("8", pictured.dot(2e-3, 500.0)))
    plain = replace(pictured.tradeoff(), targets=("a",), lines={"a": line}, tails={}, unbeaten={})
    scene = scene_of(replace(plain, tails={"a": {"8": 9e-3, "1": float("nan")}}, unbeaten={"a": ("1",)}))
    first, second = [group for group in groups(scene.items) if group.tip]
    assert [line.dash for line in of(Line, second.items)] == [False, True, False]  # interval, p99, its end
    assert len(of(Line, first.items)) == 2  # interval and ring
    assert second.tip.endswith(", 99 of 100 calls below 9.00 ms")
    assert first.tip.endswith(", unbeaten")
    said = ["up to what 99 of 100 calls stay below", "no other has both less latency and more throughput"]
    assert [text for text in said if text in texts(scene)] == said
    assert not [text for text in said if text in texts(scene_of(plain))]


# -- colours -----------------------------------------------------------------------------------------


def brightness(colour: str) -> float:
    """Return the relative luminance of a colour, as the guidelines for accessible pages define it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted([brightness(one), brightness(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_marks_and_texts_stand_out(colours: dict[str, str]) -> None:
    for role in (*SERIES, *PARTS, "faint", "void"):
        assert contrast(colours[role], colours["paper"]) >= 3, role
    for role in TEXTS:
        assert contrast(colours[role], colours["paper"]) >= 4.5, role
    for role in HEAT:
        assert contrast(colours["ink"], colours[role]) >= 4.5, role


def test_both_themes_know_the_same_roles() -> None:
    assert list(LIGHT) == list(DARK)
    assert set(LIGHT) >= {*SERIES, *PARTS, *HEAT, *TEXTS}
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("kind", pictured.EVERY)
def test_drawings_name_no_role_that_has_no_colour(kind: str) -> None:
    used: set[str] = set()
    for mark in flat(scene_of(pictured.EVERY[kind](6, pictured.NINE)).items):
        used |= {mark.ink, mark.edge} if isinstance(mark, Box) else {mark.ink}
    assert used - {""} <= set(LIGHT)
