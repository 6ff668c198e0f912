"""Whether to trust what a run says: in one of three words, and in a sentence that gives the reason.

Verdicts are good where the reference agrees with itself, the run is whole, the machine was still enough, and no
result was rejected; to be taken with care where one of these is missing; and none at all where there is none.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from harness.report import noise, words
from harness.report.content import Light, Trust
from harness.report.findings import ArmKey, RunFindings, SelfCheck, Standing
from harness.report.headline import is_indicative, unfinished
from harness.report.leads import NO_BLOCKS, capital
from harness.report.words import counted
from harness.stats.noise import Grade, grade_of
from harness.stats.verdict import LEAST_SETS
from harness.store.record import Failure, Measurement, Outcome

DECIDED = frozenset({Standing.WINS, Standing.TIE, Standing.BEHIND})

_RESTLESS = {
    Grade.NOISY: "the machine was noisy, so small differences are lost",
    Grade.UNUSABLE: "the machine was so restless that only gross differences are told apart",
}


def light(run: RunFindings) -> Light:
    """Return how far the verdicts of a run may be trusted, and why."""
    none = undecided(run)
    if none:
        return Light(trust=Trust.NONE, text=_sentences(none, _restless(run), smallest(run)))
    cares = "; ".join(_cares(run))
    if cares:
        return Light(trust=Trust.CAREFUL, text=_sentences(cares, smallest(run)))
    good = "the reference, measured against itself, came out equal, and no result was rejected"
    return Light(trust=Trust.GOOD, text=_sentences(good, smallest(run)))


def undecided(run: RunFindings) -> str:
    """Say why a run holds no verdict on who is first, or nothing where it holds any."""
    found = standings(run)
    if not found:
        return "nothing was measured"
    return "" if found & DECIDED else _why(run, found)


def _why(run: RunFindings, found: frozenset[Standing]) -> str:
    if Standing.UNKNOWN in found and not run.blocks_read:
        return f"{NO_BLOCKS}, so nothing can be compared"
    if Standing.WITHHELD in found:
        return _withheld(run.self_check)
    if Standing.INDICATIVE in found or is_indicative(run):
        made = f"{counted(run.sets, 'fresh start')} {'was' if run.sets == 1 else 'were'} made"
        return f"{made}, and a verdict takes {_needed(run)}: the numbers are indicative"
    if Standing.UNKNOWN in found:
        return "no two targets of a class were measured side by side"
    if Standing.ALONE in found:
        return "in no case were two targets of a class measured, so there is nobody to compare"
    return "nothing here is ever ranked: neither NumPy nor the math mode default"


def standings(run: RunFindings) -> frozenset[Standing]:
    """Return how measured arms stand, as far as any does."""
    entries = (entry for board in run.boards for case in board.cases for entry in case.entries)
    return frozenset(entry.standing for entry in entries if entry.standing is not None)


def smallest(run: RunFindings) -> str:
    """Say what difference could be seen, where the self-check tells; one that failed tells nothing of it."""
    check = run.self_check
    if check.detectable is None or check.passed is False:
        return ""
    least, median, most = (words.share(value) for value in check.detectable)
    spread = f" in the middle case ({least} to {most})" if check.cases > 1 else ""
    return f"the smallest difference that this run could see is {median}{spread}{_between(run)}"


def _between(run: RunFindings) -> str:
    """Say how far intervals between different targets reach: further than that of a target beside itself."""
    halves = list(widths_of(run, itself=False).values())
    if not halves:
        return ""
    middle, most = words.share(statistics.median(halves)), words.share(max(halves))
    reach = f"± {middle}, {most} at most" if len(halves) > 1 else f"± {middle}"
    return f"; between targets intervals reach {reach}"


def widths_of(run: RunFindings, *, itself: bool) -> dict[ArmKey, float]:
    """Return by how much the ratio of an arm to the reference is unsure; of the reference `itself`, to its copy."""
    found: dict[ArmKey, float] = {}
    for board in run.boards:
        for case in board.cases:
            for entry in case.entries:
                own = case.self_check if itself else None
                beside = own if entry.verdict == "reference" else entry.beside_reference
                if beside is not None and words.known(beside.detectable):
                    found[entry.arm.key] = beside.detectable
    return found


def _withheld(check: SelfCheck) -> str:
    if check.combined is None:
        return "the reference was not measured twice, so nothing shows what differences mean: verdicts are withheld"
    if check.passed is False:
        ratio = words.ratio(check.combined.ratio, check.combined.low, check.combined.high)
        return f"the reference, measured against itself, did not come out equal ({ratio}): verdicts are withheld"
    if check.passed is None:
        return "one fresh start of the reference beside itself tells nothing of the spread: verdicts are withheld"
    differ = "the two copies of the reference differ" if check.failed else ""
    lost = "the second copy of the reference has no time beside it" if check.lost else ""
    return f"in these cases {' or '.join(filter(None, (differ, lost)))}: verdicts are withheld"


def _needed(run: RunFindings) -> int:
    return LEAST_SETS["process" if any(arm.pairing == "process" for arm in run.arms) else "round"]


def _cares(run: RunFindings) -> Iterator[str]:
    """Say what is to be known beside verdicts that stand."""
    check = run.self_check
    ended = unfinished(run)
    if ended:
        yield ended
    restless = _restless(run)
    if restless:
        yield restless
    if check.failed:
        yield (
            f"in {len(check.failed):,} of {counted(check.cases, 'case')} the reference, measured twice, differed from "
            f"itself, {_left_out(len(check.failed))}"
        )
    if check.lost:
        without = f"in {counted(len(check.lost), 'case')} the second copy of the reference has no time beside it"
        yield f"{without}, {_left_out(len(check.lost))}"
    unchecked = _unchecked(run)
    if unchecked:
        without = f"in {counted(unchecked, 'case')} the reference has no time"
        yield f"{without}, so verdicts there rest on its self-check in the others"
    rejected = sum(arm.outcome == Outcome.INVALID or _failed_as(arm, Failure.WRONG) for arm in run.arms)
    if rejected:
        yield f"{counted(rejected, 'result')} failed a check and {'was' if rejected == 1 else 'were'} rejected"
    chaotic = sum(_failed_as(arm, Failure.UNPROVABLE) for arm in run.arms)
    if chaotic:
        unproved = f"{counted(chaotic, 'training')} could not be proved right or wrong"
        yield f"{unproved}, and {'has' if chaotic == 1 else 'have'} no time"
    if Standing.INDICATIVE in standings(run):
        yield "some cases had too few fresh starts for a verdict"


def _restless(run: RunFindings) -> str:
    grade = grade_of_run(run)
    return _RESTLESS.get(grade, "") if grade else ""


def _left_out(cases: int) -> str:
    return f"so nobody wins there, and the means leave {'it' if cases == 1 else 'them'} out"


def _unchecked(run: RunFindings) -> int:
    """Count the cases with verdicts, but without a reference that could be held against its copy."""
    cases = [case for board in run.boards for case in board.cases if case.self_check is None]
    return len({case.key for case in cases if any(entry.standing in DECIDED for entry in case.entries)})


def _failed_as(arm: Measurement, kind: Failure) -> bool:
    return arm.outcome == Outcome.FAILED and arm.detail.startswith(f"{kind}:")


def grade_of_run(run: RunFindings) -> Grade | None:
    """Return how still the machine was; where no manifest tells, by what the self-check could see."""
    told = noise.grade(run.manifest)
    return told or (grade_of(run.self_check.detectable[1]) if run.self_check.detectable else None)


def _sentences(*clauses: str) -> str:
    return " ".join(f"{capital(clause)}." for clause in clauses if clause)
