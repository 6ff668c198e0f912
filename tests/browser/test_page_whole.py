"""Every kind of page with every kind of picture, however it is looked at: wide, narrow, in the dark, on paper."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.report.charts import charts_of
from harness.report.draw.ink import LIGHT
from harness.report.picture import Picture
from tests.browser.conftest import DESK, JAX, PHONE, Visit, Visits, grave, rules, unfold, written
from tests.browser.whole import everything
from tests.core.report.test_charts_whole import QUESTIONS

ROOT = Path(__file__).parents[2]
STORE = ROOT / "results" / "reference"
A4 = (717, 1046)  # what a sheet leaves between the margins of a browser, in pixels of the screen
KINDS = "(all) => all.map((one) => one.dataset.kind)"
WIDTH = "() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
ONE_OF_EACH = """() => document.querySelectorAll("tbody").forEach((body) => {
  const met = new Set();
  for (const row of Array.from(body.rows)) {
    const look = Array.from(row.cells, (cell) => cell.className + !cell.firstElementChild).join();
    if (met.has(look)) row.remove();
    else met.add(look);
  }
})"""
POINTED = "(all) => all.forEach((one) => one.dispatchEvent(new PointerEvent('pointerover', { bubbles: true })))"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a page is looked at."""

    size: tuple[int, int]
    dark: bool = False
    paper: bool = False


SCREENS = {
    "desk": Look(size=DESK),
    "desk, dark": Look(size=DESK, dark=True),
    "phone": Look(size=PHONE),
    "phone, dark": Look(size=PHONE, dark=True),
}
SHEET = {"sheet": Look(size=A4, paper=True)}
PAPERS = {
    "sheet, dark": Look(size=A4, paper=True, dark=True),
    "wide sheet": Look(size=DESK, paper=True),
    "wide sheet, dark": Look(size=DESK, paper=True, dark=True),
}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up run that answers every question."""
    return written(tmp_path_factory.mktemp("whole"), everything())


@pytest.fixture(scope="session")
def reference() -> Path:
    """The page that is kept beside the results it was made of."""
    return ROOT / "reports" / "reference" / "latest" / "index.html"


@pytest.fixture(scope="session")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one verdict."""
    return told(tmp_path_factory.mktemp("verdict"), "gemm", f"batched::{JAX}")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one training, with its curves and its parts."""
    return told(tmp_path_factory.mktemp("trained"), "training-smoke", "classic-cnn")


def told(folder: Path, suite: str, row: str) -> Path:
    """Have the command write the page of one case of the results that are kept, and return where it is."""
    runs = [json.loads(path.read_bytes()) for path in sorted((STORE / "runs").glob("*.json"))]
    (run_id,) = [run["run_id"] for run in runs if run["suite"] == suite]
    command = [sys.executable, "-m", "harness", "report", run_id, "--only", row, "--format", "html"]
    subprocess.run([*command, "--results", STORE, "--out", folder], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (page,) = folder.glob("*/index.html")
    return page


@pytest.fixture
def path(request: pytest.FixtureRequest) -> Path:
    """One of the pages."""
    found: Path = request.getfixturevalue(request.param)
    return found


def looked(looks: Mapping[str, Look]) -> pytest.MarkDecorator:
    """Have a test look at its page in several ways."""
    return pytest.mark.parametrize("look", looks.values(), ids=list(looks))


every_page = pytest.mark.parametrize("path", ["whole", "reference", "verdict", "trained"], indirect=True)


def opened(visit: Visits, path: Path, look: Look) -> Visit:
    """Open a page, with all its folds."""
    found = visit(path, size=look.size, dark=look.dark, paper=look.paper)
    unfold(found.page)
    return found


def test_every_kind_of_picture_is_on_the_page(whole: Path, visit: Visits) -> None:
    """Else what follows would say nothing of it."""
    kinds = visit(whole).page.locator("figure").evaluate_all(KINDS)
    assert set(kinds) == {kind.__name__.lower() for kind in Picture.__subclasses__()}
    assert set(charts_of(everything(), "")) == QUESTIONS


@every_page
@looked(SCREENS | SHEET | PAPERS)
def test_a_page_says_nothing_and_is_no_wider_than_it_may_be(path: Path, visit: Visits, look: Look) -> None:
    """No warning, no error, no request; what is wide scrolls in a place of its own, or is smaller on paper."""
    found = opened(visit, path, look)
    assert found.page.evaluate(WIDTH) <= look.size[0]
    assert found.page.locator("figure svg").first.is_visible()
    assert found.said == []
    assert found.asked == [path.as_uri()]


@pytest.mark.slow
@every_page
@looked(SCREENS | SHEET)
def test_nobody_is_shut_out_of_any_page(path: Path, visit: Visits, axe: Any, look: Look) -> None:
    """By the rules of axe, with all folds open; of rows that look alike it is shown one, for it takes minutes."""
    page = opened(visit, path, look).page
    page.evaluate(ONE_OF_EACH)
    assert grave(axe, page) == {}


@pytest.mark.parametrize("view", ["", "#theme=dark"], ids=["the system", "a reader"])
@every_page
def test_paper_is_light_in_the_dark_too(path: Path, visit: Visits, view: str) -> None:
    """Whoever chose the dark: ink on white, in words and in pictures."""
    page = visit(path, view, dark=True, paper=True).page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    drawn = page.locator("figure svg text.ink").first.evaluate("(it) => getComputedStyle(it).fill")
    said = page.locator("main").evaluate("(it) => getComputedStyle(it).color")
    assert drawn == said == rgb(LIGHT["ink"])


def test_paper_says_where_it_leaves_out_columns(whole: Path, visit: Visits) -> None:
    """Of a table that is too wide for it: never the last one, and on the screen none."""
    cells = "(rows) => Array.from(rows[0].cells, (cell) => cell.checkVisibility())"
    note = "(it) => getComputedStyle(it, '::after').content"
    wide = ".table:has(#accuracy-by-epoch)"
    for look, left_out in ((SCREENS["desk"], False), (SHEET["sheet"], True)):
        page = opened(visit, whole, look).page
        seen = page.locator(f"{wide} tbody tr").evaluate_all(cells)
        assert len(seen) == 42
        assert all((seen[0], seen[1], seen[-1]))
        assert (False in seen) is left_out
        assert ("left out" in page.locator(wide).evaluate(note)) is left_out


def rgb(colour: str) -> str:
    """Return a colour as a browser tells it."""
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_whatever_is_chosen_every_kind_of_picture_says_nothing(whole: Path, visit: Visits) -> None:
    """Another reference, fewer targets and rows, a pointer over every mark, a key in every picture."""
    found = visit(whole)
    page = found.page
    for figure in page.locator("figure .scroll").all():
        figure.focus()
        page.keyboard.press("ArrowRight")
    page.locator("figure svg g").evaluate_all(POINTED)
    page.locator("select[name=ref]").select_option(JAX)
    page.locator(f'input[name=off][value="{JAX}"]').click()
    page.locator("input[name=q]").fill("m=64")
    page.locator("figure svg g").evaluate_all(POINTED)
    assert found.said == []
    assert found.asked == [whole.as_uri()]


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_its_rules_a_test_is_passed_over_at_home_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, ci: str, ends: type[BaseException]
) -> None:
    """Where tests decide, what cannot be tried has failed."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setitem(sys.modules, "axe_playwright_python.sync_playwright", None)
    with pytest.raises(ends):
        rules()
