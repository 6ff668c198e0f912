"""A YAML file as a tree that remembers where everything stands.

Ordinary loaders give plain dictionaries and forget the lines; then a mistake found later, in a
workload's parameters say, can no longer be pointed at. Here every value keeps its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.errors import Finding, SuiteError

MOST_FINDINGS = 100  # beyond this nobody reads them, and a terminal only scrolls
MOST_SHOWN = 60


class Place(NamedTuple):
    """Where something stands; line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Refused:
    """Stands for a value that was already found wrong, so that nothing is said about it twice."""

    def __repr__(self) -> str:
        return "(refused)"


REFUSED = Refused()


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A scalar, a list of nodes, or a mapping from a key to the nodes of key and value."""

    place: Place
    value: Any
    quoted: bool = False

    @property
    def entries(self) -> Mapping[str, tuple[Node, Node]]:
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> Sequence[Node]:
        """The items of a list; none for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    def get(self, *path: str | int) -> Node:
        """Return the node under `path`, or the nearest one above it."""
        node = self
        for step in path:
            if isinstance(step, str) and step in node.entries:
                node = node.entries[step][1]
            elif isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                break
        return node

    def key(self, name: str) -> Place:
        """Return where the key `name` of this mapping stands, or where the mapping does."""
        return self.entries[name][0].place if name in self.entries else self.place

    def plain(self) -> Any:
        """Return the ordinary dictionaries, lists and scalars."""
        if isinstance(self.value, dict):
            return {name: value.plain() for name, (_, value) in self.value.items()}
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        return self.value


class Findings:
    """What is wrong so far; each thing is kept once, and all are raised together."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}
        self._more = 0

    def add(self, place: Place, message: str, hint: str | None = None) -> None:
        """Note one mistake."""
        finding = Finding(file=place.file, line=place.line, column=place.column, message=message, hint=hint)
        if finding in self._found:
            return
        if len(self._found) < MOST_FINDINGS:
            self._found[finding] = None
        else:
            self._more += 1

    def __len__(self) -> int:
        return len(self._found) + self._more

    def __iter__(self) -> Iterator[Finding]:
        """Go through the findings in the order of their lines, file by file."""
        files = list(dict.fromkeys(finding.file for finding in self._found))
        yield from sorted(self._found, key=lambda each: (files.index(each.file), each.line, each.column))

    def check(self) -> None:
        """Raise if anything was found."""
        if not self._found:
            return
        found = list(self)
        if self._more:
            found.append(Finding(file=found[-1].file, line=0, column=0, message=f"and {self._more} more like these"))
        raise SuiteError(found)


def shown(value: object) -> str:
    """Return a value as an error message may show it: quoted, short, without control characters."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
