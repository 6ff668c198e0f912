"""Other people's text stays text, whatever it holds."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.report.escape import LONGEST, alt, code, harmless, visible, words

HOSTILE = (
    "a|b",
    "a\\|b",
    "`tick``s`",
    "$x^2$",
    "=cmd()",
    "<script>alert(1)</script>",
    "![x](javascript:alert(1))",
    "[x](http://evil.example)",
    "www.evil.example",
    "https://evil.example",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "line\nbreak\r\n\ttab",
    "\u2028",
    "&lt;&#124;&amp;",
    "@everyone #1 *bold* _it_ ~~no~~",
    "--- | ---",
    "::error::x",
    " ",
    "",
    "\\",
    "|",
    "\ud800",
    "😀 العربية",
    "x" * 4000,
    "|" * 4000,
)
# What would be an order to who runs a job, in a line of its own or where a line is broken.
ORDERS = ("::error::x", "  ::warning file=x::y", "a\n::error::x", "\x1e::error::x", f"{'word ' * 30}::error::x " * 4)
STORABLE = tuple(text for text in HOSTILE if text != "\ud800")  # no table of Arrow's holds half a letter


class Cells(HTMLParser):
    """The tags of a page and the text of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in ("td", "p"):
            self.inside = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "p"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += data


def rendered(cell: str) -> Cells:
    """Render a table with `cell` in its midst, by a parser that reads HTML, tables and links as text has them."""
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    cells = Cells()
    cells.feed(page.render(f"| a | b | c |\n| --- | --- | --- |\n| first | {cell} | last |\n"))
    return cells


@pytest.mark.parametrize("text", ORDERS)
def test_a_line_that_would_be_an_order_is_none(text: str) -> None:
    """And the letters of it are all there."""
    assert not any(line.lstrip().startswith("::") for line in harmless(text).splitlines())
    assert harmless(text).replace("\\u003a", ":") == text
    assert harmless(harmless(text)) == harmless(text)


def all_hostile(test: object) -> object:
    """Have `test` see each of `HOSTILE`."""
    for text in HOSTILE:
        test = example(text)(test)  # type: ignore[type-var]
    return test


@all_hostile
@given(st.text(max_size=300))
def test_a_name_in_a_table_is_read_as_it_is_written(text: str) -> None:
    """One cell, no markup but fixed-width letters, and nothing lost."""
    found = rendered(code(text))
    assert found.cells[0] == "first"
    assert found.cells[2:] == ["last"]
    shown = " ".join(visible(text).split(" "))
    assert found.cells[1].strip() == (shown.strip() or "(no name)")
    assert found.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@all_hostile
@given(st.text(max_size=300))
def test_a_sentence_in_a_table_is_read_as_it_is_written(text: str) -> None:
    """The same for reasons and error messages."""
    found = rendered(words(text))
    assert (found.cells[0], found.cells[2:]) == ("first", ["last"])
    assert found.cells[1].strip() == visible(text, 4 * LONGEST).strip()
    assert found.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@all_hostile
@given(st.text(max_size=300))
def test_what_a_picture_is_called_cannot_end_its_link(text: str) -> None:
    """One picture, from our own folder."""
    page = MarkdownIt("commonmark", {"html": True}).render(f"![{alt(text)}](figures/a.png)\n")
    assert page.count("<img") == 1
    assert 'src="figures/a.png"' in page
    assert page.count("<") == 3  # a paragraph and its picture


@all_hostile
@given(st.text(max_size=300))
def test_nothing_unseen_reaches_a_terminal(text: str) -> None:
    """No escape sequence, no line break, no mark that turns the writing direction round."""
    shown = visible(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode("utf-8")


@pytest.mark.parametrize("name", ["torch.eager@cpu", "square[m=128,dtype=float32]", "gemm-v2_x"])
def test_ordinary_names_stay_readable_in_the_source(name: str) -> None:
    """A page is also read as plain text."""
    assert code(name) == f"`{name}`"


def test_what_is_too_long_says_how_long_it_was() -> None:
    """It is cut, not dropped."""
    assert visible("x" * 4000) == "x" * LONGEST + "… (4,000 characters)"
