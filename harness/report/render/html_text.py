"""Text in an HTML page: one function for text, one for attributes, and marks that become elements of ours.

Whatever a page shows passes through here. What is not seen (control characters, marks that turn the writing
direction round) is written out once more, so that a slip elsewhere cannot reach a reader.

>>> from harness.report.content import link, name
>>> attribute('"><b>')
'&quot;&gt;&lt;b&gt;'
>>> rich(f"{name('<a>')} wins: {link('the table', 'cases')}", {"cases"})
'<code>&lt;a&gt;</code> wins: <a href="#cases">the table</a>'
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Container

from harness.report.content import Kind, Span, spans
from harness.report.escape import visible
from harness.report.picture import slug

_ANCHOR = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def text(raw: str) -> str:
    """Return `raw` as it may stand between tags."""
    return html.escape(_seen(raw), quote=False)


def attribute(raw: str) -> str:
    """Return `raw` as it may stand between the quotes of an attribute."""
    return html.escape(_seen(raw), quote=True)


def rich(marked: str, anchors: Container[str] = ()) -> str:
    """Return a text with its marks as elements; a link to what is not among `anchors` is plain words."""
    if marked.isascii():  # no mark is
        return text(marked)
    return "".join(_element(span, anchors) for span in spans(marked))


def identifier(anchor: str) -> str:
    """Return an id: `anchor` itself where that can be one."""
    return anchor if _ANCHOR.fullmatch(anchor) else f"a-{slug(anchor)}"


def island(identity: str, value: object) -> str:
    """Return data for the script: an element that is never run, in which no markup can begin."""
    said = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for char in "<>&":
        said = said.replace(char, f"\\u{ord(char):04x}")
    return f'<script type="application/json" id="{identity}">{said}</script>'


def _element(span: Span, anchors: Container[str]) -> str:
    shown = text(span.text)
    match span.kind:
        case Kind.NAME:
            return f"<code>{shown}</code>"
        case Kind.SAID:
            return f'<span class="said">{shown}</span>'
        case Kind.LINK if (to := identifier(span.anchor)) in anchors:
            return f'<a href="#{to}">{shown}</a>'
        case _:
            return shown


def _seen(raw: str) -> str:
    return raw if raw.isprintable() else visible(raw, len(raw))
