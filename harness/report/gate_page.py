"""A gate's decision as Markdown, for the page of a CI job or a comment: short, within a budget of bytes.

Such pages drop what is too large as a whole. So the sentence and the remarks come first, then the lines that
close the gate, then those that were allowed; what does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.comparison import Page
from harness.report.escape import code, words
from harness.report.gate import Decision
from harness.report.gate_words import remarks, remedies, said, sections, sides
from harness.report.room import BUDGET_BYTES, fitting
from harness.report.sentences import say

MOST_LINES = 50  # of one verdict


def page_of(decision: Decision, page: Page, warnings: Sequence[str] = (), *, budget: int = BUDGET_BYTES) -> str:
    """Return Markdown of at most `budget` bytes."""
    blocks = list(_blocks(decision, page, warnings))
    kept = fitting(blocks, budget)
    left = len(blocks) - len(kept)
    if left:
        kept += ["", f"Left out for want of room: {left} of {len(blocks)} lines. The JSON has them all."]
    return "\n".join(kept) + "\n"


def _blocks(decision: Decision, page: Page, warnings: Sequence[str]) -> Iterator[str]:
    yield f"### {words(said(decision, page))}"
    yield ""
    yield from (f"- {sides(one, code)}" for one in page.comparisons)
    yield from (f"- {words(each)}" for each in remarks(page, warnings))
    for title, lines in sections(decision, page):
        yield from ("", f"**{title}: {len(lines)}**", "")
        yield from (f"- {say(told.line, told.comparison, name=code, text=words)}" for told in lines[:MOST_LINES])
        if len(lines) > MOST_LINES:
            yield f"- and {len(lines) - MOST_LINES} more"
    advice = [f"- {words(each)}" for each in remedies(decision)]
    yield from ("", "What can be done:", "", *advice) if advice else ()
