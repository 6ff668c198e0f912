"""What a run was made of, as its manifest tells, and the commands that make it and its report again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.escape import visible
from harness.report.findings import RunFindings
from harness.store.layout import TABLES

# What a page shows elsewhere, or is the bulk of a manifest.
LEFT_OUT = frozenset({"schema", "run_id", "state", "suite", "suite_text", "files", "arms", "command", "noise", "roofs"})
DEEPEST = 4
LONGEST_COMMAND = 4_000


@dataclass(frozen=True, kw_only=True)
class Input:
    """One file that a report was made of, as the manifest of its run tells; what is not told is not there."""

    path: str  # within the store
    sha256: str
    bytes: int | None
    rows: int | None


def inputs(run: RunFindings) -> tuple[Input, ...]:
    """Return the files of a run; a manifest may come from anywhere, so their places are not taken from it."""
    listed = run.manifest.get("files")
    files = listed if isinstance(listed, Mapping) else {}
    return tuple(_input(f"{name}/{run.run_id}.parquet", files.get(name)) for name in TABLES if name in files)


def facts(run: RunFindings) -> list[tuple[str, str]]:
    """Return what the rows and the manifest say about where and how this was measured, by name."""
    return [*_from_rows(run), *_flat({name: value for name, value in run.manifest.items() if name not in LEFT_OUT})]


def reproduce(run: RunFindings) -> list[str]:
    """Return the commands that measured this and make its report, as lines that are safe to show.

    A seed that was drawn is written out: without it the inputs and the order would be others.
    """
    command = run.manifest.get("command")
    if not isinstance(command, str) or not command:
        command = shlex.join(["python", "-m", "harness", "run", str(run.manifest.get("suite_path") or run.suite)])
    seed = run.manifest.get("seed")
    if _words(command)[:4] == ["python", "-m", "harness", "run"] and isinstance(seed, int) and "--seed" not in command:
        command = f"{command} --seed {seed}"
    return [visible(text, LONGEST_COMMAND) for text in (command, report_command([run], [run.run_id]))]


def report_command(runs: Sequence[RunFindings], chosen: Sequence[str], *options: str) -> str:
    """Return the command that makes a report of the runs that are called `chosen` again."""
    found = next((option for run in runs if (option := _results(run))), [])
    return shlex.join(["python", "-m", "harness", "report", *chosen, *options, *found])


def _results(run: RunFindings) -> list[str]:
    """Return the option by which the command of a run said where results are."""
    command = run.manifest.get("command")
    words = _words(command) if isinstance(command, str) else []
    for at, word in enumerate(words):
        if word == "--results":
            return words[at : at + 2]
        if word.startswith("--results="):
            return [word]
    return []


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a manifest may come from anywhere
        return []


def _input(path: str, told: object) -> Input:
    known = told if isinstance(told, Mapping) else {}
    return Input(
        path=path,
        sha256=str(known.get("sha256") or ""),
        bytes=_count(known.get("bytes")),
        rows=_count(known.get("rows")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _from_rows(run: RunFindings) -> Iterator[tuple[str, str]]:
    for name in ("env_id", "harness_version", "method_version", "seed", "started_at"):
        told = sorted({str(value) for value in {getattr(arm, name) for arm in run.arms} - {None}})
        yield from [(name, ", ".join(told))] if told else []
    versions = {(arm.backend, arm.framework_version) for arm in run.arms if arm.framework_version}
    for backend, version in sorted(versions):
        yield f"{backend} version", str(version)


def _flat(values: Mapping[str, Any], prefix: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    for name, value in sorted(values.items()):
        here = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and depth < DEEPEST:
            yield from _flat(value, f"{here}.", depth + 1)
        elif value not in (None, "", [], {}):
            yield here, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)
