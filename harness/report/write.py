"""A report on the disk: a folder with one page and its pictures.

The same results give the same bytes. Pictures that an earlier report left in the folder are taken
away, so that none is mistaken for one of this report; nothing else there is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import StoreError
from harness.report.load import Reported
from harness.report.markdown import FIGURES, page
from harness.report.pictures import pictures_of

PAGE = "README.md"  # what a folder shows of itself where it is browsed


def write(reported: Reported, folder: Path) -> Path:
    """Write the page and its pictures into `folder`, and return where the page is."""
    from harness.report.figures import render

    several = len(reported.runs) > 1
    pictures = [pictures_of(run, f"{at + 1}-" if several else "") for at, run in enumerate(reported.runs)]
    text = page(reported.runs, reported.problems, pictures)
    figures = folder / FIGURES
    try:
        figures.mkdir(parents=True, exist_ok=True)
        for old in figures.glob("*.png"):
            old.unlink()
        for picture in (one for own in pictures for one in own):
            (figures / f"{picture.name}.png").write_bytes(render(picture))
        (folder / PAGE).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"cannot write the report in {folder}: {error.strerror or error}", remedy="name another folder with --out"
        ) from error
    return folder / PAGE


def folder_name(names: Sequence[str], reported: Reported) -> str:
    """Return what to call the report: ``latest`` where no runs were named."""
    if not names:
        return "latest"
    newest = max(run.run_id for run in reported.runs)
    return newest if len(reported.runs) == 1 else f"{newest}-and-{len(reported.runs) - 1}-more"
