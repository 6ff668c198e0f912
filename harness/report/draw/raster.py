"""Drawings as files: PNG and PDF by matplotlib, SVG as the page has it.

Names are shown as text: no mathematics is read into a dollar sign, and what the font lacks is written out.
The same picture gives the same bytes: nothing is kept between figures, nobody's settings are read, and no
date is written down.
"""

from __future__ import annotations

import io
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image

from harness.report.draw import scene_of
from harness.report.draw.ink import LIGHT
from harness.report.draw.marks import outline
from harness.report.draw.scene import Box, Label, Line, Mark, Scene, Shape, flat
from harness.report.draw.svg import svg
from harness.report.escape import LONGEST, visible
from harness.report.picture import Picture

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase, RendererBase

KINDS = ("png", "svg", "pdf")

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with the library, so a picture looks the same everywhere
    "text.parse_math": False,
    "pdf.fonttype": 42,  # letters that can be marked and searched, and that journals take
    "figure.facecolor": LIGHT["paper"],
    "savefig.facecolor": LIGHT["paper"],
}
_PX_AN_INCH = 96
_POINTS = 72 / _PX_AN_INCH  # of a pixel
_DPI = 120  # a quarter more than pixels: sharp letters, and files that a page can hold by the dozen
_COLOURS = 256  # of a palette
_METADATA = dict.fromkeys(("Creator", "Producer", "CreationDate"))  # of a PDF
_BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}  # how much of a label lies before its place
_HATCHES = ("", "//", "\\\\", "||", "--", "xx", "++")


def render(picture: Picture, kind: str = "png") -> bytes:
    """Return `picture` as a file of one of `KINDS`."""
    if kind == "svg":
        return svg(scene_of(picture), identity=picture.name, alone=True).encode()
    data = io.BytesIO()
    with mpl.rc_context(_own_style()):
        figure = _figure(scene_of(picture, say=drawable))
        if kind == "png":
            _with_palette(figure).save(data, format="png", dpi=(_DPI, _DPI))
        else:
            figure.savefig(data, format=kind, metadata=_METADATA)
    return data.getvalue()


def _with_palette(figure: Figure) -> Image.Image:
    """Return a picture of few colours, in a file of a third the size: no flat one is seen to change."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]
    return pixels.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def drawable(text: str) -> str:
    """Return `text` harmless, with all that the font cannot draw written out."""
    shown = visible(text, LONGEST)
    if shown.isascii():  # which every font has
        return shown
    return "".join(char if ord(char) in _letters() else f"\\u{ord(char):04x}" for char in shown)


def _own_style() -> dict[Any, Any]:
    """Return every setting, so that nobody's configuration file changes a picture."""
    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if "backend" not in name}
    return defaults | _STYLE


@cache
def _letters() -> frozenset[int]:
    """Return what every cut of the font has; the slanted one lacks whole alphabets."""
    cuts = (
        FontProperties(family="DejaVu Sans"),
        FontProperties(family="DejaVu Sans", weight="bold"),
        FontProperties(family="DejaVu Sans", style="italic"),
    )
    paths = [font_manager.findfont(cut) for cut in cuts]
    return frozenset.intersection(*(frozenset(FT2Font(path).get_charmap()) for path in paths))


def _figure(scene: Scene) -> Figure:
    figure = Figure(figsize=(scene.width / _PX_AN_INCH, scene.height / _PX_AN_INCH), dpi=_DPI)
    figure.add_artist(_Drawing(scene), clip=False)
    return figure


class _Drawing(Artist):
    """A scene as one thing to draw: an object of the library for each mark would take most of the time."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene

    def draw(self, renderer: RendererBase) -> None:
        """Draw each mark on all before it."""
        pen = _Pen(renderer, self._scene.height)
        for mark in flat(self._scene.items):
            gc = renderer.new_gc()
            pen.draw(gc, mark)
            gc.restore()


class _Pen:
    """Draws marks of a scene of some height, whose pixels become those of the renderer."""

    def __init__(self, renderer: RendererBase, height: float) -> None:
        self._renderer = renderer
        self._pixel = float(np.asarray(renderer.points_to_pixels(_POINTS)))
        self._place = Affine2D().scale(self._pixel, -self._pixel).translate(0, height * self._pixel)

    def draw(self, gc: GraphicsContextBase, mark: Mark) -> None:
        """Draw one mark."""
        match mark:
            case Line():
                self._line(gc, mark)
            case Shape():
                self._fill(gc, _path(mark), mark.ink)
            case Box():
                self._box(gc, mark)
            case Label():
                self._label(gc, mark)

    def _line(self, gc: GraphicsContextBase, line: Line) -> None:
        self._stroke(gc, Path(line.points), line.ink, line.width, (5, 4) if line.dash else ())

    def _box(self, gc: GraphicsContextBase, box: Box) -> None:
        right, below = box.x + box.w, box.y + box.h
        path = Path(((box.x, box.y), (right, box.y), (right, below), (box.x, below), (box.x, box.y)), closed=True)
        if box.ink:
            if box.hatch:
                gc.set_hatch(_HATCHES[box.hatch])
                gc.set_hatch_color(LIGHT["paper"])
            self._fill(gc, path, box.ink)
            gc.set_hatch(None)
        if box.edge:
            gc.set_joinstyle("miter")
            self._stroke(gc, path, box.edge, 1.0, (3, 3) if box.dash else ())

    def _fill(self, gc: GraphicsContextBase, path: Path, ink: str) -> None:
        gc.set_linewidth(0)
        self._renderer.draw_path(gc, path, self._place, to_rgb(LIGHT[ink]))

    def _stroke(self, gc: GraphicsContextBase, path: Path, ink: str, width: float, dashes: tuple[float, ...]) -> None:
        gc.set_foreground(LIGHT[ink])
        gc.set_linewidth(width * _POINTS)
        if dashes:
            gc.set_dashes(0, [length * _POINTS for length in dashes])
        self._renderer.draw_path(gc, path, self._place)

    def _label(self, gc: GraphicsContextBase, label: Label) -> None:
        font = _font(label.size, bold=label.bold, italic=label.italic)
        x, y = self._place.transform((label.x, label.y))
        share, angle = _BEFORE[label.anchor], math.radians(label.angle)
        if share:  # finding the width takes as long as drawing the letters
            before = share * self._renderer.get_text_width_height_descent(label.text, font, ismath=False)[0]
            x, y = x - before * math.cos(angle), y + before * math.sin(angle)
        if self._renderer.flipy():
            y = self._renderer.get_canvas_width_height()[1] - y
        gc.set_foreground(LIGHT[label.ink])
        self._renderer.draw_text(gc, x, y, label.text, font, -label.angle)


def _path(shape: Shape) -> Path:
    corners = outline(shape)
    if corners:
        return Path((*corners, corners[0]), closed=True)
    circle = Path.unit_circle()
    return Path(np.asarray(circle.vertices) * (shape.size / 2) + (shape.x, shape.y), circle.codes)


@cache
def _font(size: float, *, bold: bool, italic: bool) -> FontProperties:
    return FontProperties(
        family="DejaVu Sans",
        size=size * _POINTS,
        weight="bold" if bold else "normal",
        style="italic" if italic else "normal",
    )
