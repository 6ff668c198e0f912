"""A gate's decision in words: one sentence first, then the lines that matter, then what to do about them.

Nothing here prints. Names and reasons are other people's text, and appear as text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from harness.errors import ExitCode
from harness.report.comparison import Comparison, How, Page
from harness.report.escape import visible
from harness.report.gate import ALLOWABLE, Decision, Reason, Told, closes
from harness.report.sentences import percent, say
from harness.report.words import share
from harness.stats.verdict import Verdict

Shown = Callable[[str], str]

COLUMNS = 100
MOST_LINES = 20  # of one verdict, in a terminal
LONGEST = 600  # characters of one sentence

WORDS = {
    Verdict.REGRESSED: "regressed",
    Verdict.IMPROVED: "improved",
    Verdict.EQUIVALENT: "equivalent",
    Verdict.SMALL_CHANGE: "changed a little",
    Verdict.INCONCLUSIVE: "undecided",
    Verdict.INVALID: "invalid",
    Verdict.MISSING: "missing",
    Verdict.NEW: "new",
    Verdict.NOT_COMPARABLE: "not comparable",
    Verdict.FAILED: "failed",
}
BEYOND = "slower, but not surely beyond the margin"  # a small change that closes the gate

_ONE_SESSION = (
    "measure both sides in one session (python -m harness ab), name an arm that both runs have with --through, or "
    "take absolute times on your word with --insist"
)
_MORE_SETS = "more process-sets decide more: measure with --profile rigorous"


def said(decision: Decision, page: Page) -> str:
    """Return the decision as one sentence."""
    if decision.passed:
        return f"PASS: {_opened(decision, page)}"
    return f"FAIL, exit code {int(decision.exit_code)}: {_closed(decision)}"


def text(decision: Decision, page: Page, warnings: Sequence[str] = ()) -> str:
    """Return what a terminal shows."""
    lines = list(_text(decision, page, warnings))
    return "\n".join(lines) + "\n"


def name_of(reason: Reason) -> str:
    """Return what the lines of a reason are, in a word or a few."""
    return BEYOND if reason.verdict is Verdict.SMALL_CHANGE else WORDS[reason.verdict]


def sides(one: Comparison, name: Shown = visible) -> str:
    """Say what was compared with what, and how."""
    through = f" {name(one.anchor)}" if one.anchor else ""
    told = f"{_pair(one, name)}, {one.how}{through}; margin {percent(one.margin)}"
    if one.detectable is not None:
        told += f"; differences of {share(one.detectable)} could be seen"
    return f"{told}; flagged cases measured again in {name(one.confirmed_by)}" if one.confirmed_by else told


def remarks(page: Page, warnings: Sequence[str]) -> Iterator[str]:
    """Yield what is to be known before the verdicts are believed."""
    yield from (f"warning: {each}" for each in warnings)
    yield from (f"look at {each}" for each in page.problems)
    for one in page.comparisons:
        yield from one.notes
        if one.unmeasured:
            yield f"{_arms(len(one.unmeasured))} could be measured on neither side, as before"


def sections(decision: Decision, page: Page) -> Iterator[tuple[str, Sequence[Told]]]:
    """Yield the lines that matter, each group under its title: what closes the gate first."""
    yield from ((name_of(reason), reason.lines) for reason in decision.closing)
    yield from ((f"{name_of(reason)} (allowed)", reason.lines) for reason in decision.allowed)
    refuted = [
        Told(line=line, comparison=one)
        for one in page.comparisons
        for line in one.lines
        if line.judgement.verdict is Verdict.REGRESSED and line.verdict is not Verdict.REGRESSED and not closes(line)
    ]
    if refuted:
        yield "flagged at first, and not confirmed", refuted


def remedies(decision: Decision) -> list[str]:
    """Return what can be done about a closed gate."""
    reasons = (*decision.closing, *decision.allowed) if decision.empty else decision.closing
    found = [advice for reason in reasons for advice in _remedies(reason)]
    names = [str(reason.verdict) for reason in decision.closing if reason.verdict in ALLOWABLE]
    allow = [f"--allow {','.join(names)} lets through what it names"] if names and not decision.empty else []
    return [*dict.fromkeys(found), *allow]


def _remedies(reason: Reason) -> Iterator[str]:
    comparisons = [told.comparison for told in reason.lines]
    match reason.verdict:
        case Verdict.FAILED | Verdict.INVALID:
            yield f"python -m harness show {comparisons[0].new.run_id} tells how each arm ended"
        case Verdict.REGRESSED if any(told.line.confirmed is None for told in reason.lines):
            yield "--confirm measures what is flagged again by fresh processes, and that decides"
        case Verdict.NOT_COMPARABLE if any(each.how is How.REFUSED for each in comparisons):
            yield _ONE_SESSION
        case Verdict.INCONCLUSIVE | Verdict.SMALL_CHANGE:
            yield _MORE_SETS


def _text(decision: Decision, page: Page, warnings: Sequence[str]) -> Iterator[str]:
    yield from _wrapped(said(decision, page), "")
    for each in (*(sides(one) for one in page.comparisons), *remarks(page, warnings)):
        yield from _wrapped(each, "  ")
    for title, told in sections(decision, page):
        yield from ("", f"{title}:")
        yield from _lines(told)
    advice = remedies(decision)
    yield from [""] if advice else []
    for each in advice:
        yield from _wrapped(f"next: {each}", "")


def _lines(lines: Sequence[Told]) -> Iterator[str]:
    for told in lines[:MOST_LINES]:
        yield from _wrapped(say(told.line, told.comparison), "  ")
    left = len(lines) - MOST_LINES
    if left > 0:
        yield f"  and {left} more; --json has them all"


def _wrapped(line: str, indent: str) -> list[str]:
    """Return a line in as many as it takes; names stay whole, for they are copied."""
    return textwrap.wrap(
        visible(line, LONGEST),
        COLUMNS,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _opened(decision: Decision, page: Page) -> str:
    """Claim no more than was judged, and that not surely where a doubtful change was let through by name."""
    surely = "surely " if Verdict.SMALL_CHANGE in {reason.verdict for reason in decision.allowed} else ""
    slower = f"{surely}slower by more than {_margin(page)}"
    whole = f"of {_arms(decision.lines)}"
    match decision.judged:
        case decision.lines:
            told = f"{whole} none is {slower}"
        case 1:
            told = f"{whole} 1 was judged, and it is not {slower}"
        case judged:
            told = f"{whole} {judged} were judged, and none of them is {slower}"
    others = _others(decision)
    allowed = f"allowed: {', '.join(map(_counted, decision.allowed))}" if decision.allowed else ""
    return "; ".join(filter(None, (f"{told}: {others}" if others else told, allowed)))


def _closed(decision: Decision) -> str:
    if decision.empty is ExitCode.NOTHING:
        return "there is nothing to compare"
    why = ", ".join(map(_counted, (*decision.closing, *decision.allowed)))
    if decision.empty:
        others = ", ".join(filter(None, (why, _others(decision))))
        return f"not one of {_arms(decision.lines)} could be judged: {others}"
    why = f"of {_arms(decision.lines)} {', '.join(map(_counted, decision.closing))}"
    others = _others(decision)
    allowed = f"allowed: {', '.join(map(_counted, decision.allowed))}" if decision.allowed else ""
    return "; ".join(filter(None, (why, others and f"the others: {others}", allowed)))


def _counted(reason: Reason) -> str:
    return f"{len(reason.lines)} {name_of(reason)}"


def _others(decision: Decision) -> str:
    """Count the lines that neither close the gate nor would."""
    left = dict(decision.counts)
    for reason in (*decision.closing, *decision.allowed):
        left[reason.verdict] -= len(reason.lines)
    return ", ".join(f"{count} {WORDS[verdict]}" for verdict, count in left.items() if count)


def _pair(one: Comparison, name: Shown) -> str:
    if one.base.run_id == one.new.run_id and one.base.target and one.new.target:
        return f"{name(one.new.target)} beside {name(one.base.target)} in the run {name(one.new.run_id)}"
    return f"{name(one.new.name)} beside {name(one.base.name)}"


def _margin(page: Page) -> str:
    margins = {line.deciding.margin for one in page.comparisons for line in one.lines}
    return percent(margins.pop()) if len(margins) == 1 else "its margin"


def _arms(count: int) -> str:
    return f"{count} arm{'' if count == 1 else 's'}"
