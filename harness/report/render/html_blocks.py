"""The blocks of an HTML page, each as elements that need neither the script nor the network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.report.content import Block, Bullets, Chart, Code, Fold, Light, Prose, Table, Trust
from harness.report.draw import scene_of
from harness.report.draw.svg import svg
from harness.report.escape import LONGEST, visible
from harness.report.leads import capital
from harness.report.picture import Lanes, Map, Picture
from harness.report.render.html_shared import Shared
from harness.report.render.html_table import table_of
from harness.report.render.html_text import attribute, rich, text

_GLYPHS = {Trust.GOOD: "✓", Trust.CAREFUL: "!", Trust.NONE: "?"}
_WHOLE = "The filter is for tables; this picture shows all cases."  # said by the script, where one is set
_NUMBERED = re.compile(r" \(\d+ of \d+\)$")


def blocks_of(blocks: Sequence[Block], shared: Shared) -> Iterator[str]:
    """Yield the lines of blocks, one after another."""
    for block in blocks:
        yield from _block(block, shared)


def _block(block: Block, shared: Shared) -> Iterator[str]:
    match block:
        case Prose():
            yield f"<p>{rich(block.text, shared.anchors)}</p>"
        case Bullets():
            items = "".join(f"<li>{rich(item, shared.anchors)}</li>" for item in block.items)
            yield f"<ul>{items}</ul>"
        case Code():
            lines = "\n".join(map(text, block.lines))
            yield f'<div class="code"><pre><code>{lines}</code></pre></div>'
        case Light():
            yield _light(block, shared)
        case Table():
            yield from table_of(block, shared)
        case Chart():
            yield from _chart(block, shared)
        case Fold():
            yield from _fold(rich(block.title), block.blocks, shared)


def _light(light: Light, shared: Shared) -> str:
    badge = f'<span class="badge"><span aria-hidden="true">{_GLYPHS[light.trust]}</span> {light.trust.word}</span>'
    return f'<div class="light light-{light.trust}">{badge}<p>{rich(light.text, shared.anchors)}</p></div>'


def _chart(chart: Chart, shared: Shared) -> Iterator[str]:
    picture = chart.picture
    label = attribute(f"Picture: {visible(picture.title, 4 * LONGEST)}")
    yield f'<figure class="chart" data-kind="{type(picture).__name__.lower()}"{_relative(picture)}>'
    yield f'<p class="note whole" hidden>{_WHOLE}</p>'
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
    yield svg(scene_of(picture), identity=f"figure-{picture.name}", alone=False)
    yield "</div>"
    caption = _caption(picture)
    if caption:
        yield f"<figcaption>{text(visible(caption, 4 * LONGEST))}</figcaption>"
    yield "</figure>"
    if chart.reading:
        yield from _fold("How to read this", (Prose(text=chart.reading),), shared)
    if chart.table is not None:
        yield from _fold("The same as a table", (chart.table,), shared)


def _caption(picture: Picture) -> str:
    """Return what the description of a picture says beyond its title, which the picture bears itself."""
    title = _NUMBERED.sub("", picture.title)
    return capital(picture.alt.replace(title, "", 1).strip(" ,:"))


def _relative(picture: Picture) -> str:
    """Mark a picture of ratios: it holds for one reference, and the script knows when another is chosen."""
    shows_ratios = isinstance(picture, Map) or (isinstance(picture, Lanes) and picture.line_at_one)
    return " data-relative" if shows_ratios else ""


def _fold(title: str, blocks: Sequence[Block], shared: Shared) -> Iterator[str]:
    yield f"<details><summary>{title}</summary>"
    yield '<div class="fold">'
    yield from blocks_of(blocks, shared)
    yield "</div>"
    yield "</details>"
