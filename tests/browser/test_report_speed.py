"""What `benchmarks/report_speed.py` promises of a page rests on a browser that opened it."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks import report_speed, report_store
from benchmarks.report_speed import FEWER_ARMS, OF_A_CASE, page_kept
from harness.report.load import load
from harness.report.pages import document
from harness.report.picture import Picture
from tests.browser.conftest import BROWSERS


def test_a_page_that_a_browser_opened_keeps_its_promise(
    report: Path, chromium: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the browser of these tests, with the same flags."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(report_speed, "OPENS_S", 120.0)
    assert report_speed.BROWSERS == BROWSERS
    with ThreadPoolExecutor(1) as other:  # one thread has one Playwright
        assert other.submit(page_kept, report, browser=True).result()
    assert "opens in" in capsys.readouterr().out


def test_a_page_that_nobody_opened_keeps_none(
    report: Path, chromium: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever was in the way; only who says so goes without."""
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    with ThreadPoolExecutor(1) as other:
        assert not other.submit(page_kept, report, browser=True).result()
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert not page_kept(report, browser=True)
    assert page_kept(report, browser=False)
    said = capsys.readouterr().out.splitlines()
    assert ["not opened: " in line for line in said] == [True, True, False]
    assert [line.endswith("NOT WITHIN 3 MB AND 2 s") for line in said] == [True, True, False]


@pytest.mark.slow
def test_the_page_that_is_measured_has_pictures_of_every_kind(tmp_path: Path) -> None:
    """As a page of many arms has, trainings among them."""
    report_store.write_store(tmp_path, FEWER_ARMS // OF_A_CASE)
    drawn = {type(picture) for picture in document(load(tmp_path, [])).pictures()}
    assert drawn == set(Picture.__subclasses__())
