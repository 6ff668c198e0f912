"""The text of the file of baselines: JSON that people review, and so may edit; values on the other side.

Whatever stands in it, reading ends in values or in one `UsageError` with all mistakes and their
places. The same rules hold for what is written, so that nothing is written which could not be read.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from harness.core.plugins import suggestion
from harness.errors import Finding, UsageError
from harness.store.layout import TABLES
from harness.store.manifest import iso
from harness.store.run_id import is_run_id

SCHEMA = "harness.baselines/1"
MOST_BYTES = 1 << 20
MOST_DAYS = 36_500
MOST_MISTAKES = 20  # told at once
LONGEST = 1000  # characters of a text

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")
_HINT = "mend it, or take an earlier state of the file back; python -m harness baseline set writes an entry anew"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A run that others are held against, and why it is this one."""

    run_id: str
    suite: str
    suite_hash: str
    sha256: Mapping[str, str]  # of its files, by table
    env_ids: tuple[str, ...]
    harness_version: str
    method_version: int
    reason: str
    set_at: datetime
    max_age_days: int


def read_text(data: bytes, file: str) -> dict[str, Baseline]:
    """Return the baselines that `data` holds, by name; `file` is what its mistakes are reported under."""
    found = _Mistakes(file)
    document = _document(data, found)
    entries = _entries(document, found) if not found.all else {}
    every = (message for name, entry in entries.items() for message in mistakes_of(name, entry))
    for message in islice(every, MOST_MISTAKES):
        found.add(message)
    found.raise_any()
    return {name: _baseline(entry) for name, entry in sorted(entries.items())}


def to_text(baselines: Mapping[str, Baseline]) -> bytes:
    """Return the text that stands for `baselines`: always the same for the same, one line a fact."""
    entries = {name: entry_of(baseline) for name, baseline in sorted(baselines.items())}
    return (json.dumps({"schema": SCHEMA, "baselines": entries}, indent=2, ensure_ascii=False) + "\n").encode()


def entry_of(baseline: Baseline) -> dict[str, Any]:
    """Return a baseline as it stands in the file."""
    return {
        **vars(baseline),
        "sha256": dict(sorted(baseline.sha256.items())),
        "env_ids": list(baseline.env_ids),
        "set_at": iso(baseline.set_at),
    }


def mistakes_of(name: str, entry: Any) -> Iterator[str]:
    """Say what is wrong with one entry, each with its place in the document."""
    place = f"baselines.{_shown(name)}"
    if not NAME.fullmatch(name):
        yield f"{place}: not a name: letters, digits, '.', '_', '+', '-', 64 at most"
    if not isinstance(entry, dict):
        yield f"{place}: should be an object"
        return
    for field in sorted(entry.keys() - _FIELDS.keys()):
        yield f"{place}: unknown field {_shown(field)}; {suggestion(field[:LONGEST], tuple(_FIELDS))}"
    for field, (holds, wanted) in _FIELDS.items():
        if field not in entry:
            yield f"{place}: {field} is missing"
        elif not holds(entry[field]):
            yield f"{place}.{field}: should be {wanted}"


class _Mistakes:
    """All that is wrong with a file, to be told at once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.all: list[Finding] = []

    def add(self, message: str, line: int = 0, column: int = 0) -> None:
        self.all.append(Finding(file=self._file, line=line, column=column, message=message))

    def raise_any(self) -> None:
        if self.all:
            raise UsageError("\n".join(map(str, self.all)), remedy=_HINT)


def _document(data: bytes, found: _Mistakes) -> Any:
    if len(data) > MOST_BYTES:
        found.add(f"larger than {MOST_BYTES >> 20} MiB")
        return None
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=lambda pairs: _object(pairs, found))
    except UnicodeDecodeError as error:
        found.add("not UTF-8 text", data.count(b"\n", 0, error.start) + 1, 1)
    except json.JSONDecodeError as error:
        found.add(f"not JSON: {error.msg}", error.lineno, error.colno)
    except (ValueError, RecursionError) as error:
        found.add(f"not JSON: {error}")
    return None


def _object(pairs: list[tuple[str, Any]], found: _Mistakes) -> dict[str, Any]:
    """Return an object; of two equal keys the later would win in silence."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        found.add(f"stands there twice: {', '.join(map(_shown, twice[:MOST_MISTAKES]))}")
    return made


def _entries(document: Any, found: _Mistakes) -> dict[str, Any]:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found.add(f"not a file of baselines of schema {SCHEMA}")
        return {}
    for name in sorted(document.keys() - {"schema", "baselines"})[:MOST_MISTAKES]:
        found.add(f"unknown field {_shown(name)}")
    entries = document.get("baselines")
    if not isinstance(entries, dict):
        found.add("baselines: should be an object with one entry a name")
        return {}
    return entries


def _baseline(entry: Mapping[str, Any]) -> Baseline:
    return Baseline(
        **{
            **entry,
            "env_ids": tuple(entry["env_ids"]),
            "set_at": datetime.fromisoformat(entry["set_at"]).astimezone(UTC),
        }
    )


def _shown(name: str) -> str:
    return ascii(name[:80])


def _is_text(value: Any) -> bool:
    """Whether it can be written down, and what is seen of it is all there is."""
    return (
        isinstance(value, str)
        and len(value) <= LONGEST
        and not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in value)
    )


def _is_said(value: Any) -> bool:
    return _is_text(value) and bool(value.strip())


def _is_moment(value: Any) -> bool:
    try:
        moment = datetime.fromisoformat(value)
        moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return False
    return moment.tzinfo is not None


def _is_hashes(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == set(TABLES)
        and all(isinstance(each, str) and _HASH.fullmatch(each) for each in value.values())
    )


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "run_id": (lambda value: isinstance(value, str) and is_run_id(value), "the whole name of a run"),
    "suite": (_is_said, "the name of a suite"),
    "suite_hash": (_is_text, "the hash of the suite"),
    "sha256": (_is_hashes, f"an object with the SHA-256 of {' and '.join(TABLES)}"),
    "env_ids": (lambda value: isinstance(value, list) and all(map(_is_said, value)), "a list of environments"),
    "harness_version": (_is_said, "a version"),
    "method_version": (lambda value: _is_count(value, 10**6), "a whole number"),
    "reason": (_is_said, f"a reason of one line, {LONGEST} characters at most"),
    "set_at": (_is_moment, "a moment such as 2026-11-21T11:22:33.456Z"),
    "max_age_days": (lambda value: _is_count(value, MOST_DAYS), f"days, 1 to {MOST_DAYS}"),
}
