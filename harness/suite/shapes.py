"""``shapes_from``: parameters from a CSV file, one case a row, every cell with its place.

The dialect is the smallest that tools agree on: a header of parameter names, commas, no quotes.
Empty lines and lines that begin with ``#`` are passed over. A list is written ``64x128``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.core.plugins import suggestion
from harness.suite.guard import read_text
from harness.suite.nodes import Findings, Place, shown
from harness.suite.scalars import ScalarRefused, read_scalar
from harness.workloads.base import Parameter

MOST_BYTES = 1024 * 1024

Cell = tuple[Any, Place]


def read_shapes(
    path: Path, parameters: Mapping[str, Parameter], findings: Findings, *, blame: Place
) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]] | None:
    """Return the columns and the rows of the file at `path`, or nothing where it cannot be used."""
    text = read_text(path, findings, limit=MOST_BYTES, blame=blame)
    if text is None:
        return None
    before = len(findings)
    head, *lines = list(_lines(text, str(path))) or [[]]
    if not lines:
        findings.add(Place(str(path), 1, 1), "there are no shapes here", "write a line of names, then one line a case")
        return None
    if '"' in text or (";" in text and "," not in text):
        findings.add(head[0][1], "columns are parted by commas, and nothing is quoted", "export it so")
        return None
    names = _header(head, parameters, findings)
    rows = [_row(cells, names, parameters, findings) for cells in lines]
    return (names, rows) if len(findings) == before else None


def _lines(text: str, file: str) -> Iterator[list[tuple[str, Place]]]:
    """Yield the cells of each line with their places."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells, at = [], 0
        for raw in line.split(","):
            cells.append((raw.strip(), Place(file, number, at + 1 + len(raw) - len(raw.lstrip()))))
            at += len(raw) + 1
        yield cells


def _header(cells: list[tuple[str, Place]], parameters: Mapping[str, Parameter], findings: Findings) -> tuple[str, ...]:
    names: list[str] = []
    for name, place in cells:
        if name not in parameters:
            findings.add(place, f"no parameter named {shown(name)}", suggestion(name, tuple(parameters)))
        elif name in names:
            findings.add(place, f"{name} is named twice", "remove one column")
        names.append(name)
    return tuple(names)


def _row(
    cells: list[tuple[str, Place]], names: tuple[str, ...], parameters: Mapping[str, Parameter], findings: Findings
) -> tuple[Cell, ...]:
    if len(cells) != len(names):
        findings.add(cells[0][1], f"{len(cells)} values under {len(names)} names", "each line has one value a name")
        return ()
    return tuple(
        (_value(text, place, parameters[name], findings) if name in parameters else None, place)
        for name, (text, place) in zip(names, cells, strict=True)
    )


def _value(text: str, place: Place, spec: Parameter, findings: Findings) -> Any:
    if not text:
        findings.add(place, "a value is missing", "each line has one value a name")
        return None
    try:
        if spec.kind == "text" or text in spec.words:
            return text
        if spec.kind == "integers":
            return [read_scalar(part) for part in text.split("x")]
        return read_scalar(text)
    except ScalarRefused as refused:
        findings.add(place, refused.message, refused.hint)
        return None
