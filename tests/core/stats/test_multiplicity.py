"""Corrections for many tests: against SciPy, and against the procedures as their authors wrote them down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.estimate import FloatArray
from harness.stats.multiplicity import Correction, adjust

P = st.lists(st.floats(0, 1), min_size=1, max_size=25).map(np.array)
LEVEL = 0.0437  # of no simple fraction, so that no rounding decides


def holm_by_definition(p: FloatArray, level: float) -> set[int]:
    """Go from the least up, each against the level shared among those left, and stop at the first that fails."""
    rejected: set[int] = set()
    for step, at in enumerate(np.argsort(p, kind="stable")):
        if p[at] > level / (p.size - step):
            break
        rejected.add(int(at))
    return rejected


def test_holm_by_hand() -> None:
    """0.01 x 4, 0.02 x 3, 0.03 x 2 (no less than the one before), 0.9."""
    assert adjust(np.array([0.02, 0.9, 0.01, 0.03]), Correction.HOLM) == pytest.approx([0.06, 0.9, 0.04, 0.06])


def test_benjamini_hochberg_by_hand() -> None:
    """0.01 x 4 / 1, 0.02 x 4 / 2, 0.03 x 4 / 3 are all 0.04."""
    found = adjust(np.array([0.02, 0.9, 0.01, 0.03]), Correction.BENJAMINI_HOCHBERG)
    assert found == pytest.approx([0.04, 0.9, 0.04, 0.04])


@given(p=P)
def test_benjamini_hochberg_is_scipys(p: FloatArray) -> None:
    assert adjust(p, Correction.BENJAMINI_HOCHBERG) == pytest.approx(stats.false_discovery_control(p, method="bh"))


@given(p=P)
def test_holm_rejects_what_its_definition_rejects(p: FloatArray) -> None:
    assert set(np.flatnonzero(adjust(p, Correction.HOLM) <= LEVEL).tolist()) == holm_by_definition(p, LEVEL)


@given(p=P, correction=st.sampled_from(list(Correction)))
def test_adjusting_never_lowers_a_probability_nor_changes_their_order(p: FloatArray, correction: Correction) -> None:
    """And Holm is never less strict than Benjamini and Hochberg."""
    adjusted = adjust(p, correction)
    assert (adjusted >= p * (1 - 1e-12)).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    assert (adjust(p, Correction.HOLM) >= adjust(p, Correction.BENJAMINI_HOCHBERG) * (1 - 1e-12)).all()


@given(p=P, correction=st.sampled_from(list(Correction)), seed=st.integers(0, 99))
def test_the_order_of_tests_does_not_matter(p: FloatArray, correction: Correction, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(p.size)
    assert adjust(p[order], correction).tolist() == adjust(p, correction)[order].tolist()


@given(p=st.floats(0, 1), correction=st.sampled_from(list(Correction)))
def test_one_test_alone_is_not_corrected(p: float, correction: Correction) -> None:
    assert adjust(np.array([p]), correction).tolist() == [p]


def test_no_tests_are_no_probabilities() -> None:
    assert adjust(np.empty(0), Correction.HOLM).size == 0


def test_a_gate_raises_a_false_alarm_in_one_night_of_twenty_at_most() -> None:
    """Two thousand nights of forty tests of nothing: Holm's promise is on the whole family."""
    nights = np.random.default_rng(5).random((2000, 40))
    alarms = sum(bool((adjust(night, Correction.HOLM) <= 0.05).any()) for night in nights)
    assert 0.035 < alarms / 2000 <= 0.06
