"""What a run was made of, as its manifest tells, and the commands that make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.report.escape import code, visible
from harness.report.findings import RunFindings
from harness.report.tables import table

LEFT_OUT = frozenset({"schema", "run_id", "state", "suite", "suite_text", "files", "arms", "command"})
DEEPEST = 4
MOST = 200  # lines; a manifest may come from anywhere


def environment(run: RunFindings) -> list[str]:
    """Return a table of what the manifest and the rows say about where this was measured."""
    found = list(_flat({name: value for name, value in run.manifest.items() if name not in LEFT_OUT}))
    found = [*_from_rows(run), *found]
    rows = [(code(name), code(value)) for name, value in found[:MOST]]
    left = len(found) - len(rows)
    more = ["", f"{left} more entries stand in the manifest of the run."] if left > 0 else []
    return [*table(("what", "value"), rows), *more]


def reproduce(run: RunFindings) -> list[str]:
    """Return the commands that measured this and made the page, as lines that are safe to show.

    A seed that was drawn is written out: without it the inputs and the order would be others.
    """
    command = run.manifest.get("command")
    if not isinstance(command, str) or not command:
        command = shlex.join(["python", "-m", "harness", "run", str(run.manifest.get("suite_path") or run.suite)])
    words = _words(command)
    seed = run.manifest.get("seed")
    if words[:4] == ["python", "-m", "harness", "run"] and isinstance(seed, int) and "--seed" not in command:
        command = f"{command} --seed {seed}"
    page = ["python", "-m", "harness", "report", run.run_id, *_results(words)]
    return [visible(text, 500).replace("```", "` ` `") for text in (command, shlex.join(page))]


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a manifest may come from anywhere
        return []


def _results(words: list[str]) -> list[str]:
    """Return the option by which the command said where results are."""
    for at, word in enumerate(words):
        if word == "--results":
            return words[at : at + 2]
        if word.startswith("--results="):
            return [word]
    return []


def _from_rows(run: RunFindings) -> Iterator[tuple[str, str]]:
    for name in ("env_id", "harness_version", "method_version", "seed", "started_at"):
        yield name, ", ".join(sorted({str(getattr(arm, name)) for arm in run.arms}))
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
