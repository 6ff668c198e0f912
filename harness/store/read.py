"""Reading results back, as if a stranger had written them: bounded, checked, one explicit schema.

Files are read one by one. A file that cannot be trusted (cut short, a flipped bit, another type in
a column, a number for an arm that was not measured) is set aside with its reason and the others are
read; nothing here raises because of what a file holds. Columns that an older file lacks are null,
columns that only a newer harness knows are left out and mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.store.finding import StoreFinding
from harness.store.layout import MEASUREMENTS, SAMPLES
from harness.store.parquet import LIMITS, Limits, SetAsideError, load
from harness.store.record import measurement_schema, sample_schema
from harness.store.runs import RunInfo, find_runs, resolve, scan

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Loaded", "RunInfo", "find_runs", "read_measurements", "read_samples", "resolve"]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The rows of all files that could be used, and what is to be said of the others."""

    table: pa.Table
    findings: tuple[StoreFinding, ...]

    def frame(self) -> pd.DataFrame:
        """Return the rows as pandas has them from `read_parquet`."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def only(self, target: str) -> Loaded:
        """Return the rows of one target, named as in the table or by its label; empty means all."""
        if not target:
            return self
        import pyarrow.compute as pc

        head, slash, label = target.rpartition("/")  # as arms are named where numbers of threads were compared
        chosen = pc.or_(pc.equal(self.table["target"], target), pc.equal(self.table["label"], target))
        if slash:
            both = pc.and_(pc.equal(self.table["target"], head), pc.equal(self.table["label"], label))
            chosen = pc.or_(chosen, both)
        if not pc.any(chosen, min_count=0).as_py():
            known = sorted(set(self.table["target"].to_pylist()) | set(self.table["label"].to_pylist()) - {""})
            raise UsageError(f"no target {target!r} in these runs", remedy=f"there are {', '.join(known) or 'none'}")
        return Loaded(table=self.table.filter(chosen), findings=self.findings)


def read_measurements(
    root: Path, runs: Iterable[RunInfo | str] | None = None, *, limits: Limits = LIMITS[MEASUREMENTS]
) -> Loaded:
    """Return one row an arm, of `runs` (found by `find_runs` or `resolve`, or named in full) or of all."""
    return _read(Path(root), runs, MEASUREMENTS, limits)


def read_samples(
    root: Path, runs: Iterable[RunInfo | str] | None = None, *, limits: Limits = LIMITS[SAMPLES]
) -> Loaded:
    """Return one row a timed block, of `runs` or of all."""
    return _read(Path(root), runs, SAMPLES, limits)


def unlisted(root: Path, name: str, runs: Iterable[RunInfo]) -> list[StoreFinding]:
    """Return the files of a table that no manifest names, as findings."""
    listed = {run.paths[name] for run in runs}
    reason = "no manifest names it: its run is not over, or was killed (store recover), or its manifest is bad or lost"
    return [
        StoreFinding(file=path, reason=reason, set_aside=True)
        for path in sorted((root / name).glob("[!.]*.parquet"))
        if path not in listed
    ]


def _read(root: Path, runs: Iterable[RunInfo | str] | None, name: str, limits: Limits) -> Loaded:
    import pyarrow as pa

    schema = measurement_schema() if name == MEASUREMENTS else sample_schema()
    chosen, findings = _chosen(root, runs, name)
    tables = [pa.Table.from_batches([], schema=schema)]  # not empty_table(), which imports pandas
    for run in chosen:
        path = run.paths.get(name)
        if path is None:
            continue
        try:
            table, notes = load(path, name, run, limits)
        except SetAsideError as error:
            findings.append(StoreFinding(file=path, reason=str(error), set_aside=True))
        else:
            tables.append(table)
            findings += [StoreFinding(file=path, reason=note, set_aside=False) for note in notes]
    return Loaded(table=pa.concat_tables(tables), findings=tuple(findings))


def _chosen(root: Path, runs: Iterable[RunInfo | str] | None, name: str) -> tuple[list[RunInfo], list[StoreFinding]]:
    if runs is None:
        found = scan(root)
        return list(found.runs), [*found.findings, *unlisted(root, name, found.runs)]
    named = list(runs)
    known = {run.run_id: run for run in find_runs(root)} if any(isinstance(run, str) for run in named) else {}
    missing = [run for run in named if isinstance(run, str) and run not in known]
    if missing:
        raise UsageError(f"no such run in {root}: {', '.join(missing)}", remedy="python -m harness list runs")
    return [known[run] if isinstance(run, str) else run for run in named], []
