"""Which runs there are, and what people call them: ``latest``, a prefix, a path, a pin, each with ``::target``.

A run exists when its manifest does. Manifests are read as other people's files are: bounded, every
type checked, and the places of the tables derived from the run's name, never taken from the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.errors import NothingSelected, UsageError
from harness.store.finding import StoreFinding
from harness.store.layout import MEASUREMENTS, RUNS, SAMPLES, TABLES, Layout
from harness.store.manifest import COMPLETE, PARTIAL, SCHEMA, STATES
from harness.store.run_id import is_run_id

UNLISTED = "unlisted"  # a Parquet file without a manifest
PIN = "pin:"
MAX_MANIFEST_BYTES = 16 << 20

_LATEST = re.compile(r"latest(?:~([0-9]{1,6}))?")


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What a manifest says of a table's file. While a migration is under way, two hashes are right."""

    sha256: tuple[str, ...]
    bytes: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """One run, as its manifest tells."""

    run_id: str
    state: str
    suite: str
    suite_hash: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    arms: Mapping[str, int] = field(default_factory=dict, hash=False)  # how many, by outcome
    paths: Mapping[str, Path] = field(default_factory=dict, hash=False)  # by table
    files: Mapping[str, FileFacts] = field(default_factory=dict, hash=False)  # by table
    manifest: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @property
    def complete(self) -> bool:
        """Whether the run reached its end."""
        return self.state == COMPLETE

    @property
    def confirms(self) -> str:
        """The run whose flagged differences were measured again in this one, or nothing."""
        return str(self.manifest.get("confirms") or "")

    @property
    def again(self) -> bool:
        """Whether it measured what is of another run: `latest` and a report of the newest runs pass over it."""
        return bool(self.confirms or self.manifest.get("replays"))

    @property
    def title(self) -> str:
        """What to call the run where people read it: a run that did not reach its end says so."""
        return self.run_id if self.complete else f"{self.run_id} ({self.state})"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a name of a run means; `target` is empty where all its arms are meant."""

    run: RunInfo
    target: str = ""
    notes: tuple[str, ...] = ()  # what is to be known of the name: a pin that is older than it may be


@dataclass(frozen=True, kw_only=True)
class Scan:
    """All runs of a store, newest last, and the manifests that could not be used."""

    runs: tuple[RunInfo, ...]
    findings: tuple[StoreFinding, ...]


def find_runs(root: Path) -> list[RunInfo]:
    """Return the runs of a store, newest last; `scan` tells what was left out as well."""
    return list(scan(root).runs)


def newest_of_each_suite(runs: Iterable[RunInfo]) -> list[RunInfo]:
    """Return the newest of `runs` for each suite, in the order of their age; what repeats another run is no news."""
    newest = {run.suite: run for run in sorted(runs, key=lambda run: run.run_id) if not run.again}
    return sorted(newest.values(), key=lambda run: run.run_id)


def scan(root: Path) -> Scan:
    """Read every manifest of a store."""
    runs, findings = [], []
    for path in sorted((Path(root) / RUNS).glob("[!.]*.json")):
        try:
            runs.append(read_manifest(path))
        except (OSError, ValueError) as error:
            findings.append(StoreFinding(file=path, reason=str(error), set_aside=True))
    return Scan(runs=tuple(sorted(runs, key=lambda run: run.run_id)), findings=tuple(findings))


def resolve(root: Path, name: str) -> Selection:
    """Return the run that `name` means, or raise and say which names there are."""
    base, separator, target = name.partition("::")
    if separator and not target:
        raise UsageError(f"no target after '::' in {name!r}", remedy="write latest::torch.eager@cpu, or leave '::' out")
    run, notes = _pinned(Path(root), base) if base.startswith(PIN) else (_resolve_run(Path(root), base), ())
    return Selection(run=run, target=target, notes=notes)


def read_manifest(path: Path) -> RunInfo:
    """Return what the manifest at `path` tells, or raise `ValueError` or `OSError` where it is not to be used."""
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise ValueError(f"larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"not a manifest of schema {SCHEMA}")
    run_id, state = _text(document, "run_id"), _text(document, "state")
    if run_id != path.stem or not is_run_id(run_id):
        raise ValueError(f"its run_id is {run_id!r}, which is not its name")
    if state not in STATES:
        raise ValueError(f"its state is {state!r}, not one of {', '.join(STATES)}")
    layout = Layout(path.parent.parent)
    return RunInfo(
        run_id=run_id,
        state=state,
        suite=_text(document, "suite"),
        suite_hash=str(document.get("suite_hash") or ""),
        started_at=_moment(document, "started_at"),
        ended_at=_moment(document, "ended_at"),
        arms={str(name): _count(count, "arms") for name, count in _mapping(document, "arms").items()},
        paths={name: layout.table(name, run_id) for name in TABLES},
        files={name: _file_facts(_mapping(document, "files"), name) for name in TABLES},
        manifest=document,
    )


def _pinned(root: Path, name: str) -> tuple[RunInfo, tuple[str, ...]]:
    from harness.store.baselines import age_note, find_baseline, pinned  # they speak of runs themselves

    pin = name.removeprefix(PIN)
    note = age_note(pin, find_baseline(root, pin))
    return pinned(root, pin), (note,) if note else ()


def _resolve_run(root: Path, name: str) -> RunInfo:
    latest = _LATEST.fullmatch(name)
    if latest:
        return _latest(root, int(latest[1] or 0))
    if "/" in name or "\\" in name or Path(name).suffix or name in (".", ".."):
        return _at_path(Path(name))
    return _by_prefix(root, name)


def _latest(root: Path, back: int) -> RunInfo:
    runs = find_runs(root)
    complete = [run for run in runs if run.complete and not run.again]
    if back < len(complete):
        return complete[-1 - back]
    partial = sum(run.state == PARTIAL for run in runs)
    beside = f" ({partial} partial: name one to take it)" if partial else ""
    raise NothingSelected(
        f"{root} has {len(complete)} complete runs{beside}, so no latest{f'~{back}' if back else ''}",
        remedy="measure first: python -m harness quickstart",
    )


def _by_prefix(root: Path, prefix: str) -> RunInfo:
    runs = find_runs(root)
    found = [run for run in runs if prefix and run.run_id.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(run.run_id for run in (found or runs)[-5:]) or "none"
    if found:
        raise UsageError(f"{len(found)} runs begin with {prefix!r}: {listed}", remedy="write more of the name")
    raise UsageError(
        f"no run in {root} begins with {prefix!r}",
        remedy=f"say latest, latest~1, the beginning of a run's name, pin:NAME, or a path; the newest runs: {listed}",
    )


def _at_path(path: Path) -> RunInfo:
    if path.is_dir():
        return _latest(path, 0)
    if not path.is_file() or path.suffix not in (".json", ".parquet"):
        raise UsageError(f"no run at {path}", remedy="name a results folder, a runs/*.json or a measurements/*.parquet")
    manifest = path if path.suffix == ".json" else Layout(path.parent.parent).manifest(path.stem)
    if not manifest.is_file():
        return _unlisted(path)
    try:
        return read_manifest(manifest)
    except (OSError, ValueError) as error:
        raise UsageError(f"{manifest} is no manifest of a run: {error}", remedy="store verify tells more") from error


def _unlisted(path: Path) -> RunInfo:
    beside = path.parent.parent / SAMPLES / path.name
    known = path.parent.name == MEASUREMENTS and beside.is_file()
    paths = {MEASUREMENTS: path, SAMPLES: beside} if known else {MEASUREMENTS: path}
    return RunInfo(run_id=path.stem, state=UNLISTED, suite=path.stem, paths=paths)


def _file_facts(listed: Mapping[str, Any], name: str) -> FileFacts:
    facts = _mapping(listed, name)
    hashes = [_text(facts, "sha256")] + ([_text(facts, "sha256_before")] if "sha256_before" in facts else [])
    return FileFacts(sha256=tuple(hashes), bytes=_count(facts.get("bytes"), name), rows=_count(facts.get("rows"), name))


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"its {name} is not a text")
    return value


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"its {name!r} is not an object")  # noqa: TRY004  (what is wrong is a file's content)
    return value


def _count(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"a count in its {name} is not one")
    return value


def _moment(document: Mapping[str, Any], name: str) -> datetime | None:
    value = document.get(name)
    return datetime.fromisoformat(value) if isinstance(value, str) else None
