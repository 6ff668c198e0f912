"""What a run was made of, as its manifest tells, and the commands that make it and its report again.

What a page offers for copying will be run by somebody, and a manifest may come from anywhere. So only a command that
starts this tool is offered, with its words quoted anew: whatever else stands in it becomes an argument.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.report.content import Block, Code, Prose
from harness.report.content import name as named
from harness.report.escape import visible
from harness.report.findings import RunFindings
from harness.store.layout import STORE, TABLES

# What a page shows elsewhere, or is the bulk of a manifest.
LEFT_OUT = frozenset({"schema", "run_id", "state", "suite", "suite_text", "files", "arms", "noise", "roofs"})
DEEPEST = 4
LONGEST_COMMAND = 4_000
_START = ["python", "-m", "harness"]


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
    left_out = LEFT_OUT | {"command"} if _command(run) else LEFT_OUT  # one that is not offered is shown as text
    return [*_from_rows(run), *_flat({name: value for name, value in run.manifest.items() if name not in left_out})]


def reproduce(run: RunFindings, *more: str) -> tuple[Block, ...]:
    """Return the command that measured a run, and `more` commands of ours below it, to be copied.

    Where the manifest tells no command that may be offered, words say so. A seed that was drawn is written out: without
    it the inputs and the order would be others.
    """
    words, below = _command(run), [visible(text, LONGEST_COMMAND) for text in more]
    blocks: list[Block] = [] if words else [Prose(text=_advice(run))]
    seed = _count(run.manifest.get("seed"))
    if words[len(_START) :][:1] == ["run"] and seed is not None and not any(map(_is_seed, words)):
        words = [*words, "--seed", str(seed)]
    lines = [*([shlex.join(words)] if words else []), *below]
    blocks += [Code(lines=tuple(lines), language="sh")] if lines else []
    return tuple(blocks)


def own_command(store: Path, *words: str) -> str:
    """Return a command of ours that looks where the report did, which no manifest knows: results may be copied."""
    where = [] if store == STORE else ["--results", str(store)]
    return shlex.join([*_START, *words, *where])


def _advice(run: RunFindings) -> str:
    return (
        "There is no command to copy, because the manifest tells none that starts this tool and nothing else. The "
        f"suite is called {named(run.suite)}: with its file, {named('python -m harness run FILE')} measures it again."
    )


def _command(run: RunFindings) -> list[str]:
    """Return the words of the command that measured a run, where it starts this tool and all of it is seen; or none."""
    told = run.manifest.get("command")
    words = _words(told) if isinstance(told, str) and len(told) <= LONGEST_COMMAND else []
    return words if words[: len(_START)] == _START and all(map(str.isprintable, words)) else []


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation that does not end
        return []


def _is_seed(word: str) -> bool:
    return word == "--seed" or word.startswith("--seed=")


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
