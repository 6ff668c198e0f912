"""Ratios as logarithms: what no float holds is infinite, never an error."""

from __future__ import annotations

import math
import sys

import pytest

from harness.stats.interval import KnownRatio, LogRatio

LARGEST = math.log(sys.float_info.max)


def test_an_end_that_no_float_holds_is_infinite() -> None:
    found = LogRatio(log=0.0, log_low=-800.0, log_high=800.0)
    assert (found.ratio, found.low, found.high) == (1.0, 0.0, math.inf)
    assert found.detectable == math.inf
    assert found.covers_one is True
    assert found.agrees is True


def test_a_ratio_that_no_float_holds_is_infinite() -> None:
    assert LogRatio(log=710.0, log_low=None, log_high=None).ratio == math.inf
    assert KnownRatio(log=710.0, log_low=None, log_high=None).ratio == math.inf


@pytest.mark.parametrize("log", [0.0, 1.0, -1.0, 700.0, LARGEST])
def test_a_ratio_that_a_float_holds_is_exact(log: float) -> None:
    found = KnownRatio(log=log, log_low=log, log_high=log)
    assert found.ratio == found.low == found.high == math.exp(log)
    assert math.isfinite(found.ratio)
    assert LogRatio(log=0.0, log_low=-log, log_high=log).detectable == math.expm1(log)


def test_what_is_not_known_stays_unknown() -> None:
    found = LogRatio(log=None, log_low=None, log_high=None)
    assert (found.ratio, found.low, found.high, found.detectable, found.agrees) == (None,) * 5
