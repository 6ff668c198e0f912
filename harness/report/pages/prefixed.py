"""A section as one of several runs' has it: all its anchors begin with a prefix, and its links lead to those."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

from harness.report.content import (
    Block,
    Bullets,
    Cell,
    Chart,
    Code,
    Fold,
    Light,
    Prose,
    Row,
    Section,
    Table,
    relinked,
)
from harness.report.lazy import Rows


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """How the anchors of one run begin; `shared` are those of the page, which all runs link to as they are."""

    text: str
    shared: Container[str]

    def section(self, section: Section) -> Section:
        """Return a section of this run."""
        if not self.text:
            return section
        return replace(
            section,
            anchor=self._anchor(section.anchor),
            title=self._links(section.title),
            blocks=tuple(map(self._block, section.blocks)),
        )

    def _block(self, block: Block) -> Block:
        match block:
            case Prose() | Light():
                return replace(block, text=self._links(block.text))
            case Bullets():
                return replace(block, items=tuple(map(self._links, block.items)))
            case Code():
                return block
            case Table():
                return self._table(block)
            case Chart():
                table = None if block.table is None else self._table(block.table)
                return replace(block, reading=self._links(block.reading), table=table)
            case Fold():
                blocks = tuple(map(self._block, block.blocks))
                return replace(block, title=self._links(block.title), blocks=blocks)

    def _table(self, table: Table) -> Table:
        return replace(
            table,
            name=self._anchor(table.name),
            title=self._links(table.title),
            rows=Rows(self._row, table.rows),
            note=self._links(table.note),
        )

    def _row(self, row: Row) -> Row:
        return replace(row, cells=tuple(map(self._cell, row.cells)), anchor=self._anchor(row.anchor))

    def _cell(self, cell: Cell) -> Cell:
        text = self._links(cell.text)
        return cell if text == cell.text else replace(cell, text=text)

    def _links(self, text: str) -> str:
        return relinked(text, self._anchor)

    def _anchor(self, anchor: str) -> str:
        """Return the anchor as it is on this page; what is made with the prefix already has it."""
        kept = not anchor or anchor in self.shared or anchor.startswith(self.text)
        return anchor if kept else f"{self.text}{anchor}"
