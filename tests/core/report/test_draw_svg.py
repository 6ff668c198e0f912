"""SVG: text stays text, ids are our own, and nothing needs or names anything outside."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.draw import scene_of
from harness.report.draw.ink import LIGHT, rules
from harness.report.draw.marks import outline
from harness.report.draw.scene import HATCHES, SHAPES, Box, Group, Label, Line, Scene, Shape
from harness.report.draw.svg import svg
from harness.report.escape import visible
from tests.core.report import pictured
from tests.core.report.test_escape import HOSTILE

NAMESPACE = "{http://www.w3.org/2000/svg}"
ELEMENTS = {
    *("svg", "title", "desc", "style", "defs", "linearGradient", "stop", "path", "rect", "circle", "text", "g"),
}
ATTRIBUTES = {
    *("viewBox", "width", "height", "role", "aria-labelledby", "id", "class", "fill", "stroke", "stroke-width"),
    *("stroke-dasharray", "d", "x", "y", "cx", "cy", "r", "font-size", "text-anchor", "font-weight", "font-style"),
    *("gradientUnits", "x1", "y1", "x2", "y2", "spreadMethod", "offset", "stop-color", "stop-opacity"),
    *("transform", "data-target", "data-lane", "data-low", "data-high", "data-x0", "data-x1"),
}


def read(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  (what was written a moment ago)


def elements(root: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    """Yield all elements by their names."""
    for element in root.iter():
        yield element.tag.removeprefix(NAMESPACE), element


def assert_harmless(text: str, identity: str) -> None:
    """Only our own elements, attributes and ids, and no reference but to those."""
    root = read(text)
    ids = set()
    for name, element in elements(root):
        assert name in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        assert element.get("fill") in (None, "none", "currentColor") or name == "rect"
        if "id" in element.attrib:
            ids.add(element.attrib["id"])
    assert all(one.startswith(f"{identity}-") for one in ids)
    assert set(re.findall(r"url\(#([^)]*)\)", "".join(re.findall(r'fill="([^"]*)"', text)))) <= ids
    assert set((root.get("aria-labelledby") or "").split()) <= ids


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("kind", pictured.EVERY)
def test_a_drawing_is_well_formed_and_needs_nothing_from_outside(kind: str, *, alone: bool) -> None:
    text = svg(scene_of(pictured.EVERY[kind](5, pictured.NINE)), identity="a-picture", alone=alone)
    assert_harmless(text, "a-picture")
    assert ("http" in text) is alone  # the name of the language, which a file must say
    assert ("<style>" in text) is alone
    assert text.count("<title") >= 2
    bare = re.sub(r'data-(?:low|high)="[^"]*"|>[^<]*<', "|", text)
    assert not re.search(r"\d\.\d{3}", bare)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", pictured.EVERY)
def test_other_peoples_text_is_text(kind: str, name: str) -> None:
    """Markup, marks that turn the writing direction, half a character."""
    targets = tuple(f"{name}{at}" for at in range(3))
    text = svg(scene_of(pictured.EVERY[kind](3, targets, name)), identity="a", alone=True)
    assert_harmless(text, "a")
    text.encode()
    told = read(text).find(f"{NAMESPACE}title")
    assert told is not None
    assert (told.text or "") == visible(name, 640)


@settings(max_examples=50, deadline=None)
@given(name=st.text(max_size=60), kind=st.sampled_from(sorted(pictured.EVERY)), identity=st.text(max_size=10))
def test_any_name_is_text(name: str, kind: str, identity: str) -> None:
    scene = scene_of(pictured.EVERY[kind](2, (f"a{name}", f"b{name}"), name))
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", identity)
    assert_harmless(svg(scene, identity=identity, alone=False), plain)


def test_a_raw_text_is_escaped_even_where_nobody_did_before() -> None:
    """What is written down is safe by itself."""
    bad = '<script>"&\x00\u202e\ud800'
    group = Group(items=(Label(x=1, y=1, text=f"{bad}!"),), tip=bad, target=bad, lane=bad)
    text = svg(Scene(width=10, height=10, items=(group,), title=bad, alt=bad), identity=bad, alone=True)
    root = read(text)
    shown = visible(bad)
    told = [element.text for name, element in elements(root) if name in ("title", "desc", "text")]
    assert told == [shown, shown, shown, visible(f"{bad}!")]
    (found,) = [element for name, element in elements(root) if name == "g"]
    assert (found.get("data-target"), found.get("data-lane")) == (shown, shown)


def test_words_that_say_all_need_no_tip() -> None:
    group = Group(items=(Label(x=1, y=1, text="whole"),), tip="whole")
    assert (
        svg(Scene(width=10, height=10, items=(group,), title="t", alt="a"), identity="x", alone=True).count("whole")
        == 1
    )


def test_the_root_says_how_to_move_dots() -> None:
    scene = scene_of(pictured.lanes(3))
    assert scene.scale is not None
    root = read(svg(scene, identity="a", alone=False))
    assert root.get("role") == "img"
    assert float(root.get("data-low") or 0) == scene.scale.low
    assert float(root.get("data-high") or 0) == scene.scale.high
    assert float(root.get("data-x0") or 0) == pytest.approx(scene.scale.start, abs=0.005)
    assert float(root.get("data-x1") or 0) == pytest.approx(scene.scale.end, abs=0.005)
    assert read(svg(scene_of(pictured.lines(3)), identity="a", alone=False)).get("data-low") is None


def test_groups_say_whose_they_are_and_legends_and_axes_what_they_are() -> None:
    root = read(svg(scene_of(pictured.lanes(3)), identity="a", alone=False))
    groups = [element for name, element in elements(root) if name == "g"]
    owned = [(group.get("data-target"), group.get("data-lane")) for group in groups if group.get("data-lane")]
    assert (pictured.TARGETS[0], "key-2") in owned
    assert [group.get("data-target") for group in groups if group.get("class") == "key"] == [*pictured.TARGETS]
    (axis,) = [group for group in groups if group.get("class") == "axis"]
    assert {element.get("class") for element in axis} == {"grid", "faint", "soft"}
    marks = [group for group in groups if group.get("data-target") == pictured.TARGETS[1] and group.get("data-lane")]
    assert [[element.tag for element in mark] for mark in marks] == [["title", "path", "path"]] * 3
    assert [mark[1].get("fill") for mark in marks] == ["none"] * 3


def test_marks_lines_boxes_and_words_are_written_down() -> None:
    items = (
        Line(points=((0, 0), (1.256, 2)), ink="s1", width=1.5, dash=True),
        Shape(x=5, y=5, shape="o", ink="s0", size=8),
        Shape(x=5, y=5, shape="s", ink="s0", size=10),
        Box(x=1, y=2, w=3, h=4, ink="p1", hatch=2),
        Box(x=1, y=2, w=3, h=4, edge="void", dash=True),
        Label(x=1, y=2, text="a  b", anchor="middle", bold=True, italic=True, angle=-45),
    )
    root = read(svg(Scene(width=10, height=20, items=items, title="t", alt="d"), identity="i", alone=False))
    assert root.attrib == {
        "viewBox": "0 0 10 20",
        "width": "10",
        "height": "20",
        "role": "img",
        "aria-labelledby": "i-title i-desc",
        "fill": "currentColor",
        "stroke-width": "1.5",
        "font-size": "12",
        "text-anchor": "middle",
    }
    place = {"x": "1", "y": "2", "width": "3", "height": "4"}
    drawn = {"fill": "none"}
    assert [(element.tag, element.attrib) for element in root] == [
        ("title", {"id": "i-title"}),
        ("desc", {"id": "i-desc"}),
        ("defs", {}),
        ("path", {"class": "s1", "d": "M0 0 1.3 2", **drawn, "stroke-dasharray": "5 4"}),
        ("circle", {"class": "s0", "cx": "5", "cy": "5", "r": "4"}),
        ("path", {"class": "s0", "d": "M0.5 0.5 9.5 0.5 9.5 9.5 0.5 9.5Z"}),
        ("rect", {**place, "class": "p1"}),
        ("rect", {**place, "fill": "url(#i-h1)"}),
        (
            "rect",
            {
                **place,
                "class": "void",
                **drawn,
                "stroke": "currentColor",
                "stroke-width": "1",
                "stroke-dasharray": "3 3",
            },
        ),
        ("text", root[-1].attrib),
    ]
    assert root[-1].text == "a  b"
    assert root[-1].attrib == {
        "class": "ink",
        "x": "1",
        "y": "2",
        "font-weight": "bold",
        "font-style": "italic",
        "transform": "rotate(-45 1 2)",
    }
    (stripes,) = root[2]
    assert stripes.attrib["id"] == "i-h1"


def test_what_pieces_have_in_common_is_said_once() -> None:
    """By the root how lines and letters are drawn, by a group what all in it is; what differs says so itself."""
    bar, mark = Line(points=((1, 5), (9, 5)), ink="s1", width=1.8), Shape(x=5, y=5, shape="s", ink="s1", size=10)
    dot = Group(items=(bar, mark))
    items = (
        Group(items=(dot, Line(points=((2, 0), (2, 9)), ink="s1", width=1.8)), target="x", lane="y"),
        Line(points=((0, 9), (9, 9)), ink="grid"),
        Label(x=1, y=2, text="a", anchor="middle", size=11),
        Label(x=1, y=2, text="b", anchor="middle", size=11),
        Label(x=1, y=2, text="c"),
    )
    text = svg(Scene(width=10, height=10, items=items, title="t", alt="d"), identity="i", alone=False)
    root = read(text)
    said = {key: root.get(key) for key in ("stroke-width", "font-size", "text-anchor", "fill")}
    assert said == {"stroke-width": "1.8", "font-size": "11", "text-anchor": "middle", "fill": "currentColor"}
    drawn = {"fill": "none"}
    group, line, *labels = root[2:]
    assert group.attrib == {"class": "s1", "data-target": "x", "data-lane": "y"}
    assert [(piece.tag, piece.attrib) for piece in group] == [("g", {}), ("path", {"d": "M2 0 2 9", **drawn})]
    assert [piece.attrib for piece in group[0]] == [
        {"d": "M1 5H9", **drawn},
        {"d": "M0.5 0.5 9.5 0.5 9.5 9.5 0.5 9.5Z"},
    ]
    assert line.attrib == {"class": "grid", "d": "M0 9H9", **drawn}
    here = {"class": "ink", "x": "1", "y": "2"}
    assert [label.attrib for label in labels] == [here, here, {**here, "font-size": "12", "text-anchor": "start"}]


def test_a_file_says_with_each_piece_how_it_is_filled() -> None:
    """Programs that take `currentColor` for the colour of the root would draw all of it black."""
    line = Line(points=((0, 9), (9, 9)), ink="grid")
    lines = (line, line, line, Line(points=((0, 8), (9, 8)), ink="s1", width=2))
    pieces = read(svg(Scene(width=10, height=10, items=lines, title="t", alt="d"), identity="i", alone=True))[-2:]
    assert [(piece.get("stroke"), piece.get("stroke-width")) for piece in pieces] == [
        ("currentColor", None),
        ("currentColor", "2"),
    ]
    items = (Shape(x=5, y=5, shape="s", ink="s1"), Box(x=1, y=2, w=3, h=4, ink="p1"))
    root = read(svg(Scene(width=10, height=10, items=items, title="t", alt="d"), identity="i", alone=True))
    assert root.get("fill") is None
    assert [piece.get("fill") for piece in root[-2:]] == ["currentColor"] * 2


def test_hatchings_differ_and_the_last_ones_have_two_stripes() -> None:
    boxes = tuple(Box(x=0, y=0, w=9, h=9, ink="p0", hatch=at) for at in range(HATCHES))
    drawn = [
        re.findall(
            r"url\(#i-h(\d)\)", svg(Scene(width=9, height=9, items=(box,), title="", alt=""), identity="i", alone=False)
        )
        for box in boxes
    ]
    assert drawn == [[], ["0"], ["1"], ["2"], ["3"], ["0", "1"], ["2", "3"]]
    root = read(svg(Scene(width=9, height=9, items=boxes, title="", alt=""), identity="i", alone=False))
    assert [element.get("id") for name, element in elements(root) if name == "linearGradient"] == [
        f"i-h{at}" for at in range(4)
    ]


def test_a_file_has_colours_and_paper_of_its_own() -> None:
    text = svg(Scene(width=10, height=20, items=(), title="t", alt="d"), identity="i", alone=True)
    assert rules(LIGHT) in text
    assert '<rect x="0" y="0" width="10" height="20" class="paper" fill="currentColor"/>' in text


def test_nine_shapes_have_nine_outlines() -> None:
    shapes = [Shape(x=50, y=50, shape=shape, ink="s0", size=10) for shape in SHAPES]
    outlines = [outline(shape) for shape in shapes]
    assert len(set(outlines)) == 9
    assert outlines[0] == ()  # a circle has no corners
    assert all(43 <= x <= 57 and 43 <= y <= 57 for corners in outlines for x, y in corners)


@pytest.mark.parametrize("kind", pictured.EVERY)
def test_the_same_picture_gives_the_same_bytes(kind: str) -> None:
    first = svg(scene_of(pictured.EVERY[kind](4)), identity="a", alone=True)
    svg(scene_of(pictured.lines(2)), identity="b", alone=False)
    assert svg(scene_of(pictured.EVERY[kind](4)), identity="a", alone=True) == first
    assert svg(scene_of(replace(pictured.EVERY[kind](4), title="another")), identity="a", alone=True) != first


def test_drawings_for_a_page_load_no_library() -> None:
    """A page can be made where there is neither matplotlib nor NumPy."""
    probe = "import sys; import harness.report.draw.svg; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "harness" in loaded
    assert loaded.isdisjoint({"matplotlib", "numpy", "pandas", "pyarrow", "scipy"})
