"""A comparison as text for a terminal, at most 100 columns wide, and as a page in Markdown.

Every text ends with a line break; nothing here prints.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from harness.report.compare_groups import groups
from harness.report.compare_words import summary, title
from harness.report.comparison import Change, Comparison, NodesPage, Page, Unmeasured
from harness.report.escape import code, visible
from harness.report.escape import words as sentence
from harness.report.markdown_table import table
from harness.report.sentences import Shown, say_node

COLUMNS = 100
MOST_CHANGES = 60
CELL = 34
LONGEST = 400


def terminal(page: Page, *, everything: bool = False) -> str:
    """Return a page for a terminal; `everything` leaves nothing out."""
    parts = ["\n".join(_terminal(comparison, everything=everything)) for comparison in page.comparisons]
    notes = [line for problem in page.problems for line in _wrapped(f"note: {visible(problem, LONGEST)}", "", "  ")]
    return "\n\n".join([*parts, *(["\n".join(notes)] if notes else [])]) + "\n"


def markdown(page: Page, *, everything: bool = False) -> str:
    """Return a page in Markdown; `everything` leaves nothing out."""
    lines = ["# Comparison"]
    if page.problems:
        lines += ["", *(f"- {sentence(problem)}" for problem in page.problems)]
    for comparison in page.comparisons:
        lines += _markdown(comparison, everything=everything)
    return "\n".join(lines) + "\n"


def nodes_terminal(page: NodesPage) -> str:
    """Return what is said of machines of one kind, for a terminal."""
    said = [_kind(page, visible)]
    said += [line for node in page.nodes for line in _wrapped(say_node(node, page), "  ", "    ")]
    said += [line for problem in page.problems for line in _wrapped(f"note: {visible(problem, LONGEST)}", "", "  ")]
    return "\n".join(said) + "\n"


def nodes_markdown(page: NodesPage) -> str:
    """Return what is said of machines of one kind, in Markdown."""
    said = [f"# {_kind(page, code)}", "", *(f"- {say_node(node, page, name=code)}" for node in page.nodes)]
    problems = ["", *(f"- {sentence(problem)}" for problem in page.problems)] if page.problems else []
    return "\n".join([*said, *problems]) + "\n"


def _terminal(comparison: Comparison, *, everything: bool) -> Iterator[str]:
    yield from _wrapped(title(comparison, visible), "")
    for said in summary(comparison, visible, visible):
        yield from _wrapped(said, "  ", "    ")
    for group in groups(comparison, everything=everything):
        yield from ("", f"{group.verdict} ({group.count})")
        for said in group.sentences:
            yield from _wrapped(said, "  ", "    ")
        if group.left:
            yield f"  {group.more}: --all shows {'them' if group.left != 1 else 'it'}"
    for said in _unmeasured(comparison.unmeasured if everything else (), visible, visible):
        yield from _wrapped(said, "  ", "    ") if said.startswith("-") else ("", said)
    if comparison.changes:
        yield from ("", "not the same on both sides", *_columns(comparison.changes))


def _markdown(comparison: Comparison, *, everything: bool) -> Iterator[str]:
    yield from ("", f"## {title(comparison, code)}", "")
    yield from (f"- {said}" for said in summary(comparison, code, sentence))
    for group in groups(comparison, everything=everything, name=code, text=sentence):
        yield from ("", f"### {group.verdict} ({group.count})", "")
        yield from (f"- {said}" for said in group.sentences)
        if group.left:
            yield f"- {group.more} left out here"
    for said in _unmeasured(comparison.unmeasured if everything else (), code, sentence):
        yield from (said,) if said.startswith("-") else ("", f"### {said}", "")
    if comparison.changes:
        yield from ("", "### not the same on both sides", "")
        rows = [(code(change.what), code(change.base), code(change.new)) for change in comparison.changes]
        yield from table(("what", "base", "new"), rows[:MOST_CHANGES])
        yield from _left_out(comparison.changes)


def _unmeasured(arms: Sequence[Unmeasured], name: Shown, text: Shown) -> Iterator[str]:
    if arms:
        yield f"measured on neither side ({len(arms)})"
    yield from (f"- {name(one.target)} at {name(one.case)}: {text(one.detail)}" for one in arms)


def _columns(changes: Sequence[Change]) -> Iterator[str]:
    rows = [("", "base", "new"), *((one.what, one.base, one.new) for one in changes[:MOST_CHANGES])]
    cells = [tuple(_cut(visible(cell)) for cell in row) for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(2)]
    yield from (f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in cells)
    yield from (f"  {said}" for said in _left_out(changes) if said)


def _left_out(changes: Sequence[Change]) -> tuple[str, ...]:
    left = len(changes) - MOST_CHANGES
    return ("", f"{left} more stand in the manifests of the two.") if left > 0 else ()


def _kind(page: NodesPage, name: Shown) -> str:
    cases = f"{page.cases} case{'s' * (page.cases != 1)}"
    return f"{len(page.nodes)} machines of one kind ({name(page.kind)}), over {cases} that all of them measured"


def _wrapped(text: str, first: str, later: str | None = None) -> list[str]:
    indent = first + "  " if later is None else later
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cut(cell: str) -> str:
    return f"{cell[: CELL - 1]}…" if len(cell) > CELL else cell
