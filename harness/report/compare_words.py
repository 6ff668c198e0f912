"""What is said of a comparison as a whole, before and after its lines: on what ground it stands, and its sum.

Sentences are made once, for the terminal and for the page alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.report import words
from harness.report.comparison import Comparison, How
from harness.report.sentences import Shown, percent, times
from harness.stats.combine import Combined
from harness.stats.estimate import CONFIDENCE
from harness.stats.multiplicity import Correction
from harness.stats.verdict import LEAST_SETS, Verdict

HIDDEN = frozenset({Verdict.EQUIVALENT})  # nothing has to be done about them
ORDER = (
    Verdict.REGRESSED,
    Verdict.FAILED,
    Verdict.INVALID,
    Verdict.MISSING,
    Verdict.NOT_COMPARABLE,
    Verdict.IMPROVED,
    Verdict.SMALL_CHANGE,
    Verdict.INCONCLUSIVE,
    Verdict.NEW,
    Verdict.EQUIVALENT,
)
CORRECTIONS = {
    Correction.HOLM: "differences beyond the margin are corrected for their number (Holm)",
    Correction.BENJAMINI_HOCHBERG: "differences beyond the margin are corrected for their number (Benjamini-Hochberg)",
    Correction.NONE: "each is judged by itself: among many, some differences are chance",
}
TOGETHER = "measure both in one session (python -m harness ab --help)"


def title(comparison: Comparison, name: Shown) -> str:
    """Say who is beside whom, and where both come from."""
    base, new = comparison.base, comparison.new
    match comparison.how:
        case How.SESSION:
            return f"{name(new.target)} beside {name(base.target)}, run {name(new.run_id)} of {name(new.suite)}"
        case How.ACROSS:
            return f"{name(new.target)} ({new.run_id}) beside {name(base.target)} ({base.run_id})"
    return f"{name(new.name)} beside {name(base.name)}"


def summary(comparison: Comparison, name: Shown, text: Shown) -> Iterator[str]:
    """Yield what is to be known before the lines."""
    yield _ground(comparison, name)
    yield from (text(note) for note in comparison.notes)
    yield counts(comparison)
    yield from _overall(comparison, name)
    yield from self_check(comparison)
    yield from _looks(comparison)
    yield from _flags(comparison, name)


def counts(comparison: Comparison) -> str:
    """Count the verdicts, and say what became of the arms that have none."""
    total = len(comparison.lines)
    listed = ", ".join(f"{count} {verdict}" for verdict, count in comparison.counts.items())
    said = f"{total} arm{'s' * (total != 1)}: {listed}" if total else "no arm was measured on either side"
    idle = len(comparison.unmeasured)
    if idle:
        said += f"; {idle} more could be measured on neither side (refused, unavailable or only compiled)"
    return said


def self_check(comparison: Comparison) -> Iterator[str]:
    """Say what the reference beside itself allows to be said."""
    if comparison.how in (How.REFUSED, How.ACROSS):
        return
    check = comparison.self_check
    if check is None:
        yield "self-check: the reference was not measured twice, so verdicts are withheld"
        return
    said = f"self-check: the reference beside itself came out as {_ratio(check)} over {_cases(check.cases)}"
    if comparison.self_check_passed is None:
        yield f"{said}; one process-set tells nothing of the spread"
    elif not comparison.self_check_passed:
        yield f"{said}, which misses 1: verdicts are withheld"
    elif comparison.detectable is not None:
        yield f"{said}; {words.share(comparison.detectable)} could be seen in the median case"


def _ground(comparison: Comparison, name: Shown) -> str:
    margin = f"the margin is {percent(comparison.margin)}"
    match comparison.how:
        case How.SESSION:
            return f"compared block by block within one session; {margin}"
        case How.ACROSS:
            return "compared over sessions of different machines; only large and sure differences get a verdict"
        case How.THROUGH:
            return f"two sessions, each seen beside {name(comparison.anchor)}; {margin}"
        case How.INSISTED:
            return (
                "two sessions, compared by absolute times because it was insisted on: what the machine did in between "
                f"is part of every difference, and no interval knows of it; {margin}"
            )
    return (
        f"two sessions prove nothing of each other: {TOGETHER}, name an arm that is the same in both with --through "
        "TARGET, or take absolute times with --insist"
    )


def _overall(comparison: Comparison, name: Shown) -> Iterator[str]:
    found = comparison.overall
    if found is None:
        return
    base, new = name(comparison.base.target), name(comparison.new.target)
    scope = f"geometric mean over {_cases(found.cases)}, {found.sets} sets"
    if comparison.self_check_passed is not True or found.sets < LEAST_SETS[found.pairing]:
        yield f"together, without a verdict: {new} takes {_ratio(found)} times as long as {base} ({scope})"
    elif found.covers_one:
        yield f"together: {new} and {base} cannot be told apart, their ratio is {_ratio(found)} ({scope})"
    else:
        slower = found.log > 0
        low, high = (found.low, found.high) if slower else (1 / (found.high or 1), 1 / (found.low or 1))
        shown, span = times(found.ratio if slower else 1 / found.ratio, low, high)
        yield f"together: {new} is {shown} x {'slower' if slower else 'faster'} than {base} ({span}, {scope})"


def _looks(comparison: Comparison) -> Iterator[str]:
    """Say how sure an interval is where it is surer than usual, and what was done about their number."""
    judged = [line.deciding for line in comparison.lines if line.deciding.log_low is not None]
    if comparison.how is How.ACROSS or not judged:
        return
    if any(one.confidence > CONFIDENCE for one in judged):
        surest = max(one.confidence for one in judged)
        yield f"the run was looked at more than once, so each interval is one of {percent(surest)}"
    if any(one.alone is not None for one in judged):
        yield CORRECTIONS[comparison.correction]


def _flags(comparison: Comparison, name: Shown) -> Iterator[str]:
    once = [line for line in comparison.lines if line.seen_once]
    stopped = sum(line.stopped for line in once)
    if comparison.confirmed_by:
        runs = f"run{'s' * (', ' in comparison.confirmed_by)} {name(comparison.confirmed_by)}"
        yield f"differences were measured again by fresh processes in the {runs}"
    if stopped:
        yield (f"{_differences(stopped)} seen once, and the confirmation was interrupted; gate --confirm measures anew")
    if len(once) > stopped and comparison.how is How.SESSION:
        yield (
            f"{_differences(len(once) - stopped)} seen once and not measured again by fresh processes; gate --confirm "
            "does that"
        )


def _ratio(found: Combined) -> str:
    shown, span = times(found.ratio, found.low, found.high)
    return f"{shown} ({span})" if span else shown


def _differences(count: int) -> str:
    return f"{count} difference{'s were' if count != 1 else ' was'}"


def _cases(count: int) -> str:
    return f"{count} case{'s' * (count != 1)}"
