"""Where the files of a run lie, derived from its name alone, so that no manifest can point elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STORE = Path("results")  # where every command looks for runs, unless it is told
MEASUREMENTS = "measurements"
SAMPLES = "samples"
RUNS = "runs"
JOURNAL = "journal"
FOLDERS = (MEASUREMENTS, SAMPLES, RUNS, JOURNAL)
TABLES = (MEASUREMENTS, SAMPLES)


@dataclass(frozen=True)
class Layout:
    """The folders of one store."""

    root: Path

    def table(self, name: str, run_id: str) -> Path:
        """Where a table of a run is: `name` is one of `TABLES`."""
        return self.root / name / f"{run_id}.parquet"

    def manifest(self, run_id: str) -> Path:
        """Where the manifest of a run is; it is written last, so a run that has one is whole."""
        return self.root / RUNS / f"{run_id}.json"

    def journal(self, run_id: str) -> Path:
        """Where the journal of a run is while the run is under way, or after it was killed."""
        return self.root / JOURNAL / f"{run_id}.jsonl"


@dataclass(frozen=True, kw_only=True)
class RunPaths:
    """The files of a finished run."""

    measurements: Path
    samples: Path
    manifest: Path
