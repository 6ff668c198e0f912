"""How long `report` takes over 10,000 arms with a million blocks, how much memory, and where the time goes.

    python benchmarks/report_speed.py
    python benchmarks/report_speed.py --runs 1 --phases

A run is made up (`report_store.py`), and each command is run several times as a process of its own. The promises:
10 s and 800 MB for the report as it is by default, 3 s for its Markdown alone, as the median of the runs; and of a
report of 1,000 arms a page below 3 MB, which opens within 2 s where Playwright has a Chromium (`CHROMIUM` may name
one). `--phases` profiles each command once more and prints which steps the time goes to.
"""

from __future__ import annotations

import argparse
import os
import pstats
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, too

from benchmarks.compare_speed import measure

ARMS, FEWER_ARMS = 10_000, 1_000
TARGETS = 6  # of a case, in `report_store.py`
PAGE_MB, OPENS_S = 3.0, 2.0
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
    "pictures as files": ("draw/raster.py", "render"),
    "the headlines": ("report/headline.py", "headline"),
}
WITHIN = {  # a step that is timed as a part of another, and is taken off it
    "reading blocks": "summarising, without reading",
    "charts": "sections and their first rows",
}


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
    parser.add_argument("--phases", action="store_true", help="also print where the time goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-speed-") as folder:
        many, fewer = Path(folder) / "many", Path(folder) / "fewer"
        for root, arms in ((many, ARMS), (fewer, FEWER_ARMS)):
            writer = Path(__file__).with_name("report_store.py")
            subprocess.run([sys.executable, str(writer), str(root), str(-(-arms // TARGETS))], check=True)  # noqa: S603
        found = [kept(name, asked, many, arguments.runs) for name, asked in ASKED.items()]
        found.append(page_kept(fewer))
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


def page_kept(root: Path) -> bool:
    """Measure the page of fewer arms, print, and return whether its promises hold."""
    out = root / "out"
    measure(ASKED["report"].command(out), root, 1)
    (page,) = out.glob("*/index.html")
    megabytes, opened = page.stat().st_size / 1e6, opening_s(page)
    shown = "not opened: no Playwright with a Chromium is here" if opened is None else f"opens in {opened:.2f} s"
    holds = megabytes <= PAGE_MB and (opened is None or opened <= OPENS_S)
    end = "" if holds else f"  MORE THAN {PAGE_MB:g} MB OR {OPENS_S:g} s"
    print(f"page of {FEWER_ARMS:,} arms: {megabytes:.2f} MB, {shown}{end}", flush=True)
    return holds


def opening_s(page: Path) -> float | None:
    """Return how long a browser takes until the page is loaded and drawn, or None where there is no browser."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"))
        except Error:
            return None
        tab = browser.new_page()
        start = perf_counter()
        tab.goto(page.as_uri(), wait_until="load")
        tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        taken = perf_counter() - start
        browser.close()
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
