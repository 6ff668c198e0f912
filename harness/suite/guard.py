"""From a path to a tree of nodes, with everything refused that a suite has no use for.

A suite may come from a stranger. Aliases and merge keys can make 60 KiB expand into minutes of
work, deep nesting can crash a composer, and an explicit tag names a type to build. So the parser's
*events* are watched as they come, and the tree is built here: nothing is composed that was not
first allowed. What can be read past is noted and reading goes on, to show all mistakes at once.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from harness.suite.nodes import REFUSED, Findings, Node, Place, shown
from harness.suite.scalars import ScalarRefused, read_scalar

MOST_BYTES = 128 * 1024
MOST_DEPTH = 32
MOST_EVENTS = 60_000

# Control, format (bidirectional, zero-width), surrogate, private and line-separator characters, and non-characters:
# what a reader of the file cannot see, or sees elsewhere than it stands.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u180b-\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufeff\uffa0\ufff0-\uffff"
    "\U00013430-\U0001345f\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_BREAK = re.compile(r"\r\n|\r|\n")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Stop(Exception):
    pass


def read_tree(path: Path, findings: Findings, *, blame: Place | None = None) -> tuple[Node, str] | None:
    """Return the tree of a suite file and its text, or nothing where it cannot be read at all.

    `blame` is the place that named the file, where another file did.
    """
    text = read_text(path, findings, limit=MOST_BYTES, blame=blame)
    if text is None:
        return None
    tree = compose(text, str(path), findings)
    return None if tree is None else (tree, text)


def read_text(path: Path, findings: Findings, *, limit: int, blame: Place | None = None) -> str | None:
    """Return the text of a regular file of at most `limit` bytes of plain UTF-8."""
    data = _read_bytes(path, findings, limit, blame or Place(str(path)))
    if data is None:
        return None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = _place_in(str(path), data[: error.start].decode("utf-8"), error.start)
        findings.add(place, "this is not UTF-8 text", "save the file as UTF-8")
        return None
    unseen = _UNSEEN.search(text)
    if unseen:
        message = f"invisible or control character U+{ord(unseen[0]):04X}"
        findings.add(_place_in(str(path), text, unseen.start()), message, "remove it")
        return None
    return text


def _read_bytes(path: Path, findings: Findings, limit: int, place: Place) -> bytes | None:
    subject = "" if place.file == str(path) else f"{path}: "
    try:
        # Not blocking: a pipe without a writer must not hang us before we have seen that it is one.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(limit + 1) if stat.S_ISREG(mode) else None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a usable path").lower()
        if isinstance(error, IsADirectoryError):
            reason = "this is a folder"
        hint = "python -m harness list suites shows those there are" if not subject else "paths begin at this file"
        findings.add(place, f"{subject}{reason}", hint)
        return None
    if data is None:
        what = "this is a folder" if stat.S_ISDIR(mode) else "this is not an ordinary file"
        findings.add(place, f"{subject}{what}", "name a file")
    elif len(data) > limit:
        findings.add(place, f"{subject}larger than {limit // 1024} KiB", "split it up; a matrix says much in few lines")
        data = None
    return data


def _place_in(file: str, text: str, offset: int) -> Place:
    lines = _BREAK.split(text[:offset])
    return Place(file, len(lines), len(lines[-1]) + 1)


def compose(text: str, file: str, findings: Findings) -> Node | None:
    """Return the tree of a text of one YAML document, noting all that is refused in it."""
    composer = _Composer(text, file, findings)
    try:
        return composer.document()
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        findings.add(place, f"not YAML: {error.problem or error.context}", _syntax_hint(text, place))
    except yaml.YAMLError as error:
        findings.add(Place(file), f"not YAML: {shown(str(error))}", "check the file with a YAML editor")
    return None


def _syntax_hint(text: str, place: Place) -> str:
    lines = _BREAK.split(text)
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, not with tabs"
    return "look at this line and the one before it: indentation, a missing colon, an open bracket or quote"


class _Composer:
    """Builds nodes from events."""

    def __init__(self, text: str, file: str, findings: Findings) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._file = file
        self._findings = findings
        self._count = 0

    def document(self) -> Node | None:
        """Return the root of the only document."""
        self._next()  # the start of the stream
        start = self._next()
        if isinstance(start, yaml.StreamEndEvent):
            self._findings.add(Place(self._file, 1, 1), "the file is empty", "begin with: schema: harness.suite/1")
            return None
        if start.tags:
            self._findings.add(self._place(start), "tags are not supported", "remove the %TAG line")
        root = self._node(self._next(), 1)
        self._next()  # the end of the document
        after = self._next()
        if not isinstance(after, yaml.StreamEndEvent):
            self._findings.add(self._place(after), "a second document begins here", "one suite is one file")
        return root

    def _next(self) -> Any:
        self._count += 1
        event = next(self._events)
        if self._count > MOST_EVENTS:
            self._findings.add(self._place(event), f"more than {MOST_EVENTS} values", "write a matrix")
            raise _Stop
        return event

    def _place(self, event: Any) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            self._findings.add(place, f"aliases (*{str(event.anchor)[:40]}) are not supported", "write the value out")
            return Node(place=place, value=REFUSED)
        if event.anchor:
            self._findings.add(place, f"anchors (&{event.anchor[:40]}) are not supported", "write the value out")
        if event.tag:
            self._findings.add(place, f"tags ({event.tag[:40]}) are not supported", "remove the tag")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if depth > MOST_DEPTH:
            self._findings.add(place, f"nested deeper than {MOST_DEPTH}", "a suite needs no more than six levels")
            raise _Stop
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(place=place, value=tuple(self._items(depth)))
        return Node(place=place, value=self._mapping(depth))

    def _scalar(self, event: Any, place: Place) -> Node:
        if event.style:  # quoted, or a block: text as it stands, but escapes may hide what the file did not show
            unseen = _UNSEEN.search(event.value)
            if unseen:
                message = f"invisible or control character U+{ord(unseen[0]):04X}"
                self._findings.add(place, message, "remove it")
            return Node(place=place, value=REFUSED if unseen else event.value, quoted=True)
        try:
            return Node(place=place, value=read_scalar(event.value))
        except ScalarRefused as refused:
            self._findings.add(place, refused.message, refused.hint)
            return Node(place=place, value=REFUSED)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, depth: int) -> dict[str, tuple[Node, Node]]:
        entries: dict[str, tuple[Node, Node]] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if self._is_key(key, entries):
                entries[key.value] = (key, value)
        return entries

    def _is_key(self, key: Node, entries: dict[str, tuple[Node, Node]]) -> bool:
        if key.value is REFUSED:
            return False
        if not isinstance(key.value, str):
            self._findings.add(key.place, f"a key must be text, not {shown(key.plain())}", "put it in quotes")
        elif key.value == "<<" and not key.quoted:
            self._findings.add(key.place, "merge keys (<<) are not supported", "use defaults: or write the values out")
        elif key.value in entries:
            first = entries[key.value][0].place.line
            self._findings.add(key.place, f"duplicate key {shown(key.value)}", f"it is already on line {first}")
        else:
            return True
        return False
