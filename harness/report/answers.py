"""The first screen of a report: who is fastest and by how much, whether to trust it, and how to do it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.report import words
from harness.report.conclusions import conclusions
from harness.report.content import Block, Cell, Column, Prose, Row, Section, Table, link, name, said
from harness.report.findings import Board, Overall, RunFindings, Standing, name_of
from harness.report.headline import is_indicative, machine, software
from harness.report.leads import Claim, Lead, capital, class_of, lead_of, ranked, scope_of, why_no_mean
from harness.report.reproduce import reproduce
from harness.report.rows import is_to_a_goal
from harness.report.trust import light
from harness.report.words import UNKNOWN
from harness.store.record import Outcome

__all__ = ["answer", "conclusions", "first_sentence", "machine_line", "ranking_lines"]

_OUTCOMES = {Outcome.PREDICTED: "predicted and not run", Outcome.NOT_RUN: "not run"}
_CASE = "A case is one shape in one type, or one model with its batch and seed."
_WARM = "A time here is that of a whole training to its goal, with all compiled before"
_MOST_TOLD = 12  # targets in a line of text; a table has all
_SURE = (Standing.WINS, Standing.TIE, Standing.BEHIND)


def answer(run: RunFindings) -> Section:
    """Return all that is to be known before anything else, and nothing more."""
    return Section(anchor="answer", title="The answer", level=2, blocks=tuple(_blocks(run)))


def _blocks(run: RunFindings) -> Iterator[Block]:
    yield Prose(text=first_sentence(run))
    if any(is_to_a_goal(arm) and arm.time_s is not None for arm in run.arms):
        yield Prose(text=f"{_WARM}; {link('from a cold start', 'accuracy')} another may be there first.")
    yield light(run)
    yield from _rankings(run)
    yield Prose(text=_counts(run))
    yield Prose(text=machine_line(run))
    yield from reproduce(run)


# -- who is fastest ----------------------------------------------------------------------------------


def first_sentence(run: RunFindings) -> str:
    """Say in one sentence who is ahead in each class, and by how much, or why nothing can be said."""
    boards = ranked(run)
    if all(arm.outcome != Outcome.MEASURED for arm in run.arms):
        return f"Nothing was measured; see {link('what became of each', 'outcomes')}."
    if not boards:
        return "Nothing here is ranked: NumPy, and the math mode default, never are."
    told = "; ".join(f"{class_of(board)}, {_lead(run, board)}" for board in boards)
    return f"{capital(told)}."


def _lead(run: RunFindings, board: Board) -> str:
    lead = lead_of(run, board)
    if lead is None:
        return _nobody(run, board)
    first, second = name(lead.first.target), name(lead.second.target)
    if lead.claim is Claim.TIE:
        return f"{first} and {second} cannot be told apart: their ratio is {lead.times} ({_rests(lead)}){_but(lead)}"
    faster = f"{lead.times} times as fast as {'the next, ' if lead.others else ''}{second} ({_rests(lead)})"
    if lead.claim is Claim.AHEAD:
        return f"{first} is {faster}{_but(lead)}"
    why = "indicative, no verdict" if lead.claim is Claim.INDICATIVE else "the verdict is withheld"
    return f"{first} comes out {faster}: {why}"


def _rests(lead: Lead) -> str:
    """Say what a ratio rests on; where it hangs on single cases, what it would be without each."""
    if not lead.without:
        return lead.rests
    told = (f"{mean:.3g}{', so behind,' if mean < 1 else ''} without {name(case)}" for case, mean in lead.without)
    return f"{lead.rests}; {' and '.join(told)}"


def _but(lead: Lead) -> str:
    """Say so where somebody else wins more cases than who is ahead on the whole."""
    if lead.rival is None:
        return ""
    more, fewer = lead.won
    return f", but {name(lead.rival.target)} wins more cases, {more} to {fewer}"


def _nobody(run: RunFindings, board: Board) -> str:
    """Say why no two targets of a class have a ratio over its cases."""
    timed = [one.target for one in board.overall if one.measured]
    if not timed:
        return "nothing was measured"
    if len(timed) == 1:
        return f"only {name(timed[0])} was measured, so there is nobody to compare it with"
    return f"{why_no_mean(run, board)}, so there is no ratio over all"


# -- the ranking -------------------------------------------------------------------------------------


def _rankings(run: RunFindings) -> Iterator[Table]:
    """Return the ranking of each class; how to read it is said once, where it is the same for both."""
    told = ""
    for board in ranked(run):
        if any(one.measured for one in board.overall):
            note = _note(run, board)
            yield _ranking(run, board, "" if note == told else note)
            told = note


def _ranking(run: RunFindings, board: Board, note: str) -> Table:
    """Return the targets of a class, the fastest first: how far they are behind, and how often they come first."""
    counts = ("won", "tied", "lost", "no verdict", "not measured")
    abouts = (
        "cases in which every other target was slower",
        "cases in which it shared the first place",
        "cases in which another target was faster",
        "cases with a time, but without a verdict on who is first",
        "cases that were planned and have no time",
    )
    return Table(
        name=f"ranking-{board.mode_class}",
        title=_title(run, board),
        columns=(
            Column(title="target"),
            Column(title="time / fastest", number=True, about="how many times the time of the fastest target it takes"),
            *(Column(title=title, number=True, about=about) for title, about in zip(counts, abouts, strict=True)),
        ),
        rows=tuple(_row(one, board) for one in board.overall),
        note=note,
    )


def ranking_lines(run: RunFindings) -> Iterator[str]:
    """Yield the ranking of each class as one line, for where no table is."""
    for board in ranked(run):
        if sum(one.measured > 0 for one in board.overall) > 1:
            yield f"{_title(run, board)} ({_scope(run, board)}): {_in_a_line(board)}"


def _scope(run: RunFindings, board: Board) -> str:
    if any(one.beside_fastest for one in board.overall):
        return f"time / fastest, {scope_of(board, reason=False)}"
    return f"no ratio over all, because {why_no_mean(run, board)}"


def _in_a_line(board: Board) -> str:
    decided = any(one.standings.get(standing) for one in board.overall for standing in _SURE)
    told = [_in_words(one, board, decided=decided) for one in board.overall[:_MOST_TOLD]]
    left = len(board.overall) - len(told)
    return ", ".join([*told, *([f"and {left:,} more"] if left else [])])


def _in_words(one: Overall, board: Board, *, decided: bool) -> str:
    if not one.measured:
        return f"{name(one.target)} has no time"
    won = f" ({words.counted(one.standings.get(Standing.WINS, 0), 'win')})" if decided else ""
    return f"{name(one.target)} {_beside_fastest(one, board).text}{won}"


def _title(run: RunFindings, board: Board) -> str:
    return f"Ranking, {class_of(board)}{', indicative' if is_indicative(run) else ''}"


def _note(run: RunFindings, board: Board) -> str:
    if not board.common:
        return f"There is no ratio over all cases, because {why_no_mean(run, board)}."
    besides = [one.beside_fastest for one in board.overall if one.beside_fastest is not None]
    if not besides:
        return f"The columns count cases. {_CASE}"
    known = any(beside.low is not None for beside in besides)
    interval = "; its interval tells how sure that mean is, not how far cases lie apart" if known else ""
    return f"Time / fastest: beside the first row, {scope_of(board)}{interval}. The other columns count cases. {_CASE}"


def _row(one: Overall, board: Board) -> Row:
    won, tied, behind = (one.standings.get(standing, 0) for standing in _SURE)
    absent = sum(
        name_of(entry.arm) == one.target and not entry.measured for case in board.cases for entry in case.entries
    )
    numbers = (won, tied, behind, one.measured - won - tied - behind, absent)
    cells = (Cell(text=name(one.target)), _beside_fastest(one, board), *map(_count, numbers))
    return Row(cells=cells)


def _beside_fastest(one: Overall, board: Board) -> Cell:
    beside = one.beside_fastest
    if beside is not None:
        span = (beside.low, beside.high) if words.known(beside.low) and words.known(beside.high) else None
        return Cell(text=words.ratio(beside.ratio, beside.low, beside.high), value=beside.ratio, span=span)
    first = one is board.overall[0] and any(other.beside_fastest for other in board.overall)
    return Cell(text="1", value=1.0) if first else Cell(text=UNKNOWN)


def _count(number: int) -> Cell:
    return Cell(text=f"{number:,}", value=number)


# -- where, and what became of all -------------------------------------------------------------------


def machine_line(run: RunFindings) -> str:
    """Describe the machine and what ran on it, in a line."""
    return f"Machine: {said('; '.join(filter(None, (machine(run), software(run)))))}."


def _counts(run: RunFindings) -> str:
    """Count in a sentence how all planned measurements ended."""
    counts = Counter(arm.outcome for arm in run.arms)
    known = [f"{counts[one]:,} {_OUTCOMES.get(one, one)}" for one in Outcome if counts[one]]
    odd = [f"{counts[one]:,} {name(one)}" for one in sorted(set(counts) - set(Outcome))]  # of another version
    copies = sum(arm.replica != 0 for arm in run.arms)
    twice = f" ({copies:,} of them are the second copy of the reference, for the self-check)" if copies else ""
    lost = counts[Outcome.MEASURED] < len(run.arms)
    more = f"; see {link('what became of each', 'outcomes')}" if lost else ""
    return f"Planned: {words.counted(len(run.arms), 'measurement')}, of which {', '.join([*known, *odd])}{twice}{more}."
