"""The support table of the documentation, made from what backends refuse and from what they kept of the contract.

::

    python -m harness check --all --json > check.json
    python -m harness.testing.support docs/backends.md --contract check.json

writes it into the page, between its two marks, and what was kept into ``contract.json`` beside the
page. Documents of several machines can follow one another, on one day or another: each replaces
its own targets. A test fails where page, results and declarations differ. What a table says that
nobody declared or nobody tried is wrong sooner or later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.backends.catalog import WORKLOADS
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.testing.cases import sort_of
from harness.testing.kept import BACKENDS, Kept, Results, examples, merge, out_of_date, read_results, write_results
from harness.workloads.matmul import Matmul

if TYPE_CHECKING:
    from harness.backends.base import BackendInfo
    from harness.workloads.base import Workload

BEGIN, END = "<!-- support: made by harness.testing.support -->", "<!-- /support -->"
RESULTS = "contract.json"
WORDS = {"forward": "forward", "forward_backward": "backward"}
LEGEND = """\
A row is made of all cases of its kind in the contract. **yes**: with the versions below the table, the contract was
tried on those that are not refused, and all kept it; the command is `python -m harness check --all`. **declared**:
nothing refuses them, but they were not all tried. **no**: all are refused, for the reasons of those numbers.
**but**: some cases of the kind are refused, for those reasons."""

# Refused for a reason that no case of the contract brings to light.
TELLING = (Matmul(m=32, n=16, k=64, dtype=str(DType.INT8)),)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is known of one kind of cases on one target."""

    all_refused: bool
    tried: bool
    reasons: tuple[str, ...]

    def text(self, numbers: Sequence[str]) -> str:
        """Say it in a word or two, reasons by their place among `numbers`."""
        listed = ", ".join(map(str, sorted(numbers.index(reason) + 1 for reason in self.reasons)))
        if self.all_refused:
            return f"no ({listed})"
        return f"{'yes' if self.tried else 'declared'}{f', but ({listed})' if listed else ''}"


Column = dict[str, Cell]  # by the sort of its cases
Cells = Mapping[str, tuple[str, ...]]  # likewise, a word for each column


def support_tables(results: Results, backends: Sequence[BackendInfo] = BACKENDS) -> str:
    """Return a Markdown table for each backend: cases down, modes and devices across, reasons below."""
    return "\n\n".join([LEGEND, *(_table(info, results) for info in backends)])


def insert(page: str, tables: str) -> str:
    """Return `page` with `tables` between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _table(info: BackendInfo, results: Results) -> str:
    columns = _columns(info, results)
    reasons = list(
        dict.fromkeys(reason for column in columns.values() for cell in column.values() for reason in cell.reasons)
    )
    lines = [f"### {info.name}", "", f"| case | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    rows = {sort: tuple(column[sort].text(reasons) for column in columns.values()) for sort in examples()}
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in _rows(rows)]
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
    return "\n".join([*lines, *(["", *notes] if notes else []), "", _versions(info, results)])


# -- columns -------------------------------------------------------------------------------------


def _columns(info: BackendInfo, results: Results) -> dict[str, Column]:
    """Return columns by heading; modes of which the same is known on a device share one."""
    columns: dict[str, Column] = {}
    for device in map(Device, info.devices):
        found: list[tuple[list[str], Column]] = []
        for mode in info.modes:
            kept = results.get(f"{info.name}.{mode.name}@{device.kind}", Kept(target=""))
            column = {sort: _cell(sort, info, mode.name, device, kept) for sort in examples()}
            same = next((names for names, known in found if known == column), None)
            if same is None:
                found.append(([mode.name], column))
            else:
                same.append(mode.name)
        columns |= {f"{', '.join(names)} @ {device.kind}": column for names, column in found}
    return columns


def _cell(sort: str, info: BackendInfo, mode: str, device: Device, kept: Kept) -> Cell:
    cases = examples()[sort]
    refusals = [info.refuses(case, mode, device) for case in cases]
    left = refusals.count(None)
    others = [info.refuses(case, mode, device) for case in _relatives(sort)]
    return Cell(
        all_refused=not left,
        tried=0 < left == kept.kept.get(sort, 0),
        reasons=tuple(dict.fromkeys(reason for reason in (*refusals, *others) if reason)),
    )


@cache
def _relatives(sort: str) -> tuple[Workload, ...]:
    """Return what the contract tries in other types alone, and `TELLING`: for the reasons only."""
    case = examples()[sort][0]
    same = [
        replace(other, dtype=case.dtype) for cases in examples().values() for other in cases if other.name == case.name
    ]
    return tuple(other for other in (*same, *TELLING) if sort_of(other) == sort)


# -- rows ----------------------------------------------------------------------------------------


def _rows(cells: Cells) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield rows by their words: kinds of which all cells are equal share one."""
    for workload in WORKLOADS:
        yield from _types_and_directions(workload, cells)
    unusual: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for sort, found in cells.items():
        case = examples()[sort][0]
        if case.math != MathMode.IEEE:
            names = unusual.setdefault((f"{case.dtype}, `math: {case.math}`", found), [])
            names.append(f"`{case.name}`")
    for (words, found), names in unusual.items():
        yield f"{', '.join(dict.fromkeys(names))} {words}", found


def _types_and_directions(workload: type[Workload], cells: Cells) -> Iterator[tuple[str, tuple[str, ...]]]:
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for dtype in map(str, workload.dtypes):
        known = {
            direction: cells[sort]
            for direction in workload.directions
            if (sort := f"{workload.name} {dtype} {direction}") in cells
        }
        for found in dict.fromkeys(known.values()):
            directions = tuple(direction for direction in known if known[direction] == found)
            groups.setdefault((directions, found), []).append(dtype)
    for (directions, found), dtypes in groups.items():
        words = "both directions" if len(directions) > 1 else WORDS[directions[0]]
        end = f", {words}" if len(workload.directions) > 1 else ""
        yield f"`{workload.name}` {', '.join(dtypes)}{end}", found


def _versions(info: BackendInfo, results: Results) -> str:
    tried: dict[str, list[str]] = {}
    for name, kept in results.items():
        if name.startswith(f"{info.name}."):
            tried.setdefault(f"{info.name} {kept.framework_version} on Python {kept.python}", []).append(name)
    listed = "; ".join(f"{', '.join(f'`{name}`' for name in names)} with {words}" for words, names in tried.items())
    return f"Tried: {listed}." if listed else "Tried: nowhere yet."


def main(words: Sequence[str]) -> str | None:
    """Merge results into those that are committed, write both down, and return what is out of date all the same."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.testing.support", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("page", type=Path)
    parser.add_argument(
        "--contract", type=Path, nargs="+", default=[], metavar="FILE", help="of harness check --all --json"
    )
    arguments = parser.parse_args(words)
    page, committed = arguments.page, arguments.page.parent / RESULTS
    before = read_results(committed.read_text(encoding="utf-8")) if committed.exists() else {}
    results = merge(before, [read_results(path.read_text(encoding="utf-8")) for path in arguments.contract])
    made = insert(page.read_text(encoding="utf-8"), support_tables(results))
    committed.write_text(write_results(results), encoding="utf-8")
    page.write_text(made, encoding="utf-8")
    return "\n".join(out_of_date(results)) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
