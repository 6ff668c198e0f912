"""A suite's files: the one named and those that it includes, read and checked for structure.

An included file is a suite of its own: it validates alone, and lends only its cases, made with its
own defaults. It must lie inside the folder of the suite that was named, links followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.suite import wording
from harness.suite.guard import read_tree
from harness.suite.nodes import Findings, Node, Place, shown
from harness.suite.overrides import apply_overrides
from harness.suite.schema import CaseEntry, MeasureEntry, SuiteFile, TargetItem

MOST_LEVELS = 8
MOST_FILES = 100
_LISTS = ("cases", "include", "targets")
_NEEDED = ("id", "workload")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file, as far as it can be used: what is broken in it is left out and has been noted."""

    path: Path
    folder: Path  # of the suite that was named, links followed: nothing outside is read
    root: Node
    text: str
    name: str
    description: str
    targets: list[tuple[TargetItem, Node]] | None  # None: auto
    reference: str
    measure: MeasureEntry
    defaults: dict[str, Any]
    entries: list[tuple[CaseEntry, Node]]
    damaged: frozenset[Place]  # entries of which a part was left out
    include: list[tuple[str, Node]]


def read_sources(path: Path, findings: Findings, overrides: Sequence[str] = ()) -> list[Source]:
    """Return the suite at `path` and all files that it includes, in the order in which they are named.

    `overrides` are for the suite itself: what it includes is made as its own files say.
    """
    try:
        folder = path.resolve().parent
    except (OSError, ValueError, RuntimeError):
        findings.add(Place(str(path)), "not a usable path", "name a readable file")
        return []
    return _Reader(folder, findings, overrides).read(path, trail=(), blame=None)


def source_of(path: Path, root: Node, text: str, findings: Findings) -> Source:
    """Return a suite that is no file: its tree, made by a program from `text`."""
    return _check(path, Path.cwd(), root, text, findings)


def inside(folder: Path, near: Path, written: str) -> Path | None:
    """Return the path written in the file `near`, or nothing where it leads out of `folder`."""
    if Path(written).is_absolute():
        return None
    path = near.parent / written
    try:
        return path if path.resolve().is_relative_to(folder) else None
    except (OSError, ValueError, RuntimeError):
        return None


class _Reader:
    def __init__(self, folder: Path, findings: Findings, overrides: Sequence[str]) -> None:
        self._folder = folder
        self._findings = findings
        self._overrides = overrides
        self._seen: dict[Path, Place] = {}

    def read(self, path: Path, *, trail: tuple[Path, ...], blame: Place | None) -> list[Source]:
        """Read one file, then what it includes."""
        real = path.resolve()
        self._seen[real] = blame or Place(str(path))
        tree = read_tree(path, self._findings, blame=blame)
        if tree is None:
            return []
        root, text = tree
        if not trail:
            root = apply_overrides(root, self._overrides, self._findings)
        source = _check(path, self._folder, root, text, self._findings)
        found = [source]
        for written, node in source.include:
            child = self._follow(path, written, node.place, (*trail, real))
            if child is not None:
                found += self.read(child, trail=(*trail, real), blame=node.place)
        return found

    def _follow(self, path: Path, written: str, place: Place, trail: tuple[Path, ...]) -> Path | None:
        child = inside(self._folder, path, written)
        if child is None:
            hint = "write a relative path to a file beside the suite or below it"
            self._findings.add(place, f"{shown(written)} leads out of the suite's folder", hint)
            return None
        real = child.resolve()
        if real in trail:
            self._findings.add(place, f"{shown(written)} includes itself", "remove this line")
        elif real in self._seen:
            self._findings.add(place, f"{shown(written)} is already included at {self._seen[real]}", "remove this line")
        elif len(self._seen) >= MOST_FILES:
            self._findings.add(place, f"more than {MOST_FILES} files are included", "run them as suites of their own")
        elif len(trail) >= MOST_LEVELS:
            self._findings.add(place, f"includes are nested deeper than {MOST_LEVELS}", "include the file directly")
        else:
            return child
        return None


def _check(path: Path, folder: Path, root: Node, text: str, findings: Findings) -> Source:
    """Check the structure of a whole file, and take over what is sound."""
    plain = root.plain()
    broken: set[tuple[Any, ...]] = set()
    try:
        whole: SuiteFile | None = SuiteFile.model_validate(plain)
    except ValidationError as error:
        whole = None
        broken = wording.note(error, root, (), findings)
    if isinstance(root.value, dict) and not {"cases", "include"} & root.value.keys():
        findings.add(root.place, "cases is missing", "write cases: and, below it, - id: ... and workload: ...")
    sound = whole or _sound_part(plain, broken)
    cases = _unbroken(root, "cases", broken)
    return Source(
        path=path,
        folder=folder,
        root=root,
        text=text,
        name=sound.name,
        description=sound.description,
        targets=None
        if isinstance(sound.targets, str)
        else list(zip(sound.targets, _unbroken(root, "targets", broken), strict=True)),
        reference=sound.reference,
        measure=sound.measure,
        defaults=sound.defaults,
        entries=list(zip(sound.cases, cases, strict=True)),
        damaged=frozenset(root.get(*path[:2]).place for path in broken if path[:1] == ("cases",) and len(path) > 1),
        include=list(zip(sound.include, _unbroken(root, "include", broken), strict=True)),
    )


def _sound_part(plain: object, broken: set[tuple[Any, ...]]) -> SuiteFile:
    """Return what is left when everything broken is taken away, so that the rest can still be checked."""
    kept: dict[str, Any] = {}
    tops = {path[0] for path in broken if path and (len(path) == 1 or path[0] not in _LISTS)}
    for name, value in plain.items() if isinstance(plain, dict) else ():
        if name in tops:
            continue
        if name in _LISTS and isinstance(value, list):
            gone = _gone(name, broken)
            value = [_sound_case(name, index, item, broken) for index, item in enumerate(value) if index not in gone]  # noqa: PLW2901
        if value != []:
            kept[name] = value
    return SuiteFile.model_validate({"schema": "harness.suite/1", "name": "broken"} | kept)


def _sound_case(name: str, index: int, item: Any, broken: set[tuple[Any, ...]]) -> Any:
    """Return an item of a list; a case without those of its keys that are broken."""
    if name != "cases":
        return item
    bad = {path[2] for path in broken if path[:2] == ("cases", index)}
    return {key: value for key, value in item.items() if key not in bad}


def _gone(name: str, broken: set[tuple[Any, ...]]) -> set[int]:
    """Return the indices of the items of a list that are not worth reading on."""
    paths = [path for path in broken if path[:1] == (name,) and path[1:]]
    return {path[1] for path in paths if name != "cases" or not path[2:] or path[2] in _NEEDED}


def _unbroken(root: Node, name: str, broken: set[tuple[Any, ...]]) -> list[Node]:
    """Return the nodes of the items of a list that `_sound_part` has kept."""
    if (name,) in broken or name not in root.entries:
        return []
    gone = _gone(name, broken)
    return [item for index, item in enumerate(root.get(name).items) if index not in gone]
