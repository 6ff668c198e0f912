"""The page of a report in a real browser, which is the machine's own, driven by Playwright.

Without a browser these tests pass over and say so; where the variable CI is set, they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest

from harness.report.findings import RunFindings
from harness.report.load import Reported
from harness.report.pages import document
from harness.report.render.html import html
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
JAX, COMPILE, FUNCTION = "jax.jit@cpu", "torch.compile@cpu", "tensorflow.function@cpu"
FAILED = "tensorflow.eager@cpu"
SPEEDS = {REFERENCE: 1.0, JAX: 0.8, FUNCTION: 1.5, COMPILE: 0.5}
MANIFEST = {
    "command": "python -m harness run suites/gemm.yaml",
    "machine": {"cpu": {"model": "Imaginary CPU", "logical": 2}, "memory": {"total_bytes": 8 << 30}, "gpus": []},
    "measure": {"profile": "standard"},
}
DESK, PHONE = (1280, 800), (360, 740)


@dataclass(kw_only=True)
class Visit:
    """A page that was opened, and what the browser said and asked for since."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


Visits = Callable[..., Visit]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, once for all tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        _absent("Playwright is not installed: python -m pip install -c constraints.txt --group browser")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        _absent(f"no browser is installed: none of {', '.join(BROWSERS)} is on the path")
    with sync_playwright() as playwright:
        # The pages are ours, and a sandbox of its own is not to be had in most containers.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def visit(chromium: Any) -> Iterator[Visits]:
    """Open a page from the disk, each time as a new visitor."""
    contexts: list[Any] = []

    def open_page(
        path: Path,
        view: str = "",
        *,
        size: tuple[int, int] = DESK,
        dark: bool = False,
        paper: bool = False,
        script: bool = True,
    ) -> Visit:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        found = Visit(page=context.new_page())
        if paper:
            found.page.emulate_media(media="print")
        found.page.on("console", lambda message: found.said.append(f"{message.type}: {message.text}"))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.on("request", lambda request: found.asked.append(request.url))
        found.page.on("dialog", lambda dialog: _refuse(dialog, found.said))
        found.page.goto(f"{path.as_uri()}{view}")
        if paper and script:
            found.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        return found

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> Any:
    """The rules by which nobody is shut out."""
    return rules()


def rules() -> Any:
    """Return axe."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ModuleNotFoundError:
        _absent("axe is not installed: python -m pip install -c constraints.txt --group browser")
    return Axe()


def unfold(page: Any) -> None:
    """Open all folds."""
    page.locator("main details").evaluate_all("(all) => all.forEach((fold) => { fold.open = true; })")


def grave(axe: Any, page: Any) -> dict[str, list[str]]:
    """Return what axe finds to be serious or critical."""
    return {
        each["id"]: [node["html"][:200] for node in each["nodes"][:3]]
        for each in axe.run(page).response["violations"]
        if each["impact"] in ("serious", "critical")
    }


def _refuse(dialog: Any, said: list[str]) -> None:
    said.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def findings(**values: Any) -> RunFindings:
    """Return what a run says: two types, two classes, and a target that failed everywhere."""
    cases = {**squares(4), **squares(2, dtype="float16")}
    rows, samples = run(cases, SPEEDS, **({"noise": 0.002, "seed": 5} | values))
    rows += [unmeasured(arm(case, FAILED, **said), "failed", "error: out of luck") for case, said in cases.items()]
    return summarise(rows, sample_frame(samples), manifest=MANIFEST)


def written(folder: Path, *runs: RunFindings) -> Path:
    """Write the page about some runs, and return where it is."""
    page = folder / "index.html"
    page.write_text(html(document(Reported(runs=runs, problems=()))), encoding="utf-8")
    return page


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an ordinary run."""
    return written(tmp_path_factory.mktemp("report"), findings())
