"""What a series of sessions has found so far: one line of JSON a session, beside the raw blocks.

A series of an hour is cut short sooner or later. Each session is on the disk the moment it ends, and a
script that is started again goes on with the next one. A line that was cut short is a session that
never ended: it is measured again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Entry = dict[str, Any]  # one session, as plain values

JOURNAL = "journal.jsonl"
RESULTS = "results"  # a results folder of the harness: every block, every manifest


class KeepError(Exception):
    """The folder holds what this series cannot go on from."""


class Journal:
    """The sessions of one folder; a folder holds one script's series."""

    def __init__(self, folder: Path, *, script: str) -> None:
        self.folder = folder
        self.results = folder / RESULTS
        self._script = script
        self._path = folder / JOURNAL
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, series: str) -> list[Entry]:
        """Return the whole sessions of `series`, in the order in which they were measured."""
        lines = self._path.read_text("utf-8").split("\n") if self._path.exists() else []
        entries = [self._entry(number, line) for number, line in enumerate(lines[:-1], start=1)]
        return [entry for entry in entries if entry["series"] == series]

    def add(self, entry: Entry) -> Entry:
        """Keep a session and return it as `read` will; it is on the disk when this returns."""
        line = json.dumps({"script": self._script, **entry}, allow_nan=False)
        with self._path.open("a+b") as file:
            _cut_what_is_not_whole(file)
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        kept: Entry = json.loads(line)
        return kept

    def _entry(self, number: int, line: str) -> Entry:
        try:
            entry: Entry = json.loads(line)
            script = entry["script"]
        except (ValueError, KeyError, TypeError) as error:
            raise KeepError(f"{self._path}, line {number}: not a session; mend it or name another --keep") from error
        if script != self._script:
            raise KeepError(f"{self._path} belongs to {script}, not to {self._script}; name another --keep")
        return entry


def _cut_what_is_not_whole(file: Any) -> None:
    """Drop what follows the last newline: the session it is of never ended."""
    file.seek(0)
    data = file.read()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        file.truncate(whole)
