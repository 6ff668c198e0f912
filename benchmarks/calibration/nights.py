"""Ten nights of 300 small cases, identical on both sides: how often somebody would be woken for nothing.

    python -m benchmarks.calibration.nights --keep DIR

A night is one session over 300 cases of a few microseconds to a few hundred, two workers of NumPy beside
each other, five process-sets. All 300 comparisons are one list, corrected for their number as the
nightly list is (Benjamini and Hochberg); what is flagged then is measured again by fresh processes, ten
sets, and only what they say too is told. The promise: at most one flag in ten nights, which is 3,000
comparisons.

Why this pace: five sets are the least that a verdict takes. With blocks of 1 ms and 30 rounds a night
takes 4 to 6 minutes on two processors, of which the rounds are half; blocks of 5 ms would take four
times as long. Such a night sees less than one of the usual pace, and says how much it sees.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, too

from benchmarks.calibration import common
from benchmarks.calibration.figures import Promise, no_more_than, percent, share_of
from benchmarks.calibration.keep import Entry, Journal
from benchmarks.calibration.measuring import (
    Size,
    detectable,
    flagged,
    measure,
    only,
    pairs_suite,
    tally,
    twins,
)
from harness.errors import ExitCode
from harness.stats.multiplicity import Correction
from harness.suite.model import Case
from harness.workloads.elementwise import Elementwise
from harness.workloads.matmul import Matmul
from harness.workloads.normalise import Normalise
from harness.workloads.reduction import Reduction

NIGHTS, CASES, ALLOWED = 10, 300, 1
SIZE, AGAIN = Size(sets=5, rounds=30, block_ms=1.0), Size(sets=10, rounds=30, block_ms=5.0)
QUICK, QUICK_AGAIN = Size(sets=5, rounds=5, block_ms=0.2), Size(sets=10, rounds=5, block_ms=0.2)
QUICK_CASES = 12


def cases(count: int = CASES) -> list[Case]:
    """Return so many small cases, no two the same: products, sums, elementwise and normalised work in turn."""
    made = [make(step) for step in range(-(-count // 4)) for make in (_product, _sum, _elementwise, _normalised)]
    return made[:count]


def _product(step: int) -> Case:
    m, n, k = 8 + step % 10 * 8, 8 + step // 10 * 8, 64
    return Case(name=f"product-{m}x{n}", workload=Matmul(m=m, n=n, k=k))


def _sum(step: int) -> Case:
    op, size = ("sum", "mean", "max", "l2norm", "logsumexp")[step % 5], 500 + step // 5 * 700
    return Case(name=f"{op}-{size}", workload=Reduction(op=op, shape=(size,)))


def _elementwise(step: int) -> Case:
    op, size = ("add", "multiply_add", "relu", "tanh", "exp")[step % 5], 400 + step // 5 * 600
    return Case(name=f"{op}-{size}", workload=Elementwise(op=op, shape=(size,)))


def _normalised(step: int) -> Case:
    op, rows = ("softmax", "layer_norm", "l2")[step % 3], 2 + step // 3 * 2
    return Case(name=f"{op}-{rows}", workload=Normalise(op=op, shape=(rows, 64)))


class Nights:
    """Measures nights."""

    def __init__(self, options: common.Options, journal: Journal) -> None:
        self._options = options
        self._journal = journal
        self._size, self._again = (QUICK, QUICK_AGAIN) if options.quick else (SIZE, AGAIN)
        self._cases = cases(QUICK_CASES if options.quick else CASES)

    @property
    def shape(self) -> dict[str, Any]:
        """What all nights have in common."""
        return {"cases": len(self._cases), **self._size.plain()}

    def night(self, number: int) -> Entry:
        """Measure all cases, and again by fresh processes what the corrected list flags."""
        seed = common.seed_of(self._options, number)
        suite = pairs_suite("calibration-night", self._cases, twins("numpy@cpu"), threads=1, seed=seed)
        measured = measure(suite, self._size, self._journal.results)
        entry: Entry = {"run_id": measured.run_id, "pairs": [pair.plain() for pair in measured.pairs], "again": []}
        suspects = flagged(measured.pairs, correction=Correction.BENJAMINI_HOCHBERG)
        if suspects:
            again = only(suite, suspects, seed=common.seed_of(self._options, number, 1))
            entry["again"] = [pair.plain() for pair in measure(again, self._again, self._journal.results).pairs]
        return entry


# -- figures --------------------------------------------------------------------------------------


def figures(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the counts of all nights: (hits, asked) of each."""
    counts = tally(entries)
    told = {"flagged": "alone", "flagged_among": "listed", "raised": "told"}  # of a night, whose list is corrected
    return {
        "counts": {told.get(name, name): sessions for name, sessions in counts.items()},
        "detectable": detectable(entries),
        "night_s": [entry["wall_s"] for entry in entries],
    }


def sentences(entries: Sequence[Entry], known: dict[str, Any], series: str) -> list[str]:
    """Put the figures into words."""
    counts = known["counts"]
    lines = [
        common.surroundings_words(entries, series),
        f"identical arms, 95 % intervals that miss 1: {share_of(counts['raw'])}",
        f"beyond the margin, each by itself: {share_of(counts['alone'])}",
        f"beyond the margin on the corrected list of a night: {share_of(counts['listed'])}",
        f"told, that is, said by fresh processes too: {share_of(counts['told'])}",
        f"flagged and not to be measured again, an arm failed or a check refused it: {share_of(counts['unconfirmed'])}",
        f"not compared for that reason: {share_of(counts['lost'])}",
    ]
    if known["detectable"] is not None:
        seen, longest = known["detectable"], max(known["night_s"])
        lines.append(f"in the middle case {percent(seen)} could be seen; the longest night took {longest:.0f} s")
    return lines


def promises(entries: Sequence[Entry], known: dict[str, Any], series: str, *, nights: int) -> list[Promise]:
    """Judge what was promised."""
    told = share_of(known["counts"]["told"])
    least = int(0.99 * nights * CASES)  # an arm in a hundred may be lost
    words = f"at most {ALLOWED} flag in {nights} nights of {CASES} identical cases"
    return [no_more_than(words, told, ALLOWED, least=least), *common.quiet_promise(entries, series)]


def main() -> ExitCode:
    """Measure, print, and say whether the promise holds."""
    parser = common.parser(__doc__)
    parser.add_argument("--nights", type=int, default=NIGHTS, help="enough (default: %(default)s)")
    arguments = parser.parse_args()
    options = common.Options.of(arguments)
    journal = Journal(options.keep, script="nights")
    nights = Nights(options, journal)
    entries = common.go_on(
        journal, options, nights.shape, nights.night, lambda entries: len(entries) >= arguments.nights
    )
    known = figures(entries)
    judged_promises = promises(entries, known, options.series, nights=arguments.nights)
    return common.tell(options, known, sentences(entries, known, options.series), judged_promises)


if __name__ == "__main__":
    raise SystemExit(common.run_script(main))
