"""Made-up comparisons: lines with the verdict that a test wants, and numbers that go with it."""

from __future__ import annotations

import math
from typing import Any

from harness.report.comparison import Comparison, How, Line, Page, Side
from harness.stats.multiplicity import Correction
from harness.stats.verdict import Judgement, Verdict

RATIOS = {
    Verdict.REGRESSED: (1.10, 1.08, 1.12),
    Verdict.IMPROVED: (0.90, 0.88, 0.92),
    Verdict.EQUIVALENT: (1.001, 0.999, 1.003),
    Verdict.SMALL_CHANGE: (1.01, 1.001, 1.025),
    Verdict.INCONCLUSIVE: (1.02, 0.95, 1.10),
}


def judgement(verdict: Verdict, ratio: tuple[float, float, float] | None = None, **more: Any) -> Judgement:
    """Return a judgement; those that rest on numbers have some."""
    numbers = RATIOS.get(verdict) if ratio is None else ratio
    if numbers is None:
        return Judgement(verdict=verdict, log=None, **more)
    log, low, high = map(math.log, numbers)
    values: dict[str, Any] = {"verdict": verdict, "log": log, "log_low": low, "log_high": high, "sets": 5}
    return Judgement(**(values | more))


def line(verdict: Verdict, case: str = "square[m=128]", **more: Any) -> Line:
    """Return a line of that verdict; `ratio` and `confirmed` may be said."""
    found = judgement(verdict, more.pop("ratio", None), margin=more.pop("margin", 0.02))
    values: dict[str, Any] = {
        "case": case,
        "case_key": f"{hash_of(case):016x}",
        "base": "" if verdict is Verdict.NEW else "torch@cpu",
        "new": "" if verdict is Verdict.MISSING else "jax@cpu",
        "judgement": found,
        "base_s": 1e-3,
        "new_s": None if found.ratio is None else found.ratio * 1e-3,
        "detail": "" if found.log is not None else f"why it is {verdict}",
    }
    return Line(**(values | more))


def hash_of(text: str) -> int:
    """Return a number that stays the same from process to process."""
    return sum(ord(char) * 31**at for at, char in enumerate(text[:10]))


def comparison(*lines: Line, **more: Any) -> Comparison:
    """Return a comparison of two targets of one run."""
    values: dict[str, Any] = {
        "base": Side(run_id="20260102T030405678Z-0123456789ab", suite="gemm", target="torch@cpu"),
        "new": Side(
            run_id="20260102T030405678Z-0123456789ab",
            suite="gemm",
            target="jax@cpu",
            started_at="2026-01-02T04:04:05+01:00",
        ),
        "how": How.SESSION,
        "lines": lines,
        "correction": Correction.HOLM,
    }
    return Comparison(**(values | more))


def page(*lines: Line, **more: Any) -> Page:
    """Return a page with one comparison."""
    return Page(comparisons=(comparison(*lines, **more),))
