"""What a reader does with the page: sort, filter, take another reference, share the view, print."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.browser.conftest import (
    COMPILE,
    FAILED,
    FUNCTION,
    JAX,
    MANIFEST,
    PHONE,
    SPEEDS,
    Visits,
    findings,
    grave,
    written,
)
from tests.core.report.synthetic import REFERENCE, run, squares, unmeasured

CASES = "cases-as-written"
PLAIN = "(rows) => rows.map((row) => Array.from(row.cells, (cell) => cell.textContent))"


def column(page: Any, title: str, table: str = CASES) -> int:
    """Return which column bears a title."""
    titles: list[str] = page.locator(f"#{table} thead th").evaluate_all("(all) => all.map((head) => head.textContent)")
    return titles.index(title)


def values(page: Any, title: str, table: str = CASES) -> list[float | None]:
    """Return the numbers by which a column sorts, from top to bottom."""
    found: list[float | None] = page.locator(f"#{table} tbody tr").evaluate_all(
        "(rows, at) => rows.map(({ cells }) => (cells[at].dataset.v ? Number(cells[at].dataset.v) : null))",
        column(page, title, table),
    )
    return found


def texts(page: Any, title: str, table: str = CASES) -> list[str]:
    """Return what a column says, from top to bottom, in rows that are shown."""
    at = column(page, title, table)
    rows: list[list[str]] = page.locator(f"#{table} tbody tr:not([hidden])").evaluate_all(PLAIN)
    return [row[at] for row in rows]


def beside(page: Any) -> dict[tuple[str, str], tuple[float | None, str, str]]:
    """Return the ratio of each arm, as a number and as it is shown, with the verdict."""
    keys = zip(texts(page, "case"), texts(page, "target"), strict=True)
    said = zip(values(page, "time / reference"), texts(page, "time / reference"), texts(page, "verdict"), strict=True)
    return dict(zip(keys, said, strict=True))


def test_nothing_is_said_and_nothing_but_the_page_is_asked_for(report: Path, visit: Visits) -> None:
    """No warning, no error, no request."""
    found = visit(report)
    assert found.said == []
    assert found.asked == [report.as_uri()]


def test_the_answer_fits_the_first_screen(report: Path, visit: Visits) -> None:
    """Of a small laptop; the classes, the light and the command are all in it, with a line to spare for other fonts."""
    box = visit(report).page.locator("#answer").bounding_box()
    assert box["y"] + box["height"] <= 776
    assert box["width"] > 700


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of four runs on three machines, of which one has no verdict."""
    runs = [findings(seed=at, sets=1 if at == 2 else 5) for at in range(4)]
    named = [
        replace(one, run_id=f"2026010{at}T030405678Z-0123456789ab", suite=f"suite-{at}", manifest=manifest_of(at % 3))
        for at, one in enumerate(runs, start=1)
    ]
    return written(tmp_path_factory.mktemp("several"), *named)


def manifest_of(number: int) -> dict[str, Any]:
    """Return what a run says of itself on one of some machines."""
    cpu = {"model": f"CPU {number}", "logical": 2 + number, "vectors": ["avx2"]}
    known = {"cpu": cpu, "memory": {"total_bytes": 8 << 30}, "packages": {"jax": f"0.{number}"}}
    return MANIFEST | {"threads": 2, "machine": known}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_answers_of_four_runs_fit_the_first_screen(several: Path, visit: Visits, axe: Any, *, dark: bool) -> None:
    """Who wins in each, whether to trust it, and that they are not alike; who follows a link is at the run's part."""
    found = visit(several, dark=dark)
    page, answers = found.page, found.page.locator("#answers")
    box = answers.bounding_box()
    assert box["y"] + box["height"] <= 776
    assert box["width"] > 700
    assert page.locator("main > section").first.get_attribute("id") == "answers"
    said = texts(page, "trust", "runs")
    assert [("hold" in one, "no verdict" in one) for one in said] == [(at != 2, at == 2) for at in range(4)]
    assert all("times as fast as" in one for one in texts(page, "what came out", "runs"))
    assert "not all measured on one machine and with the same versions" in answers.inner_text()
    assert texts(page, "what", "runs-differ") == ["machine.cpu.model", "machine.cpu.logical", "machine.packages.jax"]
    page.get_by_role("link", name="part 2").click()
    page.wait_for_url(re.compile("r2-answer"))
    assert page.locator("#r2-answer").evaluate("(it) => Math.abs(it.getBoundingClientRect().top) < innerHeight")
    assert grave(axe, page) == {}
    assert found.said == []


def test_a_phone_shows_the_answers_of_several_runs_without_scrolling_sideways(several: Path, visit: Visits) -> None:
    page = visit(several, size=PHONE).page
    width = page.locator("body").evaluate("(body) => [document.documentElement.scrollWidth, body.scrollWidth]")
    assert max(width) <= PHONE[0]


# -- sorting ----------------------------------------------------------------------------------------


def test_a_column_sorts_upwards_then_downwards_then_not_at_all(report: Path, visit: Visits) -> None:
    """What was not measured stays at the end, whichever way."""
    page = visit(report).page
    planned = values(page, "time")
    head = page.locator(f"#{CASES} thead th").nth(column(page, "time"))
    known = sorted(value for value in planned if value is not None)
    rest = [None] * planned.count(None)
    for order, said in ((known, "ascending"), (known[::-1], "descending")):
        head.locator("button").click()
        assert values(page, "time") == [*order, *rest]
        assert head.get_attribute("aria-sort") == said
    head.locator("button").click()
    assert values(page, "time") == planned
    assert head.get_attribute("aria-sort") is None


# -- filtering --------------------------------------------------------------------------------------


def test_a_filter_keeps_the_rows_that_fit_and_counts_them(report: Path, visit: Visits) -> None:
    """In all tables."""
    page = visit(report).page
    everything = len(texts(page, "case"))
    page.locator("select[name=dtype]").select_option("float16")
    left = texts(page, "case")
    assert 0 < len(left) < everything
    assert all("dtype=float16" in case for case in left)
    shown, whole = map(int, re.findall(r"\d+", page.locator(".controls [role=status]").inner_text()))
    assert 0 < shown < whole
    assert f"{len(left)} of {everything} rows pass the filter." in page.locator("main").inner_text()
    page.get_by_role("button", name="Show all rows").click()
    assert len(texts(page, "case")) == everything
    assert page.url == report.as_uri()


def test_a_class_keeps_who_is_ranked_in_it_and_elsewhere_too(report: Path, visit: Visits) -> None:
    """In all tables, also in those that are of no class."""
    page = visit(report).page
    box = page.locator("select[name=class]")
    offered = box.locator("option").evaluate_all("(all) => all.map((one) => one.value)")
    assert offered == ["", "as-written", "compiled"]
    box.select_option("compiled")
    assert set(texts(page, "target", "arms")) == {JAX, COMPILE}
    box.select_option("as-written")
    left = set(texts(page, "target", "arms"))
    assert {JAX, REFERENCE} <= left
    assert COMPILE not in left


def test_a_picture_says_where_it_does_not_follow_a_filter(report: Path, visit: Visits) -> None:
    """What stands for a target is hidden with it; of types, workloads, outcomes and names it shows all."""
    page = visit(report).page
    said = page.locator("figure .whole").first
    assert not said.is_visible()
    page.locator("select[name=dtype]").select_option("float16")
    assert said.is_visible()
    page.get_by_role("button", name="Show all rows").click()
    assert not said.is_visible()
    page.locator("select[name=backend]").select_option("jax")
    assert not said.is_visible()
    page.locator("input[name=q]").fill("m=64")
    assert said.is_visible()


def test_cases_are_found_by_a_part_of_their_name(report: Path, visit: Visits) -> None:
    """However it is written."""
    page = visit(report).page
    page.locator("input[name=q]").fill("M=64")
    assert set(texts(page, "case")) == {"square[m=64,dtype=float32]", "square[m=64,dtype=float16]"}


@pytest.mark.parametrize("by", ["legend", "controls"])
def test_a_target_can_be_left_out_of_tables_and_pictures(report: Path, visit: Visits, by: str) -> None:
    """By its entry in a legend, or by its box among the controls; once more brings it back."""
    page = visit(report).page
    mark = page.locator(f'figure[data-kind=lanes] [data-lane][data-target="{JAX}"]').first
    switch = {
        "legend": page.locator(f'figure[data-kind=lanes] .key[data-target="{JAX}"] text').first,
        "controls": page.locator(f'input[name=off][value="{JAX}"]'),
    }[by]
    assert mark.is_visible()
    switch.click()
    assert not mark.is_visible()
    assert JAX not in texts(page, "target")
    assert not page.locator(f'input[name=off][value="{JAX}"]').is_checked()
    switch.click()
    assert mark.is_visible()
    assert JAX in texts(page, "target")


# -- another reference ------------------------------------------------------------------------------


def test_another_reference_turns_ratios_and_verdicts_round(report: Path, visit: Visits) -> None:
    """The ratio of a over b is the inverse of that of b over a, and slower is faster from the other side."""
    page = visit(report).page
    before = beside(page)
    page.locator("select[name=ref]").select_option(JAX)
    after = beside(page)
    turned = {"faster": "slower", "slower": "faster"}
    for (case, target), (ratio, _, word) in before.items():
        if target == JAX:
            there, _, other = after[case, REFERENCE]
            assert ratio is not None
            assert there == pytest.approx(1 / ratio, rel=1e-5)
            assert other == turned.get(word, word)
            assert after[case, JAX] == (1.0, "1", "reference")
        elif target == FAILED:
            assert after[case, target] == before[case, target]
    assert f"You chose {JAX}" in page.locator(f".table:has(#{CASES})").inner_text()


def test_the_reference_of_the_run_gives_the_page_as_it_was_written(report: Path, visit: Visits) -> None:
    """Digit by digit: what the script writes is what the page was written with."""
    page = visit(report).page
    before = {key: said[1:] for key, said in beside(page).items()}
    page.locator("select[name=ref]").select_option(REFERENCE)
    assert {key: said[1:] for key, said in beside(page).items()} == before
    page.locator("select[name=ref]").select_option("")
    assert {key: said[1:] for key, said in beside(page).items()} == before


def test_a_class_without_the_chosen_one_says_so(report: Path, visit: Visits) -> None:
    """Beside an arm of another class there are ratios, and no verdicts."""
    page = visit(report).page
    page.locator("select[name=ref]").select_option(COMPILE)
    words = {said[2] for (_, target), said in beside(page).items() if target not in (FAILED, COMPILE)}
    assert words == {"other class"}


def test_pictures_follow_the_reference_or_are_hidden(report: Path, visit: Visits) -> None:
    """Marks of the chosen one stand on the line at one, slower ones to its right; maps say that they cannot follow."""
    page = visit(report).page
    lanes = page.locator("figure[data-kind=lanes]").first
    written = lanes.locator("svg").evaluate("(svg) => svg.outerHTML")
    page.locator("select[name=ref]").select_option(JAX)
    assert JAX in lanes.locator("svg").text_content()
    assert f"time over that of {REFERENCE}" not in lanes.locator("svg").text_content()
    (line,) = middles(lanes, "svg > path.faint")
    assert middles(lanes, mark_of(JAX)) == pytest.approx([line] * 6, abs=1.5)
    assert min(middles(lanes, mark_of(REFERENCE))) > line + 10
    area = page.locator("figure[data-kind=map]").first
    assert not area.locator("svg").is_visible()
    assert "cannot follow" in area.inner_text()
    page.locator("select[name=ref]").select_option("")
    assert lanes.locator("svg").evaluate("(svg) => svg.outerHTML") == written
    assert area.locator("svg").is_visible()


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run whose reference has no time in the first case, and of whose second JAX alone has one."""
    first, second, _ = squares(3)
    rows, samples = run(squares(3), SPEEDS, noise=0.002, seed=5)
    lost = [
        unmeasured(row, "failed", "crashed: gone")
        if (row.case == first and row.target == REFERENCE) or (row.case == second and row.target != JAX)
        else row
        for row in rows
    ]
    return written(tmp_path_factory.mktemp("gaps"), summarise(lost, sample_frame(samples)))


def test_where_the_reference_of_the_run_has_no_time_another_one_may(gaps: Path, visit: Visits) -> None:
    """Its ratios are in the tables and in the pictures; who has no time keeps the word that says so."""
    first, second, _ = squares(3)
    page = visit(gaps).page
    before = beside(page)
    assert before[first, JAX][2] == "no reference"
    page.locator("select[name=ref]").select_option(JAX)
    after = beside(page)
    assert after[first, JAX] == after[second, JAX] == (1.0, "1", "reference")
    assert after[first, FUNCTION][0] == pytest.approx(1.5 / 0.8, rel=0.02)
    assert after[first, REFERENCE] == before[first, REFERENCE]
    assert after[second, FUNCTION] == before[second, FUNCTION]
    lanes = page.locator("figure[data-kind=lanes]").first
    (line,) = middles(lanes, "svg > path.faint")
    assert middles(lanes, mark_of(JAX)) == pytest.approx([line] * 3, abs=1.5)
    assert "no reference" not in lanes.locator("svg").text_content()
    assert lanes.locator("svg").text_content().count("crashed") == 3
    assert "The words below are of the run's own reference" in lanes.inner_text()


def test_beside_who_was_not_measured_there_is_no_reference(gaps: Path, visit: Visits) -> None:
    """And no mark that would still be beside the other one."""
    first, second, _ = squares(3)
    page = visit(gaps).page
    page.locator("select[name=ref]").select_option(FUNCTION)
    after = beside(page)
    assert after[second, JAX] == (None, "–", "no reference")
    assert after[first, FUNCTION] == (1.0, "1", "reference")
    assert len(middles(page.locator("figure[data-kind=lanes]").first, f"{mark_of(JAX)}:not(:first-child)")) == 2


def mark_of(target: str) -> str:
    """Return where the marks of a target are, without their intervals."""
    return f'[data-lane][data-target="{target}"] :is(circle, path:not([fill=none]))'


def middles(figure: Any, selector: str) -> list[float]:
    """Return where elements stand, from left to right of the screen."""
    found: list[float] = figure.locator(selector).evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect()).map(({ left, right }) => (left + right) / 2)"
    )
    return found


# -- the view in the address ------------------------------------------------------------------------


def test_an_address_shows_somebody_else_the_same_view(report: Path, visit: Visits) -> None:
    """Reference, filter, search, order, what is left out, and the theme."""
    first = visit(report).page
    first.locator("select[name=ref]").select_option(JAX)
    first.locator("select[name=dtype]").select_option("float32")
    first.locator("input[name=q]").fill("m=")
    first.locator(f'input[name=off][value="{FAILED}"]').click()
    first.locator(f"#{CASES} thead th").nth(column(first, "time / reference")).locator("button").click()
    first.locator("select[name=theme]").select_option("dark")
    second = visit(report, f"#{first.url.partition('#')[2]}").page
    for view in (first, second):
        assert view.evaluate("document.documentElement.dataset.theme") == "dark"
        assert view.locator("select[name=dtype]").input_value() == "float32"
        assert view.locator("input[name=q]").input_value() == "m="
    body = "(body) => body.outerHTML"
    assert second.locator(f"#{CASES} tbody").evaluate(body) == first.locator(f"#{CASES} tbody").evaluate(body)
    assert second.url == first.url


def test_a_link_within_the_page_keeps_the_view(report: Path, visit: Visits) -> None:
    """And its place is shared with it."""
    page = visit(report, "#ref=" + JAX).page
    page.locator("nav a[href='#noise']").click()
    page.wait_for_url(re.compile("at=noise"))
    assert page.locator("select[name=ref]").input_value() == JAX
    assert page.locator("#noise").evaluate("(it) => Math.abs(it.getBoundingClientRect().top) < innerHeight")


def test_an_address_of_a_place_leads_there(report: Path, visit: Visits) -> None:
    """Also within a fold that is closed."""
    page = visit(report, "#trace").page
    assert page.locator("#trace").is_visible()
    assert page.url.endswith("#trace")


@pytest.mark.parametrize(
    "view",
    [
        "#dtype=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        "#ref=%E0%A4%A&target=x&sort=constructor:0:asc",
        "#theme=javascript:alert(1)&off=__proto__&__proto__=x",
        "#at=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        f"#sort={CASES}:99:asc&sort={CASES}:0:constructor",
        "#<img src=x onerror=alert(1)>",
        "#%",
    ],
)
def test_an_address_from_an_enemy_does_nothing(report: Path, visit: Visits, view: str) -> None:
    """What the page does not know is as if it were not there."""
    found = visit(report, view)
    assert found.said == []
    assert found.page.locator("main").evaluate("(it) => it.innerHTML") == visit(report).page.locator("main").evaluate(
        "(it) => it.innerHTML"
    )


def test_a_search_from_an_enemy_is_a_search(report: Path, visit: Visits) -> None:
    """It finds nothing, and is text."""
    found = visit(report, "#q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert found.said == []
    assert texts(found.page, "case") == []
    assert found.page.locator("input[name=q]").input_value() == "<script>alert(1)</script>"
    assert found.page.locator("script").count() == 3


# -- folds, copies, paper ---------------------------------------------------------------------------


def test_folds_open_and_close_together(report: Path, visit: Visits) -> None:
    """With one button each."""
    page = visit(report).page
    folds = "(all) => new Set(all.map((fold) => fold.open)).size === 1 && all[0].open"
    page.get_by_role("button", name="Open all").click()
    assert page.locator("main details").evaluate_all(folds) is True
    page.get_by_role("button", name="Close all").click()
    assert page.locator("main details").evaluate_all(folds) is False


def test_commands_can_be_copied(report: Path, visit: Visits) -> None:
    """Or are at least selected, where a browser lets nobody copy."""
    page = visit(report).page
    page.locator("#answer .code button").click()
    page.wait_for_timeout(200)
    assert page.locator("#answer .code button").inner_text() in ("Copied", "Selected")


def test_on_paper_everything_is_open_and_nothing_is_a_control(report: Path, visit: Visits) -> None:
    """And afterwards the page is as it was."""
    page = visit(report).page
    opened = "(all) => all.filter((fold) => fold.open).length"
    before = page.locator("main details").evaluate_all(opened)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main details").evaluate_all(opened) == page.locator("main details").count() > before
    assert not page.locator("nav").is_visible()
    assert not page.locator(".controls").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main details").evaluate_all(opened) == before


def test_the_page_can_be_printed(report: Path, visit: Visits) -> None:
    """To a file that is not empty, and holds lines and letters, not pixels."""
    printed = visit(report).page.pdf()
    assert printed.startswith(b"%PDF")
    assert 20_000 < len(printed) < 1_000_000
