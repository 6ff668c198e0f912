"""The few sentences that a run supports, each with a link to its evidence; what it does not support is not said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.report.charts.repaid import repayments
from harness.report.content import link, name
from harness.report.findings import Board, CaseFindings, RunFindings, Standing, name_of
from harness.report.glossary import CHECKS
from harness.report.leads import Claim, Lead, capital, class_of, lead_of, ranked
from harness.report.sentences import times
from harness.report.trust import DECIDED, smallest, undecided
from harness.report.words import counted
from harness.store.record import Outcome

MOST_CODES = 4  # in a sentence; the table of outcomes has all


def conclusions(run: RunFindings) -> tuple[str, ...]:
    """Return what the data of a run support, the most important first."""
    leads = (sentence for board in ranked(run) for sentence in _lead(run, board))
    return (*leads, *_largest(run), *_open(run), *_rejected(run), *_compiling(run))


def _cases(board: Board) -> str:
    return link(f"the cases, {class_of(board)}", f"cases-{board.mode_class}")


def _lead(run: RunFindings, board: Board) -> Iterator[str]:
    """Say who is ahead in a class, where anybody is beside anybody."""
    lead = lead_of(run, board)
    if lead is not None:
        yield f"{capital(class_of(board))}: {_claimed(lead)}; see {_cases(board)}."


def _claimed(lead: Lead) -> str:
    first, second = name(lead.first.target), name(lead.second.target)
    if lead.claim is Claim.TIE:
        return f"{first} and {second} cannot be told apart, their ratio is {lead.times} ({lead.rests}){_tally(lead)}"
    faster = f"{lead.times} times as fast as {second} ({lead.rests})"
    if lead.claim is Claim.AHEAD:
        return f"{first} is {faster}{_tally(lead)}"
    why = "indicative" if lead.claim is Claim.INDICATIVE else "without a verdict, because the self-check forbids one"
    return f"{first} comes out {faster}, {why}"


def _tally(lead: Lead) -> str:
    """Count the cases of the first, where any is decided."""
    counted_as = lead.first.standings
    won, tied, behind = (counted_as.get(one, 0) for one in (Standing.WINS, Standing.TIE, Standing.BEHIND))
    if not won + tied + behind:
        return ""
    return f"; {name(lead.first.target)} wins {won} of its {counted(lead.first.measured, 'case')}, ties {tied}"


@dataclass(frozen=True, kw_only=True)
class Win:
    """A case that one target won, and by how much before the next."""

    board: Board
    case: str
    first: str
    second: str
    ratio: float
    low: float | None
    high: float | None


def _largest(run: RunFindings) -> Iterator[str]:
    """Name the case that was won by most; where a class has only one, it has been told."""
    boards = [board for board in ranked(run) if len(board.cases) > 1]
    wins = [win for board in boards for case in board.cases for win in _wins(board, case)]
    if wins:
        win = max(wins, key=lambda one: one.ratio)
        shown, span = times(win.ratio, win.low, win.high)
        yield (
            f"The largest win is that of {name(win.first)} at {name(win.case)}: {shown} times as fast as the next, "
            f"{name(win.second)}{f' ({span})' if span else ''}; see {_cases(win.board)}."
        )


def _wins(board: Board, case: CaseFindings) -> Iterator[Win]:
    """Yield who won a case, beside the next."""
    first = next((entry for entry in case.entries if entry.standing is Standing.WINS), None)
    others = [
        Win(
            board=board,
            case=case.name,
            first=name_of(first.arm),
            second=name_of(entry.arm),
            ratio=beside.ratio,
            low=beside.low,
            high=beside.high,
        )
        for entry in case.entries
        if first is not None and (beside := entry.beside_fastest) is not None and beside.ratio is not None
    ]
    if others:
        yield min(others, key=lambda one: one.ratio)


def _open(run: RunFindings) -> Iterator[str]:
    """Say what could not be decided."""
    noisy = link("how noisy it was", "noise")
    none = undecided(run)
    if none:
        yield f"Nothing is decided: {none}; see {noisy}."
        return
    found = [
        {entry.standing for entry in case.entries if entry.standing} for board in ranked(run) for case in board.cases
    ]
    decided = [standings for standings in found if standings & DECIDED]
    shared = sum(Standing.TIE in standings for standings in decided)
    if shared:
        seen = smallest(run)
        yield (
            f"Of {counted(len(decided), 'contest')} (one for each case and class) the first place is shared in "
            f"{shared}, which does not mean that anybody is equal{f': {seen}' if seen else ''}; see {noisy}."
        )


def _rejected(run: RunFindings) -> Iterator[str]:
    """Say which results were rejected, and by which checks."""
    rejected = [arm for arm in run.arms if arm.outcome == Outcome.INVALID]
    if not rejected:
        return
    codes = Counter(code for arm in rejected for code in dict.fromkeys(arm.validity))
    told = [f"{_check(code)}: {count}" for code, count in sorted(codes.items(), key=_most_first)[:MOST_CODES]]
    told += [f"and {counted(len(codes) - MOST_CODES, 'more check')}"] if len(codes) > MOST_CODES else []
    results = "1 result is" if len(rejected) == 1 else f"{len(rejected):,} results are"
    checks = f" ({'; '.join(told)})" if told else ""
    yield f"{results} invalid and compared with nothing{checks}; see {link('what became of each', 'outcomes')}."


def _most_first(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _check(code: str) -> str:
    known = CHECKS.get(code)
    return f"{code}, {known.plain}" if known else name(code)


def _compiling(run: RunFindings) -> Iterator[str]:
    """Say after how many calls compiling has paid for itself, of those of which the run can tell."""
    sure = [one for one in repayments(run) if one.sure]
    paid = sorted(one.calls for one in sure if one.calls is not None)
    if not sure:
        return
    first = link("the first calls", "first-calls")
    if not paid:
        slower = f"{counted(len(sure), 'result')}, whose later calls are slower than as written"
        yield f"Compiling never pays for its longer start in {slower}; see {first}."
        return
    span = f"{paid[0]:,}" if paid[0] == paid[-1] else f"{paid[0]:,} to {paid[-1]:,}"
    never = f", and never in {len(sure) - len(paid)}, whose later calls are slower" if len(paid) < len(sure) else ""
    yield (
        f"Compiling pays for its longer start in {len(paid)} of {counted(len(sure), 'result')} that can be told apart "
        f"from the same framework as written, after {span} calls{never}; see {first}."
    )
