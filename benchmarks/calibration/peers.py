"""The rules by which other tools call two measurements different, on whatever values they are given.

Each is written after what that tool's comparison does by default (pyperf 2.10 `compare_to`,
pytest-benchmark 5 `--benchmark-compare-fail`, google-benchmark 1.9 `compare.py`):

==================  ============================================================================
pyperf              Student's t-test of two pooled samples of equal size, 95 %; whoever measured
                    a value, in whichever process, makes no difference
pytest-benchmark    the second mean is more than 5 % above the first: ``mean:5%``; slower only
google-benchmark    Mann and Whitney's U of 9 repetitions each, below 0.05
==================  ============================================================================

It is the rule that is tried here, not the tool: how long a value is measured is ours to choose.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

Values = Sequence[Sequence[float]]  # seconds a call by process, in the order in which they were taken

ERROR = 0.05
PYPERF_VALUES = 60  # 20 processes of 3 values
PYTEST_SHARE = 0.05
GOOGLE_REPETITIONS = 9


def pyperf(a: Values, b: Values) -> bool:
    """Whether pyperf calls the difference significant."""
    from scipy.special import stdtrit

    first, second = _spread_evenly(a, PYPERF_VALUES), _spread_evenly(b, PYPERF_VALUES)
    count = min(len(first), len(second))
    first, second = first[:count], second[:count]
    pooled = (statistics.variance(first) + statistics.variance(second)) / 2
    difference = abs(statistics.mean(first) - statistics.mean(second))
    if pooled == 0:
        return difference > 0
    return bool(difference / math.sqrt(2 * pooled / count) >= stdtrit(2 * count - 2, 1 - ERROR / 2))


def pytest_benchmark(a: Values, b: Values) -> bool:
    """Whether pytest-benchmark fails the second for its mean."""
    return statistics.mean(chain(*b)) / statistics.mean(chain(*a)) - 1 > PYTEST_SHARE


def google_benchmark(a: Values, b: Values) -> bool:
    """Whether google-benchmark's U test finds a difference.

    A tool that runs one program after the other has its repetitions in one process each. Those that lie
    closest in time are taken, the last of A and the first of B, which is the kindest choice.
    """
    from scipy.stats import mannwhitneyu

    last, first = a[-1][-GOOGLE_REPETITIONS:], b[0][:GOOGLE_REPETITIONS]
    return bool(mannwhitneyu(last, first, alternative="two-sided").pvalue < ERROR)


def google_benchmark_in_turn(a: Values, b: Values) -> bool:
    """The same test where blocks of both alternate: the repetitions of one process-set."""
    from scipy.stats import mannwhitneyu

    first, second = a[0][:GOOGLE_REPETITIONS], b[0][:GOOGLE_REPETITIONS]
    return bool(mannwhitneyu(first, second, alternative="two-sided").pvalue < ERROR)


Rule = Callable[[Values, Values], bool]

SEQUENTIAL: Mapping[str, Rule] = {
    "pyperf": pyperf,
    "pytest-benchmark mean:5%": pytest_benchmark,
    "google-benchmark U": google_benchmark,
}
IN_TURN: Mapping[str, Rule] = {**SEQUENTIAL, "google-benchmark U": google_benchmark_in_turn}


def alarms(rules: Mapping[str, Rule], a: Values, b: Values) -> dict[str, bool]:
    """Return which rules call A and B different."""
    return {name: rule(a, b) for name, rule in rules.items()}


def _spread_evenly(values: Values, count: int) -> list[float]:
    """Return at most `count` values, as many of each process as of any other, the first of each."""
    each = max(1, math.ceil(count / len(values)))
    return list(chain(*(process[:each] for process in values)))[:count]
