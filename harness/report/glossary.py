"""What each word of a report means: in plain words, and exactly.

A page uses plain words first (fresh start, repeat, self-check); the exact terms are those of the documents and of
the files of results. An entry is a line, or several where those after the first are indented: the word, the plain
words, the exact meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.report.content import Cell, Column, Row, Table
from harness.stats.estimate import CONFIDENCE, TOLERATED
from harness.stats.noise import LIMITS, Grade
from harness.stats.verdict import LEAST_SETS


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """One word, in plain words and exactly."""

    word: str
    plain: str
    exact: str


def _meanings(text: str) -> tuple[Meaning, ...]:
    entries = [[" ".join(part.split()) for part in entry.split("|")] for entry in re.split(r"\n(?! )", text.strip())]
    return tuple(Meaning(word=word, plain=plain, exact=exact) for word, plain, exact in entries)


def percent(share: float) -> str:
    """Return a share with all the digits that it has."""
    return f"{100 * share:.6g} %"


_SEEN = {grade: percent(limit) for limit, grade in LIMITS}

MEASURING = _meanings("""
case | one piece of work | a workload with all its parameters; its name is its id and those parameters that vary
target | with what, and where, the work was done | backend.mode@device, such as torch.compile@gpu:0, or the label that
    stands for it
arm | one case on one target | what is timed; every planned arm ends as exactly one outcome
reference | the target that the others are compared with | each fresh start measures it twice, for the self-check
as-written | the framework as most people write it | the class of modes that run a program as it stands; ranked apart
    from compiled
compiled | the program was translated as a whole first | the class of modes that compile; a target that always compiles
    is ranked in both classes
block | some calls in a row, between two looks at the clock | an untimed call, then so many calls that they last 5 to
    50 ms (one, where it is longer), and one wait for the device at the end; how many is settled once for each arm
repeat (round) | each target has a turn | a round: a block of each arm that takes part, in an order drawn anew; arms
    whose calls are long take part in fewer rounds, evenly spread, but in at least 5 of each process-set
fresh start (process-set) | everything again, in new processes | a process-set: one new worker process for each target
run (session) | all that one command measured | all process-sets together; numbers of two runs are never mixed
pairing | how targets took turns | round: block by block, within a process-set; process: one whole process after
    another, where a device can be held by one alone, or the memory does not hold all arms of a case
""")

NUMBERS = _meanings(f"""
time | seconds that one call takes | the median over process-sets of the medians over blocks, of the time of a block
    over its calls
latency | how long a single caller waits | one call and one wait for the device; its median as for the time
throughput | how much gets through when calls are queued | what a call works through (images, tokens, rows) over the
    time of a call
first call | the very first one, which may compile | timed by itself, with all its tracing and compiling; it is in no
    other number. The cases of a process share what its compiler keeps, so it is shorter where an earlier case had the
    same program
cold start | from a new process to the first answer | loading the framework, making inputs and the call ready, and the
    first call; entirely cold only in the first case of a process
interval | the ends between which the true value probably lies | Student's, over process-sets, on logarithms; right
    {100 * CONFIDENCE:g} times in 100, by itself
time / reference | 0.50 is half the time of the reference, 2.0 is twice | of the ratios of the two blocks of each round
    that both took part in: the median over rounds, then the mean over process-sets, on logarithms; where whole
    processes took turns, the mean over process-sets of the ratio of their medians
geometric mean | one ratio for many cases | the mean of the logarithms of the ratios over the common cases; its interval
    comes from leaving out each process-set in turn
common cases | the cases that everybody measured | those for which every target of the class that has any time has one,
    without those whose own self-check failed in a run whose self-check held
smallest difference that could be seen | anything smaller was lost in the noise | half the interval of the ratio of the
    reference to its copy, as a share, in the median case
of the ceiling | the share of what the device can do | of its arithmetic in this type and math mode, or, where the data
    exceed twice the last-level cache, of its memory; the larger of the two; of a training, what is
    called model FLOPs utilisation (MFU)
operations a byte | how much is computed with each byte | FLOPs of a call over the bytes that it must move at the least
s, ms, µs, ns | seconds, and a thousandth of the one before each | 1, 10^-3, 10^-6 and 10^-9 seconds
FLOP/s | operations a second | floating-point operations of the mathematics, not of the kernel that ran; k, M, G, T and
    P are powers of 1,000
B/s | bytes a second | each input read once and each output written once; k, M, G, T and P are powers of 1,000
KiB, MiB, GiB | sizes of memory | 2^10, 2^20 and 2^30 bytes
a dash | nothing was told | the column is empty for that arm
""")

VERDICTS = _meanings(f"""
faster, slower | it takes less, or more, time than the reference | the interval of the ratio lies below 1, or above it
tie | this run could not tell the two apart | the interval of the ratio contains 1, which does not make them equal; in a
    ranking: it shares the first place
wins | nobody else is as fast in that case | every other measured target of the class is slower by that rule
behind | somebody is faster | the fastest of the class is faster by that rule
alone | there was nobody to compare it with | nothing else of the class was measured in that case
indicative | numbers, but no verdict | fewer than {LEAST_SETS["round"]} process-sets, or {LEAST_SETS["process"]} where
    arms take turns by whole processes
withheld | no verdict, because the run failed its own check | the self-check of the run or of the case failed, or is
    missing
not-comparable | never measured side by side | no block of the one was taken in the same round as a block of the other
no reference | there is nothing to divide by | the reference was not measured in that case
other class | a ratio, but no contest | the reference is not ranked in this class: it is of the other one, or of none,
    as NumPy is; so there is no verdict
not ranked | shown, and never in a ranking | NumPy, and cases in the math mode default: there is a ratio to the
    reference, and no verdict
self-check (A/A') | the reference against itself | its two copies must come out equal: the interval of their ratio
    contains 1, or lies within {percent(TOLERATED)} of it
""")

OUTCOMES = _meanings("""
measured | proved right, and timed | the only outcome whose time is compared with others
invalid | not believed | a check failed (V1 to V10); a time that was taken is kept apart as rejected, and compared with
    nothing; an arm whose answer was wrong before it was timed has failed, and is not invalid
predicted | compiled, and not run | the compiler's estimate for a device that is not here; never beside a measured time
refused | not offered | the backend declares that it does not do this, and why
unavailable | not there | no such device, framework or compiler on this machine
failed | it went wrong | of a kind: wrong (the answer, before it was timed), oom-device and oom-host (out of
    memory), timeout, crashed, error, compile, unprovable (a training so chaotic that nothing tells right from wrong),
    or unreached (a training never came to its goal)
not-run | its turn never came | the time budget was spent, or the run was interrupted
""")

# The plain words say what an arm that fails the check is guilty of, the exact ones what is asked of it.
CHECKS: Mapping[str, Meaning] = {
    one.word: one
    for one in _meanings("""
V1 | a wrong answer | the output agrees with the float64 reference, before and after timing: not worse than its type
    allows, and where a math mode is named, not better than that can be
V2 | a remembered answer | other inputs give other outputs, and a call on new arrays takes at most ten times as long as
    on the same ones again
V3 | calls merged or left out | calls on as many copies of the inputs, each answer kept, take about as long as a block
    of as many on one; what is to be moved is written elsewhere
V4 | a wait that does not wait | four times the calls take about four times as long; less than twice is refused
V5 | work left over when the clock stopped | nothing is left to do after the device was waited for
V6 | faster than the device can be | at most 1.02 times what the data sheet allows at the highest clock, or what was
    measured if that is more; four times that where an algorithm may leave out operations
V7 | another device or type than was asked for | inputs and outputs lie on the device and in the type asked for
V8 | more processors than were allowed | no more processors were busy than the arm was given threads
V9 | compiling while the clock ran | nothing is compiled while timing
V10 | not the same work in each call | two calls give the same, and the inputs stay as they were
""")
}

OTHERS = _meanings(f"""
ieee | full precision | products and sums in the element type itself or better (16-bit floats and int8 are summed in 32
    bits)
tf32 | short factors on a GPU | float32 factors rounded to 11 significant bits
default | whatever the framework does | the arithmetic is left alone, may differ between frameworks, and is never ranked
warm, cold | whether data may be in a cache already | warm: the same inputs in each call; cold: so many copies in turn
    that no cache holds them
quiet | the machine was still | differences of {_SEEN[Grade.QUIET]} could be seen, in the median case
fair | still enough | differences of {_SEEN[Grade.FAIR]} could be seen
noisy | small differences are lost | differences of {_SEEN[Grade.NOISY]} could be seen
unusable | hardly any difference can be told | not even differences of {_SEEN[Grade.NOISY]} could be seen
""")


def table() -> Table:
    """Return all words, those of measuring first."""
    words = (*MEASURING, *NUMBERS, *VERDICTS, *OUTCOMES, *CHECKS.values(), *OTHERS)
    return Table(
        name="glossary-words",
        title="Words",
        columns=(Column(title="word"), Column(title="in plain words"), Column(title="exactly")),
        rows=tuple(Row(cells=(Cell(text=one.word), Cell(text=one.plain), Cell(text=one.exact))) for one in words),
    )
