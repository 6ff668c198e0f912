"""Axes: a few round numbers within the limits, whatever the range, and words as wide as they are said to be."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.draw.axis import (
    MOST_TICKS,
    amount,
    axis_from_zero,
    counting_axis,
    duration,
    even_axis,
    is_bytes,
    is_time,
    log_axis,
    plain,
    prefixed,
    sound,
    span,
    usable,
    whole,
)
from harness.report.draw.frame import look
from harness.report.draw.scene import Label, Scale
from harness.report.draw.text import extent, first_free, folded, overlap, shortened, strokes, width
from harness.report.picture import Dot

ANYTHING = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=200)
@given(centre=st.floats(1e-9, 1e12), wide=st.floats(0, 25))
def test_every_logarithmic_axis_has_a_few_ticks_within_its_limits(centre: float, wide: float) -> None:
    """From a hundredth of a per cent to twenty-five powers of e."""
    axis = log_axis([centre, centre * math.exp(wide)], plain)
    values, texts = zip(*axis.ticks, strict=True)
    assert 2 <= len(values) <= 14
    assert all(axis.low <= value * (1 + 1e-9) and value <= axis.high * (1 + 1e-9) for value in values)
    assert len(set(texts)) == len(texts)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=30))
def test_sizes_are_ticks_only_where_they_have_room(sizes: list[int]) -> None:
    """Labels that touch cannot be read."""
    values = [float(size) for size in sizes]
    axis = log_axis(values, str, exact=values)
    ticks = [value for value, _ in axis.ticks]
    if ticks == sorted(set(values)):
        assert len(ticks) <= MOST_TICKS
        assert all(math.log(b / a) > math.log(axis.high / axis.low) / 20 for a, b in pairwise(ticks))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
def test_every_linear_axis_has_a_few_ticks_within_its_limits(values: list[float]) -> None:
    axis = even_axis(values, plain)
    ticks = [value for value, _ in axis.ticks]
    wide = axis.high - axis.low
    assert 2 <= len(ticks) <= 8
    assert axis.low < min(values)
    assert max(values) < axis.high
    assert all(axis.low - 1e-6 * wide <= tick <= axis.high + 1e-6 * wide for tick in ticks)
    assert len({text for _, text in axis.ticks}) == len(ticks)


@given(st.lists(ANYTHING, max_size=8))
def test_no_values_make_an_axis_impossible(values: list[float]) -> None:
    """Whatever comes out of a file: limits are numbers, in order, and the ticks between them have places."""
    for axis in (
        log_axis(values, plain),
        log_axis(values, prefixed, exact=filter(usable, values)),
        even_axis(values, plain),
        axis_from_zero([value for value in values if usable(value)], duration),
    ):
        scale = axis.scale(0.0, 100.0)
        assert axis.low < axis.high
        assert all(math.isfinite(scale.at(value)) for value, _ in axis.ticks)


@given(st.integers(0, 10**6))
def test_steps_are_counted_in_whole_numbers(last: int) -> None:
    axis = counting_axis(last)
    assert axis.ticks
    assert all(value == int(value) and 1 <= value <= max(1, last) for value, _ in axis.ticks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.2, 100, [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]),
        (0.1, 900, [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]),
        (1e-3, 1e5, [10.0**power for power in range(-3, 6)]),
        (1e-6, 1e6, [10.0**power for power in range(-6, 7, 2)]),
    ],
)
def test_decades_have_numbers_between_them_where_these_have_room(low: float, high: float, ticks: list[float]) -> None:
    assert [value for value, _ in log_axis([low, high], plain).ticks] == pytest.approx(ticks)


def test_a_narrow_range_gets_some_air() -> None:
    low, high = span([1.0])
    assert high / low == pytest.approx(math.exp(0.05), rel=0.01)
    assert span([]) == span([1.0])
    assert span([math.nan, math.inf, -1.0, 0.0]) == span([1.0])


def test_a_dot_without_a_sound_interval_keeps_its_value() -> None:
    assert sound(Dot(x=2.0, y=0.0, low=0.0, high=math.inf), 2.0) == Dot(x=2.0, y=0.0, low=2.0, high=2.0)
    assert sound(Dot(x=2.0, y=0.0, low=1.0, high=3.0), 2.0) == Dot(x=2.0, y=0.0, low=1.0, high=3.0)
    assert sound(Dot(x=0.0, y=0.0, low=1.0, high=3.0), 0.0) is None


def test_numbers_are_short() -> None:
    assert [duration(value) for value in (0.0, 2.5, 1e-3, 2.5e-6, 5e-9)] == ["0", "2.5 s", "1 ms", "2.5 µs", "5 ns"]
    assert [prefixed(value) for value in (0.5, 1000.0, 2e4, 1.5e9)] == ["0.5", "1000", "20 k", "1.5 G"]
    assert [whole(value) for value in (96.0, 65536.0, 0.25, 2.5e6)] == ["96", "65536", "0.25", "2.5 M"]
    sizes = [2.0**14, 2.0**20]
    assert [text for _, text in log_axis(sizes, prefixed, sizes).ticks] == ["16384", "1.049 M"]
    assert [text for _, text in log_axis(sizes, prefixed, sizes, amount).ticks] == ["16 KiB", "1 MiB"]
    assert [amount(value) for value in (0.0, 2.0**30, 1536.0)] == ["0", "1 GiB", "1.50 KiB"]


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        ("seconds a call", True),
        ("time of a call", True),
        ("latency of a single call, in seconds", True),
        ("s", True),
        ("FLOP/s", False),
        ("times as fast", False),
        ("time over that of torch.eager@cpu", False),
    ],
)
def test_a_unit_says_whether_it_is_time(unit: str, *, time: bool) -> None:
    assert is_time(unit) is time


def test_a_unit_says_whether_it_is_memory() -> None:
    assert is_bytes("bytes")
    assert not is_bytes("seconds")


def test_a_scale_maps_its_ends_to_its_places() -> None:
    scale = Scale(low=0.1, high=10.0, start=100.0, end=300.0)
    assert scale.at(0.1) == pytest.approx(100.0)
    assert scale.at(10.0) == pytest.approx(300.0)
    assert scale.at(1.0) == pytest.approx(200.0)
    upright = Scale(low=0.0, high=2.0, start=300.0, end=100.0, log=False)
    assert upright.at(0.5) == pytest.approx(250.0)


def test_looks_do_not_repeat_soon() -> None:
    """Eighty-one targets differ in colour or in shape."""
    targets = [str(at) for at in range(81)]
    assert len({look(targets, target) for target in targets}) == 81


@given(st.text(max_size=300), st.floats(20, 400), st.booleans())
def test_a_shortened_text_fits(text: str, room: float, bold: bool) -> None:
    short = shortened(text, room, 12, bold=bold)
    assert width(short, 12, bold=bold) <= room
    assert short == text or "…" in short


def test_what_is_shortened_keeps_both_ends() -> None:
    short = shortened(f"square[{'x' * 100}dtype=float32]", 150, 12)
    assert short.startswith("square[")
    assert short.endswith("float32]")


@given(st.text(max_size=300), st.floats(20, 400), st.integers(1, 4))
def test_a_folded_text_fits_on_its_lines(text: str, room: float, most: int) -> None:
    lines = folded(text, room, 12, most)
    assert 1 <= len(lines) <= most
    assert all(width(line, 12) <= room for line in lines)


def test_a_text_is_folded_behind_a_comma_and_only_where_it_must_be() -> None:
    assert folded("square[m=512,n=512,k=512]", 400, 12) == ("square[m=512,n=512,k=512]",)
    assert folded("square[m=512,n=512,k=512]", 120, 12) == ("square[m=512,", "n=512,k=512]")
    whole = "square[m=512,n=512,k=512,dtype=float32]"
    assert folded(whole, 120, 12, 3) == ("square[m=512,", "n=512,k=512,", "dtype=float32]")
    assert "…" in folded(whole, 120, 12)[1]
    (short,) = folded("x" * 100, 150, 12)
    assert "…" in short


def test_strokes_cover_a_line_without_gaps() -> None:
    found = strokes([(0.0, 0.0), (100.0, 0.0), (100.0, 50.0)])
    assert found[0] == (-1, -1, 1, 1)
    assert found[-1] == (99, 49, 101, 51)
    assert all(math.dist(a[:2], b[:2]) <= 6 for a, b in pairwise(found))
    assert strokes([(1.0, 1.0)]) == []


@given(st.sampled_from(["start", "middle", "end"]), st.sampled_from([0.0, -45.0, 90.0]))
def test_a_label_takes_as_much_room_as_its_letters(anchor: str, angle: float) -> None:
    label = Label(x=100, y=100, text="abc", size=10, anchor=anchor, angle=angle)  # type: ignore[arg-type]
    left, top, right, bottom = extent(label)
    wide, high = width("abc", 10), 10 * (0.8 + 0.24)
    turn = math.radians(angle)
    assert right - left == pytest.approx(wide * abs(math.cos(turn)) + high * abs(math.sin(turn)))
    assert bottom - top == pytest.approx(wide * abs(math.sin(turn)) + high * abs(math.cos(turn)))


def test_a_label_finds_the_first_free_place_or_none() -> None:
    first, second = Label(x=10, y=20, text="a"), Label(x=10, y=60, text="a")
    within = (0.0, 0.0, 100.0, 100.0)
    assert first_free([first, second], [], within) is first
    assert first_free([first, second], [extent(first)], within) is second
    assert first_free([first], [extent(first)], within) is None
    assert first_free([Label(x=95, y=20, text="abc")], [], within) is None
    assert overlap((0, 0, 10, 10), (12, 0, 20, 10), air=3.0)
    assert not overlap((0, 0, 10, 10), (12, 0, 20, 10))
