"""A report on the disk: a folder with the page, its pictures and its tables, each in the formats asked for.

The same command on the same results gives the same bytes. What an earlier report left in the folder is taken away, so
that nothing is mistaken for a part of this one; nothing else there is touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import StoreError, UsageError
from harness.report.content import Document
from harness.report.draw.ahead import Ahead
from harness.report.kinds import KNOWN, PICTURES, USUAL
from harness.report.load import Reported
from harness.report.picture import Picture, slug
from harness.report.reproduce import inputs, own_command

FIGURES, TABLES = "figures", "tables"  # folders beside the page
MANIFEST = "manifest.json"
REPORTS = Path("reports")  # where reports go, unless somebody says otherwise
SCHEMA = "harness.report/1"

_PAGES = {"html": "index.html", "md": "README.md"}  # the latter is what a folder shows of itself where it is browsed
_LEFT = ((FIGURES, PICTURES), (TABLES, ("csv",)))  # what an earlier report may have left, by folder


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A report with all its words and numbers: files by their places in a folder, and pictures yet to be drawn."""

    files: Mapping[str, bytes]
    pictures: tuple[Picture, ...]
    formats: tuple[str, ...]


def compose(
    reported: Reported,
    formats: Sequence[str] = USUAL,
    *,
    only: str = "",
    out: Path = REPORTS,
    ahead: Ahead | None = None,
) -> Composed:
    """Return the report; with `only`, it is about one case, or one arm of it, alone. `out` is where its folder goes.

    Its pictures are told to `ahead` as soon as they are known.
    """
    document = _document(reported, formats, only)
    pictures = tuple(document.pictures())
    if ahead is not None:
        ahead.begin(pictures, _kinds(formats))
    return Composed(
        files={**dict(_texts(document, formats)), MANIFEST: _manifest(reported, formats, only, out)},
        pictures=pictures,
        formats=tuple(formats),
    )


def write(composed: Composed, folder: Path, ahead: Ahead | None = None) -> Path:
    """Write all of it into `folder`, with the pictures that `ahead` has drawn or that are drawn now.

    Return where its page is, or the folder where none is.
    """
    drawn = {} if ahead is None else ahead.files()
    files = {**composed.files, **dict(_figures(composed, drawn))}
    try:
        _clear(folder)
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise StoreError(
            f"cannot write the report in {folder}: {error.strerror or error}", remedy="name another folder with --out"
        ) from error
    return next((folder / page for kind, page in _PAGES.items() if kind in composed.formats), folder)


def folder_name(names: Sequence[str], reported: Reported, only: str = "") -> str:
    """Return what to call the report: ``latest`` where no runs were named."""
    newest = max(run.run_id for run in reported.runs)
    several = "" if len(reported.runs) == 1 else f"-and-{len(reported.runs) - 1}-more"
    whole = f"{newest}{several}" if names else "latest"
    return f"{whole}-{slug(only)}" if only else whole


def _document(reported: Reported, formats: Sequence[str], only: str) -> Document:
    """Return the page; of one without pictures, and without a script, less has to be worked out."""
    if not only:
        from harness.report.pages import document

        return document(reported, pictured="html" in formats or bool(_kinds(formats)), scripted="html" in formats)
    from harness.report.verdict_page import verdict

    if len(reported.runs) > 1:
        runs = ", ".join(run.run_id for run in reported.runs)
        raise UsageError(f"one case is of one run, and these are {len(reported.runs)}: {runs}", remedy="name one")
    return verdict(reported.runs[0], only)


def _texts(document: Document, formats: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the pages and tables by their places in the folder; what was not asked for is not even loaded."""
    tables = TABLES if "csv" in formats else ""
    if "html" in formats:
        from harness.report.render.html import html

        yield _PAGES["html"], html(document, tables=tables).encode()
    if "md" in formats:
        from harness.report.render.markdown import markdown

        kind = next((kind for kind in ("png", "svg") if kind in formats), "")  # no page shows a PDF
        yield _PAGES["md"], markdown(document, figures=FIGURES, kind=kind, tables=tables).encode()
    if "csv" in formats:
        from harness.report.render.csv_file import csv_of

        yield from ((f"{TABLES}/{table.name}.csv", csv_of(table).encode()) for table in document.tables())


def _kinds(formats: Sequence[str]) -> list[str]:
    """Return in which formats each picture gets a file."""
    return [kind for kind in PICTURES if kind in formats]


def _figures(composed: Composed, drawn: Mapping[tuple[str, str], bytes]) -> Iterator[tuple[str, bytes]]:
    for picture in composed.pictures:
        for kind in _kinds(composed.formats):
            data = drawn.get((picture.name, kind))
            yield f"{FIGURES}/{picture.name}.{kind}", _drawn(picture, kind) if data is None else data


def _drawn(picture: Picture, kind: str) -> bytes:
    from harness.report.draw.raster import render  # takes a while to load

    return render(picture, kind)


def _clear(folder: Path) -> None:
    """Take away what an earlier report left; a folder that is empty then goes too."""
    for page in (*_PAGES.values(), MANIFEST):
        (folder / page).unlink(missing_ok=True)
    for name, kinds in _LEFT:
        held = folder / name
        for old in [path for kind in kinds for path in held.glob(f"*.{kind}")]:
            old.unlink()
        if held.is_dir() and not any(held.iterdir()):
            held.rmdir()


def _manifest(reported: Reported, formats: Sequence[str], only: str, out: Path) -> bytes:
    """Return what the report was made of and how it is made again, for other programs."""
    chosen = reported.chosen or tuple(run.run_id for run in reported.runs)
    options = ["--format", ",".join(formats), *(["--only", only] if only else [])]
    options += [] if out == REPORTS else ["--out", str(out)]
    told = {
        "schema": SCHEMA,
        "harness_version": __version__,
        "command": own_command(reported.store, "report", *reported.asked, *options),
        "formats": [kind for kind in KNOWN if kind in formats],
        "filters": {"runs": list(chosen), "only": only or None},
        "runs": [_run(run.run_id, run.suite, run.state, inputs(run)) for run in reported.runs],
        "problems": [{"file": problem.place, "reason": problem.message} for problem in reported.problems],
    }
    return (json.dumps(told, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def _run(run_id: str, suite: str, state: str, files: Sequence[Any]) -> Mapping[str, Any]:
    return {"run_id": run_id, "suite": suite, "state": state, "inputs": [asdict(file) for file in files]}
