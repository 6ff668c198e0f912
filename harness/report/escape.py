"""Other people's text, made harmless for where it is shown.

Names, reasons and error messages come from suites, plugins and frameworks. In a page, a terminal or
a picture they must appear as text, whatever they hold: markup, pipes, dollar signs, terminal
escapes, marks that turn the writing direction round, four thousand characters.

In Markdown a backslash or a code span is not enough: renderers disagree about backslashes before
pipes, and nothing can be escaped in a code span. Character references are read as text everywhere.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 160

_ASCII = 0x7F
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TAME_CODE = re.compile(r"[A-Za-z0-9_.,:;@=+/()\[\]-](?:[A-Za-z0-9_.,:;@=+/()\[\] -]*[A-Za-z0-9_.,:;@=+/()\[\]-])?")
_TAME_TEXT = re.compile(r"[A-Za-z0-9 .,:;()/%'µ-]*")
_SPECIAL = re.compile(r"[^A-Za-z0-9 -]")
_NOT_ALT = re.compile(r"[^A-Za-z0-9 .,:;()/%=@+-]")
_BREAKS = r"\n\v\f\r\x1c-\x1e\x85\u2028\u2029"
_ORDER = re.compile(rf"((?:^|[{_BREAKS}])[^\S{_BREAKS}]*)::")
_LINK = re.compile(r"//|www\.", re.IGNORECASE)


def visible(text: str, longest: int = LONGEST) -> str:
    """Return `text` on one line, with all that is not seen written out, and cut where it is too long."""
    cut = text[:longest]
    shown = cut if cut.isprintable() else "".join(_written_out(char) if _is_unseen(char) else char for char in cut)
    return f"{shown}… ({len(text):,} characters)" if len(text) > longest else shown


def code(text: str, longest: int = LONGEST) -> str:
    """Return `text` as a name in Markdown: in fixed-width letters, also within a table."""
    shown = visible(text, longest)
    if _TAME_CODE.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{_referenced(shown)}</code>" if shown.strip() else "(no name)"


def words(text: str, longest: int = 4 * LONGEST) -> str:
    """Return `text` as a sentence in Markdown, also within a table; what could be markup is shown as code."""
    shown = visible(text, longest)
    if _TAME_TEXT.fullmatch(shown) and not _LINK.search(shown):
        return shown
    return f"<code>{_referenced(shown)}</code>"


def alt(text: str) -> str:
    """Return `text` as the description of a picture, where no markup may stand at all."""
    return _NOT_ALT.sub(_reference, visible(text, 4 * LONGEST))


def harmless(text: str) -> str:
    """Return lines of which none is an order: what runs the jobs of a forge obeys lines that begin with two colons."""
    return _ORDER.sub(r"\1:\\u003a", text) if "::" in text else text


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN


def _written_out(char: str) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return short.get(char, f"\\u{ord(char):04x}")


def _referenced(text: str) -> str:
    return _SPECIAL.sub(_reference, text)


def _reference(found: re.Match[str]) -> str:
    return found[0] if ord(found[0]) > _ASCII else f"&#{ord(found[0])};"
