"""The HTML page: whole without its script, one file, and nothing in it but our own elements, whatever names hold."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.content import (
    Bullets,
    Cell,
    Chart,
    Code,
    Column,
    Contest,
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
from harness.report.escape import LONGEST, visible
from harness.report.picture import Dot, Lane, Lanes, Map, Shade
from harness.report.picture import Row as MapRow
from harness.report.render.html import html
from tests.core.report.test_escape import HOSTILE

VOID = {"meta", "br"}
CELLS = {"td", "th"}  # which end where the next one begins, or their row ends
OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "script"),
    *("h1", "h2", "h3", "p", "a", "span", "code", "pre", "ul", "li", "div", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"),
    *("svg", "desc", "defs", "lineargradient", "stop", "g", "path", "circle", "rect", "text"),
}
KIB = 1024


class Tree(HTMLParser):
    """The elements of a page in their order, with how deep they lie; what is not balanced is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[int, str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []  # the innermost element, and what it says
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} is there twice"
        if tag in CELLS:
            self.end_cell()
        self.elements.append((len(self.open), tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr":
            self.end_cell()
        assert self.open.pop() == tag

    def end_cell(self) -> None:
        if self.open[-1] in CELLS:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    @property
    def shape(self) -> list[tuple[int, str]]:
        return [(depth, tag) for depth, tag, _ in self.elements]

    def values(self, key: str) -> list[str]:
        """Return the values of one attribute, wherever it is."""
        return [attributes[key] or "" for _, _, attributes in self.elements if key in attributes]

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of one kind."""
        return [attributes for _, found, attributes in self.elements if found == tag]

    def text(self, *tags: str) -> str:
        """Return what stands in elements of some kinds, or in all but the style and the script."""
        return "".join(text for tag, text in self.texts if (tag in tags if tags else tag not in ("style", "script")))


def table(word: str = "torch.eager@cpu", *, rows: int = 2, table_name: str = "cases", anchor: str = "row") -> Table:
    """Return a table with everything that a cell can have."""
    columns = (
        Column(title="case"),
        Column(title="target", about="How it was run"),
        Column(title="time", number=True, unit="s"),
        Column(title="time / reference", number=True),
        Column(title="verdict"),
    )
    return Table(
        name=table_name,
        title=f"Cases on {name(word)}",
        columns=columns,
        rows=tuple(
            Row(
                cells=(
                    Cell(text=name(word)),
                    Cell(text=said(word), tip=f"about {said(word)}"),
                    Cell(text="1.50 ms", value=0.0015 + at),
                    Cell(text="0.80 [0.79, 0.81]", value=0.8, span=(0.79, 0.81)),
                    Cell(text="faster", state="faster"),
                ),
                facets={"target": word, "dtype": "float32", "outcome": "measured"},
                anchor=f"{anchor}-{at}",
            )
            for at in range(rows)
        ),
        note=f"See {link('the first row', f'{anchor}-0')}.",
    )


def lanes(
    word: str = "torch.eager@cpu", *, count: int = 2, file: str = "as-written-01", relative: bool = True
) -> Lanes:
    """Return a picture with dots, intervals and words."""
    dot = Dot(x=0.8, y=0.0, low=0.7, high=0.9)
    return Lanes(
        name=file,
        section="as-written",
        title=f"times of {word}",
        alt=f"times of {word}, with intervals",
        unit="time over that of the reference",
        targets=(word, "other", "third"),
        lanes=tuple(Lane(name=word, dots={word: dot, "other": dot}, gaps={"third": word}) for _ in range(count)),
        line_at_one=relative,
    )


def document(word: str = "torch.eager@cpu", *, drawn: bool = False, anchor: str = "answer") -> Document:
    """Return a page with every kind of block, all of them about `word`."""
    chart = (Chart(picture=lanes(word), reading=f"Left of {name(word)}.", table=table(table_name="same", anchor="s")),)
    blocks = (
        Prose(text=f"{name(word)} wins: {link('the table', 'cases')}, {link('lost words', 'not-here')}, {said(word)}"),
        Light(trust=Trust.GOOD, text=f"{name(word)} holds"),
        Bullets(items=(said(word), "one")),
        Code(lines=(word, "  two words"), language="sh"),
        table(word),
        *(chart if drawn else ()),
        Fold(title=f"More of {name(word)}", blocks=(Prose(text=said(word)), Fold(title="deeper", blocks=()))),
    )
    ratios: dict[str, dict[str, tuple[float, float | None, float | None, str] | None]] = {
        word: {"rival": (0.5, 0.4, 0.6, word)},
        "rival": {word: (2.0, None, None, "slower")},
    }
    return Document(
        title=f"Report: {name(word)}",
        description=f"About {visible(word)}",
        sections=(
            Section(anchor=anchor, title=f"Run {name(word)}", blocks=blocks, level=2),
            Section(anchor=word, title="Words", blocks=(Prose(text="own"),)),
        ),
        contests=(Contest(key=word, arms={word: ("row-0",), "rival": ("row-1", "gone")}, ratios=ratios),),
    )


def island(page: str, identity: str) -> Any:
    """Return the data that a page holds for its script."""
    (found,) = re.findall(rf'<script type="application/json" id="{identity}">([^<]*)</script>', page)
    return json.loads(found)


# -- whatever names hold ----------------------------------------------------------------------------


@given(word=st.sampled_from(HOSTILE) | st.text(max_size=60))
def test_names_add_no_element_and_take_none_away(word: str) -> None:
    """The tree is that of harmless names; only our own attributes are there, and the text is read as it is."""
    found, harmless = Tree(html(document(word))), Tree(html(document()))
    assert found.shape == harmless.shape
    assert [sorted(one) for _, _, one in found.elements] == [sorted(one) for _, _, one in harmless.elements]
    shown = visible(word) if word.strip() else "(no name)"
    assert shown in found.text("h1", "code")
    assert visible(word, 4 * LONGEST) in found.text("span", "li")


@given(word=st.sampled_from(HOSTILE) | st.text(max_size=60))
def test_names_in_pictures_add_no_element_of_their_own(word: str) -> None:
    """How many numbers an axis has room for depends on the names beside it, so the trees may differ there."""
    page = html(document(word, drawn=True))
    page.encode()
    tree = Tree(page)
    assert {tag for _, tag in tree.shape} <= OURS
    assert visible(f"times of {word}, with intervals", 4 * LONGEST) in tree.text("desc")
    assert "with intervals" in tree.text("figcaption").lower()


@pytest.mark.parametrize("word", HOSTILE)
def test_nothing_can_run_be_fetched_or_sent(word: str) -> None:
    """No handler, no style, no address but an anchor or a table beside the page."""
    tree = Tree(html(document(word, drawn=True)))
    keys = {key for _, _, attributes in tree.elements for key in attributes}
    assert not {key for key in keys if key.startswith("on")}
    assert not keys & {"style", "src", "srcset", "action", "formaction", "xlink:href", "data", "poster", "background"}
    for address in tree.values("href"):
        assert re.fullmatch(r"#[A-Za-z0-9_-]+|tables/[a-z-]+\.csv", address)
    assert [one.get("type") for one in tree.of("script")] == ["application/json", "application/json", None]


def test_control_characters_are_written_out_even_where_a_builder_let_them_through() -> None:
    """In own text, too: marks that turn the writing direction round, and half a mark of a name."""
    page = html(Document(title="a\u202eb\ue000c", sections=()))
    assert "<h1>a\\u202eb\\ue000c</h1>" in page


# -- one file that may be trusted -------------------------------------------------------------------


def test_the_policy_allows_the_very_style_and_script_of_the_page() -> None:
    """Their hashes, as a browser takes them, and nothing from anywhere."""
    page = html(document(drawn=True))
    tree = Tree(page)
    (policy,) = [one["content"] or "" for one in tree.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    for rule, content in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_head_says_what_a_browser_must_know_before_it_reads_on() -> None:
    """The encoding within the first kilobyte, and the policy before anything that it is about."""
    page = html(document())
    assert page.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv=')
    assert page.index("Content-Security-Policy") < page.index("<style>")
    tree = Tree(page)
    named = {one["name"]: one["content"] for one in tree.of("meta") if "name" in one}
    assert named == {
        "viewport": "width=device-width, initial-scale=1",
        "referrer": "no-referrer",
        "color-scheme": "light dark",
        "description": "About torch.eager@cpu",
    }
    assert tree.text("title").startswith("Report: torch.eager@cpu")


@pytest.mark.parametrize(("file", "most"), [("page.css", 12 * KIB), ("page.js", 21 * KIB)])
def test_assets_are_small_and_ask_for_nothing(file: str, most: int) -> None:
    """They can end no element that holds them, and know no address."""
    content = files("harness.report").joinpath(f"assets/{file}").read_text(encoding="utf-8")
    assert len(content.encode()) <= most
    assert "\r" not in content
    for word in ("</", "<!--", "http", "url(", "@import", "import(", "eval", "Function(", "innerHTML", "outerHTML"):
        assert word not in content, word


def test_every_ink_of_a_picture_has_its_colour() -> None:
    """In light and in dark."""
    tree = Tree(html(document(drawn=True)))
    style = next(text for tag, text in tree.texts if tag == "style")
    used = {one["class"] or "" for tag in ("path", "circle", "text", "rect") for one in tree.of(tag) if "class" in one}
    assert {"ink", "s0", "s1", "grid"} <= used
    for ink in used:
        assert re.search(rf"svg \.{ink}\{{color:light-dark\(#[0-9a-f]{{6}}, #[0-9a-f]{{6}}\)\}}", style), ink


def test_the_same_document_gives_the_same_page() -> None:
    """To the byte."""
    assert html(document(drawn=True)) == html(document(drawn=True))


# -- a page that can be found one's way in ----------------------------------------------------------


@pytest.mark.parametrize("anchor", ["answer", "cases", "row-0", "contests", "page-main", 'a"b', "", "<i>"])
def test_ids_are_there_once_and_links_lead_somewhere(anchor: str) -> None:
    """Also where an anchor is that of another element, or none that can be an id."""
    tree = Tree(html(document(drawn=True, anchor=anchor)))
    ids = tree.values("id")
    assert len(ids) == len(set(ids))
    assert all(ids)
    assert {address[1:] for address in tree.values("href") if address.startswith("#")} <= set(ids)
    for key in ("aria-labelledby", "aria-describedby"):
        assert {identity for value in tree.values(key) for identity in value.split()} <= set(ids)


def test_a_link_to_what_is_not_there_is_plain_words() -> None:
    """A reader who clicks in vain trusts less."""
    tree = Tree(html(document()))
    assert "lost words" in tree.text("p")
    assert "lost words" not in tree.text("a")
    assert "the table" in tree.text("a")


@pytest.mark.parametrize("levels", [(2, 3, 3, 2), (3, 3), (2,), ()])
def test_headings_skip_no_level(levels: tuple[int, ...]) -> None:
    """One title, and below it parts and their sections."""
    sections = tuple(Section(anchor=f"s{at}", title="t", blocks=(), level=level) for at, level in enumerate(levels))
    tags = [tag for _, tag in Tree(html(Document(title="t", sections=sections))).shape]
    found = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3")]
    assert found[0] == 1
    assert found.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(found))


def test_the_contents_list_every_section() -> None:
    """With its title, and a link that is there."""
    tree = Tree(html(document()))
    first, second = [one["href"] or "" for one in tree.of("a")][1:3]
    assert first == "#answer"
    assert re.fullmatch(r"#a-torch-eager-cpu-[0-9a-f]{8}", second)


def test_what_scrolls_can_be_reached_and_is_named() -> None:
    """By keyboard, and by those who cannot see it."""
    scrolling = [one for one in Tree(html(document(drawn=True))).of("div") if one.get("class") == "scroll"]
    assert len(scrolling) == 3
    assert all(one["tabindex"] == "0" and one["role"] == "region" and one["aria-label"] for one in scrolling)


@pytest.mark.parametrize(
    ("trust", "word"), [(Trust.GOOD, "verdicts hold"), (Trust.CAREFUL, "with care"), (Trust.NONE, "no verdict")]
)
def test_a_light_has_a_word_beside_its_colour(trust: Trust, word: str) -> None:
    """And a sign, which those who cannot see it are spared."""
    page = html(one_section(Light(trust=trust, text="because")))
    tree = Tree(page)
    assert word in tree.text("span")
    assert "because" in tree.text("p")
    assert f"light light-{trust}" in tree.values("class")
    assert "true" in tree.values("aria-hidden")


# -- tables -----------------------------------------------------------------------------------------


def test_a_row_says_what_the_script_needs_and_no_more() -> None:
    """Its id, its facets by number, and the numbers by which columns sort."""
    page = html(one_section(table(rows=1)))
    (row,) = re.findall(r"<tr id=.*</tr>", page)
    shown = "torch.eager@cpu"
    assert row == (
        "<tr id=row-0 data-f=0>"
        f"<th>{shown}"
        f'<td title="about {shown}"><span class="said">{shown}</span>'
        "<td data-v=0.0015>1.50 ms"
        "<td data-v=0.8>0.80 [0.79, 0.81]"
        "<td class=is-faster>faster"
        "</tr>"
    )
    assert re.search(r'<table id="[^"]*" class="[^"]*c1"', page)  # the letters of a name, for the whole column
    assert island(page, "facets") == [{"target": shown, "dtype": "float32", "outcome": "measured"}]
    assert '<th scope="col" title="How it was run">target</th>' in page
    assert '<th scope="col" data-role="case">case</th>' in page


def test_rows_with_the_same_facets_share_them() -> None:
    """Or they would be half of a long page."""
    page = html(one_section(table(rows=3)))
    assert page.count(" data-f=0>") == 3
    assert len(island(page, "facets")) == 1


def test_who_is_ranked_in_two_classes_is_kept_by_a_filter_of_either() -> None:
    """And who is in none, by that of the table that says so."""
    classes = ("both", "compiled", "-", "odd")
    rows = tuple(Row(cells=(Cell(text=one),), facets={"class": one}) for one in classes)
    page = html(one_section(Table(name="t", title="T", columns=(Column(title="x"),), rows=rows)))
    assert [one["class"] for one in island(page, "facets")] == [
        ["as-written", "compiled"],
        "compiled",
        "not ranked",
        "odd",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "text"])
def test_what_is_no_number_sorts_as_text(value: float | str | None) -> None:
    """And no NaN is on the page."""
    held = Table(name="t", title="t", columns=(Column(title="x"),), rows=(Row(cells=(Cell(text="–", value=value),)),))
    assert "data-v" not in Tree(html(one_section(held))).of("th")[-1]


def test_a_very_long_table_is_cut_and_says_so() -> None:
    """What is left out is in the file, where there is one."""
    held = table(rows=3_001)
    page = html(one_section(held))
    assert page.count("<tr id=") == 3_000
    assert "These are the first 3,000 of 3,001 rows; the file has them all." in page
    alone = html(one_section(held), tables="")
    assert "the others are left out here" in alone
    assert ".csv" not in alone


def test_a_table_leads_to_its_file() -> None:
    """In the folder beside the page."""
    assert '<a href="tables/cases.csv">cases.csv</a>' in html(one_section(table()))
    assert '<a href="other/place/cases.csv">' in html(one_section(table()), tables="other/place")


# -- pictures ---------------------------------------------------------------------------------------


def test_a_picture_is_in_the_page_with_words_and_numbers_beside_it() -> None:
    """Drawn, described, explained, and as a table."""
    tree = Tree(html(document(drawn=True)))
    (drawing,) = tree.of("svg")
    assert drawing["role"] == "img"
    assert "times of torch.eager@cpu, with intervals" in tree.text("desc")
    assert tree.text("figcaption") == "With intervals"  # what its title does not say
    assert {"How to read this", "The same as a table"} <= {text for tag, text in tree.texts if tag == "summary"}
    assert "same" in tree.values("id")


def test_a_picture_has_words_for_a_filter_that_it_does_not_follow() -> None:
    """The script shows them where one is set."""
    tree = Tree(html(one_section(Chart(picture=lanes()))))
    (note,) = [one for one in tree.of("p") if "whole" in (one.get("class") or "")]
    assert "hidden" in note


@pytest.mark.parametrize(
    ("picture", "kind", "relative"),
    [
        (lanes(), "lanes", True),
        (lanes(relative=False), "lanes", False),
        (
            Map(
                name="map",
                section="map",
                title="t",
                alt="a",
                unit="u",
                targets=("x",),
                rows=(MapRow(name="c", fields={"x": Shade(standing="faster", ratio=0.5, low=0.4, high=0.6)}),),
            ),
            "map",
            True,
        ),
    ],
)
def test_pictures_of_ratios_are_marked(picture: Lanes | Map, kind: str, relative: bool) -> None:
    """For the script, which must not leave one there that speaks of another reference."""
    (figure,) = Tree(html(one_section(Chart(picture=picture)))).of("figure")
    assert figure["data-kind"] == kind
    assert ("data-relative" in figure) is relative


# -- data for the script ----------------------------------------------------------------------------


@given(word=st.sampled_from(HOSTILE) | st.text(max_size=60))
def test_data_for_the_script_can_be_read_and_ends_no_element(word: str) -> None:
    """Markup in it is written so that only a reader of JSON sees it."""
    page = html(document(word))
    assert all(visible(one["target"], 2_000) == one["target"] for one in island(page, "facets"))
    assert island(page, "contests")["targets"] == list(dict.fromkeys([visible(word, 1_000), "rival"]))


def test_contests_hold_each_pair_once_by_number() -> None:
    """The ratio of the second beside the first, with the words for both; a row that is not on the page is not named."""
    assert island(html(document()), "contests") == {
        "targets": ["torch.eager@cpu", "rival"],
        "words": ["torch.eager@cpu", "slower"],
        "contests": [
            {
                "key": "torch.eager@cpu",
                "arms": [[0, ["row-0"]], [1, ["row-1"]]],
                "ratios": [[[0.5, 0.4, 0.6, 0, 1]]],
            }
        ],
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_ratio_that_is_no_number_is_none(value: float) -> None:
    """And an end of an interval that is none is not told."""
    ratios = {"a": {"b": (value, 1.0, 1.0, "tie"), "c": (1.0, value, 1.0, "tie")}}
    contest = Contest(key="k", arms={"a": (), "b": (), "c": ()}, ratios=ratios)
    (found,) = island(html(Document(title="t", sections=(), contests=(contest,))), "contests")["contests"]
    assert found["ratios"] == [[None, [1.0, None, 1.0, 0, None]], [None]]


def test_a_ratio_that_is_known_one_way_alone_is_told_the_other_way_round() -> None:
    """As beside a reference that is not ranked in the class, which itself stands beside nobody."""
    contest = Contest(key="k", arms={"a": (), "b": ()}, ratios={"b": {"a": (4.0, 2.0, 8.0, "other class")}})
    (found,) = island(html(Document(title="t", sections=(), contests=(contest,))), "contests")["contests"]
    assert found["ratios"] == [[[0.25, 0.125, 0.5, None, 0]]]


# -- size -------------------------------------------------------------------------------------------


def test_a_thousand_arms_make_far_less_than_three_megabytes() -> None:
    """Five tables with a row for each, pictures of all, and the ratios of any two."""
    targets = [f"backend{at}.compile@cpu" for at in range(9)]
    cases = [f"square[m={at},n={at},k={at},dtype=float32]" for at in range(111)]
    page = html(Document(title="Large", sections=tuple(large(cases, targets)), contests=tuple(duels(cases, targets))))
    assert len(page.encode()) < 2_700_000
    assert page.count("<tr") > 5 * 999


def large(cases: list[str], targets: list[str]) -> Iterator[Section]:
    """Yield what the page of a run of many arms holds: tables with numbers and words, and pictures of all."""
    for part, (numbers, words) in enumerate(((5, 2), (6, 0), (0, 2), (4, 3), (0, 2))):
        columns = (
            *(Column(title=title) for title in ("case", "target")),
            *(Column(title=f"number {at}", number=True) for at in range(numbers)),
            *(Column(title=f"word {at}") for at in range(words)),
        )
        rows = tuple(
            Row(
                cells=(
                    Cell(text=name(case)),
                    Cell(text=name(target)),
                    *(Cell(text="123.45 ms", value=0.12345678901234 + at) for at in range(numbers)),
                    *(Cell(text="behind, 1.234 x the fastest", state="behind") for _ in range(words)),
                ),
                facets={"backend": target[:8], "target": target, "dtype": "float32", "outcome": "measured"},
                anchor="" if part else f"cases-{at}-{turn}",
            )
            for at, case in enumerate(cases)
            for turn, target in enumerate(targets)
        )
        held = Table(name=f"t{part}", title="All", columns=columns, rows=rows)
        yield Section(anchor=f"s{part}", title="Part", blocks=(held,))
    dot = Dot(x=0.8, y=0.0, low=0.7, high=0.9)
    for at in range(0, len(cases), 25):
        some = cases[at : at + 25]
        picture = Lanes(
            name=f"lanes-{at}",
            section="s",
            title="Lanes",
            alt="Lanes",
            unit="x",
            targets=tuple(targets),
            lanes=tuple(Lane(name=case, dots=dict.fromkeys(targets, dot), gaps={}, key=case) for case in some),
            line_at_one=True,
        )
        yield Section(anchor=f"lanes-{at}", title="Lanes", blocks=(Chart(picture=picture),))
    shade = Shade(standing="slower", ratio=1.25, low=1.2, high=1.3)
    fields = Map(
        name="everywhere",
        section="map",
        title="Map",
        alt="Map",
        unit="x",
        targets=tuple(targets),
        rows=tuple(MapRow(name=case, fields=dict.fromkeys(targets, shade)) for case in cases),
    )
    yield Section(anchor="everywhere", title="Map", blocks=(Chart(picture=fields),))


def duels(cases: list[str], targets: list[str]) -> Iterator[Contest]:
    """Yield the ratios of any two arms."""
    ratio = (0.8123456789, 0.8012345678, 0.8234567891, "faster")
    for at, case in enumerate(cases):
        yield Contest(
            key=case,
            arms={target: (f"cases-{at}-{turn}",) for turn, target in enumerate(targets)},
            ratios={a: {b: ratio for b in targets if b != a} for a in targets},
        )


def one_section(*blocks: Any) -> Document:
    """Return a page of one section."""
    return Document(title="t", sections=(Section(anchor="one", title="One", blocks=blocks, level=2),))
