"""The page for everybody: by keyboard, on a phone, in the dark, read aloud, without its script, from any names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.report.escape import visible
from harness.report.findings import RunFindings
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.browser.conftest import DESK, FAILED, JAX, PHONE, Visits, findings, grave, unfold, written
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured

ENEMIES = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style></title></svg><svg onload=alert(1)>",
    "\"' onmouseover=alert(1) x='",
    "javascript:alert(1)",
    "\u202egnp.exe",
    "]]><!--",
    "line\nbreak",
)

FOCUSABLE = "a[href], button, select, input, summary, [tabindex='0']"
ALL_FOCUSABLE = f"""() => Array.from(document.querySelectorAll("{FOCUSABLE}"), (it) => it).filter(
  (it) => it.checkVisibility() && !it.disabled)"""
MARK = f"""() => {{
  const now = document.activeElement;
  const bare = now !== document.body && getComputedStyle(now).outlineStyle === "none";
  now.dataset.seen = bare ? "bare" : "yes";
  return ({ALL_FOCUSABLE})().filter((it) => !it.dataset.seen).length;
}}"""


# -- by keyboard ------------------------------------------------------------------------------------


def test_the_keyboard_reaches_everything_and_shows_where_it_is(report: Path, visit: Visits) -> None:
    """Every link, button, field, fold and region that scrolls."""
    page = visit(report).page
    left: int = page.evaluate(MARK)
    assert left > 50
    for _ in range(left + 50):
        page.keyboard.press("Tab")
        left = page.evaluate(MARK)
        if not left:
            break
    assert page.evaluate(f"({ALL_FOCUSABLE})().filter((it) => !it.dataset.seen).map((it) => it.outerHTML)") == []
    assert page.locator("[data-seen=bare]").count() == 0


def test_the_first_key_leads_past_the_contents(report: Path, visit: Visits) -> None:
    """To the results."""
    page = visit(report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("page-main"))
    assert page.evaluate("document.activeElement.tagName") == "MAIN"


def test_a_column_sorts_by_keyboard(report: Path, visit: Visits) -> None:
    """As by pointing."""
    page = visit(report).page
    head = page.locator("#cases-as-written thead th").nth(1)
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"


def test_values_of_a_picture_are_told_one_by_one(report: Path, visit: Visits) -> None:
    """By arrow keys, forwards and backwards, and not any more when the key says so."""
    page = visit(report).page
    page.locator("figure[data-kind=lanes] .scroll").first.focus()
    tip = page.locator(".tip")
    page.keyboard.press("ArrowRight")
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    second = tip.inner_text()
    assert first != second
    assert "square[m=" in second
    page.keyboard.press("ArrowLeft")
    assert tip.inner_text() == first
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_pointing_at_a_mark_tells_its_numbers(report: Path, visit: Visits) -> None:
    """The exact ones, with the interval."""
    page = visit(report).page
    page.locator(f'figure[data-kind=lanes] [data-lane][data-target="{JAX}"] :is(circle, path)').last.hover()
    assert "x the reference" in page.locator(".tip").inner_text()


# -- read aloud, in the dark, on a phone ------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nobody_is_shut_out(report: Path, visit: Visits, axe: Any, size: tuple[int, int], dark: bool) -> None:
    """By the rules of axe: contrast, names, roles, order; with all folds open."""
    page = visit(report, size=size, dark=dark).page
    unfold(page)
    assert grave(axe, page) == {}


def test_a_chosen_theme_is_stronger_than_that_of_the_system(report: Path, visit: Visits) -> None:
    """In both directions."""
    page = visit(report, dark=True).page
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.locator("select[name=theme]").select_option("light")
    assert page.evaluate(background) == "rgb(255, 255, 255)" != dark


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_phone_shows_it_without_scrolling_sideways(report: Path, visit: Visits, script: bool) -> None:
    """What is wide scrolls in a place of its own, at a size that can be read."""
    page = visit(report, size=PHONE, script=script).page
    if script:
        unfold(page)
    width = page.locator("body").evaluate("(body) => [document.documentElement.scrollWidth, body.scrollWidth]")
    assert max(width) <= PHONE[0]
    assert page.locator("figure svg").first.bounding_box()["width"] > 630


# -- without the script -----------------------------------------------------------------------------


def test_without_its_script_the_page_is_whole(report: Path, visit: Visits) -> None:
    """All rows and pictures are there, and nothing that would need it."""
    found = visit(report, script=False)
    text = report.read_text(encoding="utf-8")
    assert found.page.locator("tbody tr").count() == text.count("<tr") - text.count("<thead>")
    assert found.page.locator("figure svg").count() == text.count("<figure")
    assert found.page.locator("figure svg").first.is_visible()
    assert found.page.locator("#cases-as-written tbody tr").first.is_visible()
    assert found.page.locator("button, select, input").count() == 0
    assert found.asked == [report.as_uri()]


# -- any names --------------------------------------------------------------------------------------


def hostile(enemy: str) -> RunFindings:
    """Return a run in which everything that has a name bears the same one."""
    cases = {f"{enemy}{at}": said for at, said in enumerate(squares(3).values())}
    rows, samples = run(cases, {REFERENCE: 1.0, JAX: 0.8}, noise=0.002, suite=enemy, device_name=enemy, workload=enemy)
    lost = [
        unmeasured(arm(case, FAILED, label=enemy, suite=enemy, **said), "failed", f"error: {enemy}")
        for case, said in cases.items()
    ]
    return summarise([*rows, *lost], sample_frame(samples), manifest={"command": enemy, enemy: {enemy: enemy}})


@pytest.mark.parametrize("enemy", ENEMIES)
def test_a_name_from_an_enemy_is_text(tmp_path: Path, visit: Visits, enemy: str) -> None:
    """It is shown, and nothing else happens, whatever is chosen."""
    path = written(tmp_path, hostile(enemy))
    found = visit(path)
    page = found.page
    assert f"{visible(enemy)}0" in page.locator("#cases-as-written").text_content()
    for name in ("ref", "outcome", "backend"):
        for box in page.locator(f"select[name={name}]").all():
            box.select_option(index=1)
    page.locator("input[name=q]").fill(enemy.partition("\n")[0])
    page.locator("#cases-as-written thead button").first.click()
    page.locator("figure svg g").evaluate_all(
        "(all) => all.forEach((group) => group.dispatchEvent(new PointerEvent('pointerover', { bubbles: true })))"
    )
    assert found.said == []
    assert found.asked == [path.as_uri()]
    assert page.locator("script").count() == 3
    assert page.locator("img, iframe, [onload], [onerror], [onmouseover]").count() == 0


# -- many arms --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_arms_are_a_page_like_any_other(tmp_path: Path, visit: Visits) -> None:
    """Below three megabytes, without a word from the browser, and it filters."""
    speeds = {REFERENCE: 1.0, **{f"backend{at}.compile@cpu": 1.1 + at / 10 for at in range(8)}}
    rows, samples = run(squares(111), speeds, noise=0.002, rounds=2)
    path = written(tmp_path, summarise(rows, sample_frame(samples)))
    assert path.stat().st_size < 3_000_000
    found = visit(path)
    page: Any = found.page
    page.locator("input[name=q]").fill("m=64,")
    assert page.locator("#cases-as-written tbody tr:not([hidden])").count() == 9
    assert found.said == []


def test_two_runs_keep_their_choices_apart(tmp_path: Path, visit: Visits) -> None:
    """The same case in two runs: each has its own ratios, and the same choice holds for both."""
    second = replace(findings(seed=9), run_id="20270102T030405678Z-0123456789ab")
    page = visit(written(tmp_path, findings(), second)).page
    page.locator("select[name=ref]").select_option(JAX)
    told = [
        page.locator(f"#{table} tbody tr").evaluate_all(
            "(rows) => rows.map(({ cells }) => Array.from(cells, (cell) => cell.textContent).join('|'))"
        )
        for table in ("cases-as-written", "r2-cases-as-written")
    ]
    assert told[0] != told[1]
    for rows in told:
        assert sum(row.count("|1|reference") for row in rows) == 6
        assert any("slower" in row for row in rows)
