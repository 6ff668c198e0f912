"""What stands at the end of every page: how all of it was measured, step by step, and what each word means."""

from __future__ import annotations

from harness.report.content import Bullets, Prose, Section, link
from harness.report.glossary import CHECKS, percent, table
from harness.stats.estimate import CONFIDENCE, TOLERATED
from harness.stats.sequential import LOOKS, Rule
from harness.stats.verdict import LEAST_SETS

_LEAST, _BY_PROCESS = LEAST_SETS["round"], LEAST_SETS["process"]
_FEWER, _LAST = LOOKS["round"][:-1], LOOKS["round"][-1]

# A step is a paragraph.
_METHOD = f"""
The same work. A case is stated once, without any framework: its parameters, its inputs from a seed, and the right
answer, worked out in float64. Every target is given the same inputs, bit by bit, as arguments, so that no compiler can
work the answer out beforehand.

The same device and type. Inputs and outputs are looked at: they lie on the device and have the element type that were
asked for, so that nothing falls back in silence.

The same arithmetic (math mode). It is forced alike in every framework and proved by the answers. What a framework does
when it is left alone is never ranked.

Proof first. The output is compared with the right answer before anything is timed, and again afterwards. What is wrong
at first is not timed: it has failed (wrong). What is found wrong only afterwards is invalid, and its time is rejected.

The clock. A call that is not timed, a look at the clock, some calls in a row, a wait until the device has finished, a
look at the clock: that is a block. How many calls it holds is settled once, so that it lasts 5 to 50 milliseconds, or a
single call where that takes longer. The time of a call is the time of its block over the calls in it. Latency is
another quantity: one call, waited for by itself. The very first call, with all the compiling in it, is kept apart from
both.

Repeats (rounds). All targets of a case take turns, one at a time while the others stand still: in each repeat every one
of them has a block, in an order drawn anew. So whatever slows the machine for a while falls on all alike. A target
whose calls take so long that all its blocks would need more time than it may take (max_time) has a block in some of the
repeats only, spread evenly; where not even 5 would fit into a fresh start, it has failed (timeout). Where a device can
be held by one process alone, or the memory does not hold all targets of a case, whole processes take turns in place of
blocks (pairing: process). No block is left out because it was slow or quick; those whose process was lost before it had
proved its last answer count for nothing.

Fresh starts (process-sets). All of that is done again in new processes, because the layout of memory and the choices of
a compiler differ from process to process, and would otherwise be taken for a difference between frameworks. A verdict
takes at least {_LEAST} of them, or {_BY_PROCESS} where only whole processes can take turns. The profile quick makes
one, standard {_LEAST}, rigorous {_LEAST} to {_LAST}.

Ratios (time / reference). Of each repeat that both took part in, the one block is divided by the other: the median over
repeats, then the mean over fresh starts, on logarithms. Where whole processes took turns, their medians are divided in
place of blocks. Below 1, the target is the faster. A ratio of blocks is often far surer than the two times that it is
made of, because what slows both cancels.

Intervals. Student's, over fresh starts, on logarithms, of {percent(CONFIDENCE)}. A run that looks after
{", ".join(map(str, _FEWER))} and {_LAST} fresh starts whether enough is known has {len(_FEWER) + 1} chances to be
wrong, so each of its ratios has an interval of {percent(Rule().spent)}.

Verdicts. Faster or slower, where the interval of the ratio does not contain 1; a tie, where it does. A tie means that
this run could not tell the two apart, not that they are equal.

Ranking. Programs as they are written and compiled ones are ranked apart; a target that always compiles is ranked in
both classes, NumPy and the math mode default in none. Beside a reference that is not ranked in the same class there is
a ratio and no verdict. In a case, a target wins where every other one of its class is slower by that rule, and ties
where it shares the first place. Over many cases stands the geometric mean of the ratios, over those cases that all
targets of the class measured, but for those whose own self-check failed.

The self-check (A against A'). The reference is measured twice in each fresh start, and nothing differs between the two:
the interval of their ratio has to contain 1, or to lie within {percent(TOLERATED)} of it. Where it does not, verdicts
are withheld, in that case or in the whole run. Half that interval is the smallest difference that could be seen on that
machine on that day.

What is refused. {len(CHECKS)} checks (V1 to V{len(CHECKS)}) look for ways to be fast without doing the work. A result
that fails one is invalid (failed, where the answer was wrong from the start): a time that was taken is shown as
rejected, and compared with nothing. A target without a time in a case, whatever the reason, takes that case out of the
common cases, so that nobody gains by failing where it is slow.

Ceilings. What a device can do in an element type and math mode, of arithmetic and of memory. For the arithmetic of a
CPU it is the larger of its data sheet, at the highest clock that it is ever sold with, and of what a product reached at
the start of the run; for its memory, what was measured there. For accelerators it is the data sheet. Memory counts only
where the data of a call are more than caches hold.

Operations. Speed counts the operations of the mathematics (2mnk for a matrix product), not those of the kernel that
ran. Where operations mean nothing it counts bytes: each input read once, each output written once.

Predictions. A program that was compiled for a device that is not here has the compiler's estimate and no time. It is
shown apart, and compared with nothing.

Many verdicts. Each interval is right {100 * CONFIDENCE:g} times in 100, by itself: among hundreds of cases, some
verdicts are wrong by chance.
"""


def explained() -> tuple[Section, ...]:
    """Return the sections on method and words; they are the same on every page."""
    intro = (
        "In the order in which a measurement goes. Plain words come first, with the exact term in brackets where the "
        f"files of results have another; all of them are in the {link('list of words', 'glossary')}."
    )
    return (
        Section(
            anchor="methods",
            title="How this was measured",
            level=2,
            blocks=(Prose(text=intro), Bullets(items=tuple(" ".join(step.split()) for step in _steps()))),
        ),
        Section(anchor="glossary", title="What the words mean", level=2, blocks=(table(),)),
    )


def _steps() -> list[str]:
    return _METHOD.strip().split("\n\n")
