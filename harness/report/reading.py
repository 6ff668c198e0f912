"""The words that stand at the end of every page: what its numbers and its words mean."""

READING = """\
- **time** is seconds a call: the median over process-sets of the medians over blocks. A process-set is one
  fresh process for each target; within it the arms take turns, block by block, in random order. No block is
  deleted. The **95 % interval** is Student's over process-sets, on logarithms.
- **time / reference** is the time of an arm over that of the reference, from blocks taken in the same round of
  the same process-set, so that what slows the whole machine cancels. Below 1, the arm is the faster.
- **verdict** compares with the reference: `faster` or `slower` where the interval of the ratio misses 1, `tie`
  where it contains 1. A tie means that this run could not tell the two apart, not that they are equal.
- **in its class**: `wins` where every other arm of the class is slower by that rule; `tie` where it shares the
  first place; `behind` otherwise; `alone` where nothing else of the class was measured. Arms used as they are
  written and compiled arms are ranked apart. A target that always compiles is ranked in both classes.
- `indicative`: fewer than 5 process-sets (10 where arms alternate by whole processes), so there is no verdict.
- `withheld`: the reference was measured twice in each process-set, and the two differed where nothing
  differs. That run, or that case, cannot carry a verdict.
- **speed** counts the operations of the mathematics, not those of the kernel that ran. Where operations mean
  nothing it counts bytes, each input read once and each output written once.
- **of the ceiling** is the share of the most that the device can do in this type and math mode: of its arithmetic,
  or, where a call's data is more than its caches hold, of its memory, whichever share is the larger. For the
  arithmetic of a CPU the ceiling is the larger of its data sheet (at the highest clock that it is ever sold with)
  and what a product reached at the start of the run; for its memory, what was measured. For accelerators it is
  the data sheet.
- Outcomes: `measured` (proved right and timed), `invalid` (a validity check failed; the time was rejected),
  `predicted` (compiled, not run), `refused` (the backend declares that it does not do this), `unavailable`
  (no such device or framework here), `failed`, `not-run` (never reached). A dash means that nothing was told.
- The intervals are right 95 times in 100, each alone. Among hundreds of cases some verdicts are wrong by chance."""
