"""What the parts of one page share: which ids are taken, where links may lead, and the facets of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.report.content import Document
from harness.report.escape import visible
from harness.report.findings import Standing
from harness.report.render.html_text import identifier
from harness.report.summarise import BOTH, CLASSES

MOST_ROWS = 3_000  # of one table: a browser lays out as many without a wait
LONGEST_NAME = 1_000  # as pictures write targets and contests, so that the script finds them there

# The classes by which the arms of a mode are filtered, where its own is none: those of the tables that they are in.
_TABLES: Mapping[str, str | Sequence[str]] = {BOTH: CLASSES, "-": Standing.UNRANKED}


class Ids:
    """Hands out ids, each once: a second element that asks for one gets it with a number."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def claim(self, anchor: str) -> str:
        """Return an id for an element that others may link to as `anchor`."""
        wanted = found = identifier(anchor)
        count = 1
        while found in self._taken:
            count += 1
            found = f"{wanted}-{count}"
        self._taken.add(found)
        return found


class Facets:
    """What rows may be filtered by, each combination once: a row bears its number, so a long table stays short."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[tuple[str, str], ...], int] = {}

    def number(self, facets: Mapping[str, str]) -> int:
        """Return the number of a combination."""
        found = tuple((key, visible(value, LONGEST_NAME)) for key, value in facets.items())
        return self._numbers.setdefault(found, len(self._numbers))

    def listed(self) -> list[dict[str, str | Sequence[str]]]:
        """Return the combinations in the order of their numbers; who is ranked in two classes has both."""
        return [
            {key: _TABLES.get(value, value) if key == "class" else value for key, value in one} for one in self._numbers
        ]


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What is known of a page while its parts are written. `tables` is the folder of CSV files, empty for none."""

    anchors: frozenset[str]
    tables: str
    ids: Ids
    facets: Facets = field(default_factory=Facets)


def anchors_of(document: Document) -> frozenset[str]:
    """Return the ids that the sections, tables and rows of a page will have."""
    return frozenset(identifier(anchor) for anchor in _anchors(document))


def _anchors(document: Document) -> Iterator[str]:
    for section in document.sections:
        yield section.anchor
    for table in document.tables():
        yield table.name
        yield from (row.anchor for row in table.rows[:MOST_ROWS] if row.anchor)
