"""Markdown: all blocks, nothing that is text becomes markup, links lead somewhere or are words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.report.content import (
    Block,
    Bullets,
    Cell,
    Chart,
    Code,
    Column,
    Document,
    Fold,
    Light,
    Prose,
    Row,
    Section,
    Table,
    Trust,
    link,
    name,
    said,
)
from harness.report.escape import visible
from harness.report.picture import Curves
from harness.report.render.markdown import _RISKY, _own, _reference, inline, markdown
from tests.core.report.test_escape import HOSTILE, Cells

TABLE = Table(
    name="cases",
    title="Every case",
    columns=(Column(title="case"), Column(title="time", number=True, unit="s")),
    rows=(Row(cells=(Cell(text=name("a|b")), Cell(text="1 | s", value=1.0)), anchor="cases-1"),),
    note="A note.",
)
PICTURE = Curves(
    name="losses-01", section="losses", title="loss", alt="a [loss]", unit="loss", targets=(), panels=(), step="step"
)


def written(*blocks: Block, kind: str = "png") -> str:
    """Return a page of one section."""
    section = Section(anchor="answer", title=f"The {name('answer')}", blocks=blocks, level=2)
    return markdown(Document(title=f"Report: {name('gemm')}", sections=(section,)), kind=kind)


def rendered(text: str) -> Cells:
    """Render a page, by a parser that reads HTML and tables as text has them."""
    cells = Cells()
    cells.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    return cells


def test_a_page_of_all_blocks() -> None:
    blocks = (
        Prose(text=f"See {link('the cases', 'cases')} and {link('nothing', 'gone')}."),
        Light(trust=Trust.CAREFUL, text="A partial run."),
        Bullets(items=(f"{name('x')} wins", said("because"))),
        TABLE,
        Chart(picture=PICTURE, reading="Left is faster.", table=TABLE),
        Fold(title=f"More of {name('<b>')}", blocks=(Code(lines=("echo 1", "", "echo 2"), language="sh"),)),
    )
    assert (
        written(*blocks)
        == """\
# Report: `gemm`

## The `answer`

See [the cases](#cases) and nothing.

**With care:** A partial run.

- `x` wins
- because

<a id="cases"></a>

**Every case**

| case | time |
| :-- | --: |
| <code>a&#124;b</code> | 1 &#124; s |

A note.

![a &#91;loss&#93;](figures/losses-01.png)

<details>
<summary>How to read this</summary>

Left is faster.

</details>

<details>
<summary>The same as a table</summary>

<a id="cases"></a>

**Every case**

| case | time |
| :-- | --: |
| <code>a&#124;b</code> | 1 &#124; s |

A note.

</details>

<details>
<summary>More of &#60;b&#62;</summary>

```sh
echo 1

echo 2
```

</details>
"""
    )


def test_an_anchor_is_written_only_where_a_link_leads() -> None:
    assert "<a id" not in written(TABLE)
    assert '<a id="answer"></a>\n\n## The' in written(Prose(text=link("up", "answer")))


def test_without_pictures_there_are_their_tables_alone() -> None:
    text = written(Chart(picture=PICTURE, reading="Left is faster.", table=TABLE), kind="")
    assert "![" not in text
    assert "How to read" not in text
    assert "| case | time |" in text
    assert "losses-01.svg" in written(Chart(picture=PICTURE), kind="svg")


def test_a_fence_cannot_be_closed_by_what_is_in_it() -> None:
    text = written(Code(lines=("a ``` b", "`````", "<script>")))
    assert "\n``````\na ``` b\n`````\n<script>\n``````\n" in text
    assert rendered(text).tags == {"h1", "h2", "code", "pre"}


@pytest.mark.parametrize("text", HOSTILE)
def test_names_and_sentences_are_cut_once(text: str) -> None:
    """What is too long says how long it was, not how long it is."""
    shown = rendered(written(TABLE, Prose(text=f"x{name(text)}x"), Prose(text=f"x{said(text)}x"))).cells
    assert shown[-2] == f"x{visible(text) if text.strip() else '(no name)'}x"
    assert shown[-1] == f"x{visible(text, 640)}x"


@given(st.sampled_from(HOSTILE) | st.text(max_size=200))
def test_text_without_marks_is_text_wherever_it_stands(text: str) -> None:
    """In a paragraph, a line of a list, a cell, a title: no markup, nothing lost."""
    shown = visible(text).strip() or "x"
    table = Table(name="t", title=shown, columns=(Column(title=shown),), rows=(Row(cells=(Cell(text=shown),)),))
    page = rendered(written(Prose(text=shown), Bullets(items=(shown,)), table, Fold(title=shown, blocks=(TABLE,))))
    assert page.tags <= {
        *("h1", "h2", "p", "ul", "li", "code", "strong", "details", "summary"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert page.cells[0] == shown
    assert page.cells[2].strip() == shown


@given(st.text(max_size=100))
def test_a_text_on_one_line_stays_on_it(text: str) -> None:
    assert "\n" not in inline(f"{visible(text)}{name(text)}{said(text)}")


@given(st.text(alphabet="awW.:/[]()_*`|<0 -–µ\\", max_size=12) | st.text(max_size=40))
def test_what_is_passed_over_for_its_letters_holds_nothing_that_could_be_markup(text: str) -> None:
    assert _own(text) == _RISKY.sub(_reference, text)


def test_a_text_with_a_link_is_what_each_page_makes_of_it() -> None:
    """Also where another page had it before."""
    text = f"{name('a|b')}: {link('the rows', 'rows')}"
    assert inline(text, {"rows"}) == "<code>a&#124;b</code>: [the rows](#rows)"
    assert inline(text) == "<code>a&#124;b</code>: the rows"
    assert inline(text, {"rows"}) == "<code>a&#124;b</code>: [the rows](#rows)"
