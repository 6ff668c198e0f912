"""Pictures as PNG: dots with intervals, no bars, for a bar on a logarithmic axis has no length.

Colours are those that colour-blind people tell apart, and shapes differ as well. Names are shown as
text: no mathematics is read into a dollar sign, and what the font lacks is written out. The same
values give the same bytes: nothing is kept between figures, and no date is written into them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D

from harness.report.escape import visible
from harness.report.picture import Curves, Dot, Lanes, Lines, Panel, Picture
from harness.report.ticks import MOST_TICKS, duration, plain, prefixed, put_ticks, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours without the yellow, which is too light for a dot on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "<", ">")

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with the library, so a picture looks the same everywhere
    "font.size": 9.0,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
WIDTH_IN = 8.4
DPI = 110
NAME_CHARS = 42
LANE_IN = 0.15  # height of one target in a lane
TITLE_IN, AXIS_IN = 0.46, 0.55
PANELS_A_ROW, PANEL_IN = 3, 1.95


def render(picture: Picture) -> bytes:
    """Return `picture` as PNG."""
    with mpl.rc_context(_own_style()):
        match picture:
            case Lanes():
                figure = _lanes(picture)
            case Lines():
                figure = _lines(picture)
            case Curves():
                figure = _curves(picture)
            case _:
                raise TypeError(f"no way to draw a {type(picture).__name__}")
        data = io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()


def _own_style() -> dict[Any, Any]:
    """Return every setting, so that nobody's configuration file changes a picture."""
    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if "backend" not in name}
    return defaults | STYLE


# -- dots and intervals ------------------------------------------------------------------------------


def _lanes(picture: Lanes) -> Figure:
    shown = _shown(picture.targets, [{*lane.dots, *lane.gaps} for lane in picture.lanes])
    lane_in = LANE_IN * max(2, len(shown) + 1)
    legend_in = _legend_height(shown)
    height = TITLE_IN + lane_in * len(picture.lanes) + AXIS_IN + legend_in
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    names = [_label(lane.name) for lane in picture.lanes]
    left = (0.25 + 0.072 * max(map(len, names), default=0)) / WIDTH_IN
    axes = figure.add_axes((left, (AXIS_IN + legend_in) / height, 0.97 - left, lane_in * len(picture.lanes) / height))
    _draw_lanes(axes, picture, shown)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    for at in range(1, len(names)):
        axes.axhline(at - 0.5, color="#dddddd", linewidth=0.6, zorder=0)
    axes.set_xlabel(_label(picture.unit, 90))
    figure.text(0.012, 1 - 0.28 / height, _label(picture.title, 100), fontsize=10.5, fontweight="bold")
    _legend(figure, picture, shown)
    return figure


def _draw_lanes(axes: Axes, picture: Lanes, shown: Sequence[str]) -> None:
    dots = [dot for lane in picture.lanes for dot in lane.dots.values()]
    low, high = span([value for dot in dots for value in (dot.low, dot.x, dot.high)] + [1.0] * picture.line_at_one)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    put_ticks(axes.xaxis, low, high, plain if picture.line_at_one else duration)
    axes.grid(axis="x", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    if picture.line_at_one:
        axes.axvline(1.0, color="#888888", linewidth=0.9, zorder=1)
    for turn, target in enumerate(shown):
        heights = [at + (turn + 1) / (len(shown) + 1) - 0.5 for at in range(len(picture.lanes))]
        found = [(lane.dots[target], y) for lane, y in zip(picture.lanes, heights, strict=True) if target in lane.dots]
        _dots(axes, found, _look(picture.targets, target))
        for lane, y in zip(picture.lanes, heights, strict=True):
            if target in lane.gaps:
                _gap(axes, low, high, y, f"{_label(target, 24)}: {_label(lane.gaps[target], 24)}")


def _dots(axes: Axes, found: Sequence[tuple[Dot, float]], look: tuple[str, str]) -> None:
    colour, shape = look
    heights = [y for _, y in found]
    lows, highs = [dot.low for dot, _ in found], [dot.high for dot, _ in found]
    axes.hlines(heights, lows, highs, color=colour, linewidth=1.4, zorder=2)
    axes.plot([dot.x for dot, _ in found], heights, shape, color=colour, markersize=4.6, markeredgewidth=0, zorder=3)


def _gap(axes: Axes, low: float, high: float, y: float, text: str) -> None:
    x = low * (high / low) ** 0.008
    axes.text(x, y, text, color="#777777", fontsize=6.5, va="center", fontstyle="italic", zorder=4)


# -- speed against size ------------------------------------------------------------------------------


def _lines(picture: Lines) -> Figure:
    shown = _shown(picture.targets, [set(picture.lines)])
    legend_in = _legend_height(shown)
    axes_in = 2.9
    height = TITLE_IN + axes_in + AXIS_IN + legend_in
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    axes = figure.add_axes((0.115, (AXIS_IN + legend_in) / height, 0.855, axes_in / height))
    dots = [dot for line in picture.lines.values() for dot in line]
    axes.set_xscale("log")
    axes.set_yscale("log")
    bottom, top = span([value for dot in dots for value in (dot.low, dot.y, dot.high)])
    axes.set_ylim(bottom, top)
    put_ticks(axes.yaxis, bottom, top, prefixed)
    low, high = span([dot.x for dot in dots])
    axes.set_xlim(low, high)
    put_ticks(axes.xaxis, low, high, prefixed, exact=[dot.x for dot in dots])
    # Beside one another, or intervals at one size would hide each other; with many sizes nothing would.
    apart = (high / low) ** 0.004 if len({dot.x for dot in dots}) <= MOST_TICKS else 1.0
    for turn, target in enumerate(shown):
        shift = apart ** (turn - (len(shown) - 1) / 2)
        moved = [replace(dot, x=dot.x * shift) for dot in picture.lines[target]]
        _line(axes, moved, _look(picture.targets, target))
    axes.grid(color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(_label(picture.size, 60))
    axes.set_ylabel(_label(picture.unit))
    figure.text(0.012, 1 - 0.28 / height, _label(picture.title, 100), fontsize=10.5, fontweight="bold")
    _legend(figure, picture, shown)
    return figure


def _line(axes: Axes, dots: Sequence[Dot], look: tuple[str, str]) -> None:
    colour, shape = look
    x, y = [dot.x for dot in dots], [dot.y for dot in dots]
    axes.plot(x, y, color=colour, linewidth=1.1, marker=shape, markersize=4.6, markeredgewidth=0, zorder=3)
    axes.vlines(x, [dot.low for dot in dots], [dot.high for dot in dots], color=colour, linewidth=1.4, zorder=2)


# -- step by step ------------------------------------------------------------------------------------


def _curves(picture: Curves) -> Figure:
    shown = _shown(picture.targets, [set(panel.lines) for panel in picture.panels])
    columns = min(PANELS_A_ROW, len(picture.panels))
    rows = math.ceil(len(picture.panels) / columns)
    legend_in = _legend_height(shown)
    height = TITLE_IN + rows * PANEL_IN + 0.2 + legend_in
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    for at, panel in enumerate(picture.panels):
        row, column = divmod(at, columns)
        left, bottom = column / columns + 0.075, 1 - (TITLE_IN + (row + 1) * PANEL_IN - 0.42) / height
        axes = figure.add_axes((left, bottom, 0.97 / columns - 0.085, (PANEL_IN - 0.75) / height))
        _panel(axes, panel, picture, shown)
    figure.text(0.012, 1 - 0.28 / height, _label(picture.title, 100), fontsize=10.5, fontweight="bold")
    _legend(figure, picture, shown)
    return figure


def _panel(axes: Axes, panel: Panel, picture: Curves, shown: Sequence[str]) -> None:
    """Draw lines that may lie on each other: the first one wide, each after it narrower, marks in turn."""
    turns = [target for target in shown if target in panel.lines]
    for turn, target in enumerate(turns):
        colour, shape = _look(picture.targets, target)
        values = [value if math.isfinite(value) else math.nan for value in panel.lines[target]]
        axes.plot(
            range(1, len(values) + 1), values, color=colour, linewidth=1.0 + 4.5 * (len(turns) - 1 - turn) / len(turns),
            marker=shape, markersize=4.2, markeredgewidth=0, markevery=(turn % max(1, len(values)), len(turns)),
            solid_capstyle="butt",
        )  # fmt: skip
    if picture.goal is not None:
        axes.axhline(picture.goal, color="#888888", linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_title(_label(panel.name, 34), fontsize=8.5, loc="left", pad=3)
    axes.tick_params(labelsize=7.5)
    axes.grid(color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(_label(picture.step, 30), fontsize=7.5, labelpad=1)


# -- what both share ---------------------------------------------------------------------------------


def _shown(targets: Sequence[str], met: Sequence[set[str]]) -> list[str]:
    present = set().union(*met)
    return [target for target in targets if target in present]


def _look(targets: Sequence[str], target: str) -> tuple[str, str]:
    at = targets.index(target)
    return COLOURS[at % len(COLOURS)], SHAPES[at % len(SHAPES)]


def _legend_height(shown: Sequence[str]) -> float:
    return 0.22 * math.ceil(len(shown) / _columns(shown)) + 0.08


def _columns(shown: Sequence[str]) -> int:
    widest = max((len(_label(target)) for target in shown), default=1)
    return max(1, min(len(shown), int((WIDTH_IN - 0.4) / (0.4 + 0.075 * widest))))


def _legend(figure: Figure, picture: Picture, shown: Sequence[str]) -> None:
    looks = [_look(picture.targets, target) for target in shown]
    handles = [Line2D([], [], color=colour, marker=shape, markeredgewidth=0, linewidth=1.2) for colour, shape in looks]
    labels = [_label(target) for target in shown]
    legend = figure.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(0.005, 0.0), ncols=_columns(shown), frameon=False,
        fontsize=8.5, borderaxespad=0.3, handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip
    legend.set_in_layout(False)  # its place is fixed, so a long name cannot move the axes


def _label(text: str, longest: int = NAME_CHARS) -> str:
    """Return `text` with all that the font cannot draw written out; what is too long loses its middle."""
    shown = "".join(char if ord(char) in _drawable() else f"\\u{ord(char):04x}" for char in visible(text, 4 * longest))
    if len(shown) <= longest:
        return shown
    half = (longest - 1) // 2
    return f"{shown[: longest - 1 - half]}…{shown[-half:]}"


@cache
def _drawable() -> frozenset[int]:
    """Return what every cut of the font has; the slanted one lacks whole alphabets."""
    cuts = (
        FontProperties(family="DejaVu Sans"),
        FontProperties(family="DejaVu Sans", weight="bold"),
        FontProperties(family="DejaVu Sans", style="italic"),
    )
    paths = [font_manager.findfont(cut) for cut in cuts]
    return frozenset.intersection(*(frozenset(FT2Font(path).get_charmap()) for path in paths))
