"""How long `report` takes over 10,000 arms with a million blocks, how much memory, and where the time goes.

    python benchmarks/report_speed.py
    python benchmarks/report_speed.py --runs 1 --phases

A run is made up (`report_store.py`), and each command is run several times as a process of its own. The promises:
10 s and 800 MB for the report as it is by default, 3 s for its Markdown alone, as the median of the runs; and of a
report of 1,000 arms a page below 3 MB, which a browser opens within 2 s. It is opened by Playwright in the Chromium
that is on the path or that `CHROMIUM` names; where none opens it, the promise is not kept, unless `--no-browser` leaves
it out. The memory is that of the command; the process that draws pictures beside it takes some more. `--phases`
profiles each command once more and prints which steps the time goes to.
"""

from __future__ import annotations

import argparse
import os
import pstats
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, too

from benchmarks.compare_speed import measure

ARMS, FEWER_ARMS = 10_000, 1_000
OF_A_CASE = 7  # arms, in `report_store.py`: six targets, and the reference a second time
PAGE_MB, OPENS_S = 3.0, 2.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox",)  # the page is ours, and a sandbox of its own is not to be had in most containers
PHASES = {  # what a step is called, by file and function
    "reading measurements": ("store/read.py", "read_measurements"),
    "rows of Python": ("report/rows.py", "measurements_of"),
    "reading blocks": ("store/lean.py", "read_timings"),
    "summarising, without reading": ("report/summarise.py", "summarise"),
    "charts": ("charts/__init__.py", "charts_of"),
    "sections and their first rows": ("pages/__init__.py", "document"),
    "Markdown": ("render/markdown.py", "markdown"),
    "HTML, with its pictures": ("render/html.py", "html"),
    "CSV": ("render/csv_file.py", "csv_of"),
    "pictures as files, drawn here": ("draw/raster.py", "render"),
    "waiting for pictures that are drawn beside": ("draw/ahead.py", "files"),
    "the headlines": ("report/headline.py", "headline"),
}
WITHIN = {  # a step that is timed as a part of another, and is taken off it
    "reading blocks": "summarising, without reading",
    "charts": "sections and their first rows",
}


class NotOpened(Exception):
    """No browser opened the page; says why."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A report in some formats, and what is promised of it."""

    formats: str
    seconds: float
    megabytes: float

    def command(self, out: Path) -> tuple[str, ...]:
        """Return the command."""
        return ("report", "--format", self.formats, "--out", str(out))


ASKED = {
    "report": Asked(formats="html,md,csv,png", seconds=10.0, megabytes=800.0),
    "report, Markdown alone": Asked(formats="md", seconds=3.0, megabytes=800.0),
}


def main() -> int:
    """Measure, print, and say whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-browser", action="store_true", help="leave out how soon a browser opens the page")
    parser.add_argument("--phases", action="store_true", help="also print where the time goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-speed-") as folder:
        many, fewer = Path(folder) / "many", Path(folder) / "fewer"
        for root, arms in ((many, ARMS), (fewer, FEWER_ARMS)):
            writer = Path(__file__).with_name("report_store.py")
            subprocess.run([sys.executable, str(writer), str(root), str(-(-arms // OF_A_CASE))], check=True)  # noqa: S603
        found = [kept(name, asked, many, arguments.runs) for name, asked in ASKED.items()]
        found.append(page_kept(page_of(fewer), browser=not arguments.no_browser))
        if arguments.phases:
            for name, asked in ASKED.items():
                print(f"\n{name}, profiled, which makes it slower:")
                print("\n".join(phases(asked, many)))
    return 0 if all(found) else 1


def kept(name: str, asked: Asked, root: Path, runs: int) -> bool:
    """Measure a report, print, and return whether its promise holds."""
    one = measure(asked.command(root / "out"), root, runs)
    holds = one["seconds"] <= asked.seconds and one["megabytes"] <= asked.megabytes
    span = f"{one['seconds_least']:.2f} to {one['seconds_most']:.2f}; {one['cpu_seconds']:.2f} s of a processor"
    end = "" if holds else f"  MORE THAN {asked.seconds:g} s OR {asked.megabytes:.0f} MB"
    print(f"{name}: {one['seconds']:.2f} s ({span}), {one['megabytes']:.0f} MB{end}", flush=True)
    return bool(holds)


def page_of(root: Path) -> Path:
    """Have a report written, and return its page."""
    out = root / "out"
    measure(ASKED["report"].command(out), root, 1)
    (page,) = out.glob("*/index.html")
    return page


def page_kept(page: Path, *, browser: bool) -> bool:
    """Measure a page, print, and return whether its promises hold; one that nobody opened holds none."""
    megabytes = page.stat().st_size / 1e6
    shown, soon = opened(page) if browser else ("not opened, as was asked", True)
    holds = megabytes <= PAGE_MB and soon
    end = "" if holds else f"  NOT WITHIN {PAGE_MB:g} MB AND {OPENS_S:g} s"
    print(f"page of {FEWER_ARMS:,} arms: {megabytes:.2f} MB, {shown}{end}", flush=True)
    return holds


def opened(page: Path) -> tuple[str, bool]:
    """Say how soon a browser opens a page, and whether that is soon enough."""
    try:
        seconds = opening_s(page)
    except NotOpened as error:
        return f"not opened: {error}", False
    return f"opens in {seconds:.2f} s", seconds <= OPENS_S


def opening_s(page: Path) -> float:
    """Return how long a browser takes until the page is loaded and drawn."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError:
        raise NotOpened("Playwright is not installed") from None
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
            tab = browser.new_page()
            start = perf_counter()
            tab.goto(page.as_uri(), wait_until="load")
            tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            taken = perf_counter() - start
            browser.close()
    except Error as error:
        raise NotOpened(str(error).partition("\n")[0]) from None
    return taken


def phases(asked: Asked, root: Path) -> list[str]:
    """Return a line for each step of a report, the longest first."""
    trace = root / "trace"
    command = [sys.executable, "-m", "cProfile", "-o", str(trace), "-m", "harness", *asked.command(root / "out")]
    subprocess.run([*command, "--results", str(root)], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    stats = vars(pstats.Stats(str(trace)))["stats"]
    taken = {name: _seconds(stats, *place) for name, place in PHASES.items()}
    whole = max(one[3] for one in stats.values())
    for inner, outer in WITHIN.items():
        taken[outer] -= taken[inner]
    taken["all else, imports too"] = whole - sum(taken.values())
    ordered = sorted(taken.items(), key=lambda item: -item[1])
    return [f"  {seconds:6.2f} s  {seconds / whole:4.0%}  {name}" for name, seconds in ordered]


def _seconds(stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]], file: str, name: str) -> float:
    return sum(one[3] for place, one in stats.items() if place[0].endswith(file) and place[2] == name)


if __name__ == "__main__":
    raise SystemExit(main())
