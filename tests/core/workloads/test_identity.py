"""A case's identity never moves, its inputs are drawn the same everywhere, and its bundle survives a disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType, narrow, widen
from harness.testing.cases import all_cases
from harness.workloads.base import Workload
from harness.workloads.bundle import make_bundle, read_bundle, write_bundle
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

floats = st.floats(-1e30, 1e30, allow_nan=False)


@pytest.mark.parametrize(
    ("case", "key"),
    [
        (Matmul(m=128, n=128, k=128), "bae83837988792fa"),
        (Matmul(m=1, n=2, k=3, batch=4, transpose_b=True, dtype="bfloat16"), "4b3557ebdfac974e"),
        (Matmul(m=64, n=64, k=64, math="tf32", cache="cold"), "d47118a47e633efb"),
        (Reduction(op="sum", shape=(1024, 1024)), "b57f1495ee268ee5"),
        (Reduction(op="l2norm", shape=(7,), axis="last", dtype="float16", distribution="uniform"), "c58036aa534992cc"),
    ],
)
def test_keys_are_golden(case: Workload, key: str) -> None:
    """A changed key cuts a case off from its history; change none of these."""
    assert case.key == key


def test_saying_a_default_aloud_changes_nothing() -> None:
    assert Matmul(m=2, n=2, k=2, dtype="float32", batch=1, math="ieee").key == Matmul(m=2, n=2, k=2).key


def test_inputs_are_golden() -> None:
    """The same seed gives the same bytes on every machine and with every supported NumPy."""
    assert (
        make_bundle(Matmul(m=3, n=4, k=5), 7).input_hash
        == "82c0274fa7739f9aa1c8e8dd72d8682c701503d2e877a9dc939e1ac77d1e80b2"
    )
    assert (
        make_bundle(Reduction(op="sum", shape=(9,), dtype="bfloat16"), 7).input_hash
        == "b57edc23a81015816c258133d4623b9307dc208aa2a1b26f4d1ecfaeb91d457b"
    )


@given(seed=st.integers(0, 2**32), other=st.integers(0, 2**32))
def test_inputs_follow_the_seed(seed: int, other: int) -> None:
    case = Reduction(op="sum", shape=(4,))
    same = make_bundle(case, seed).input_hash == make_bundle(case, other).input_hash
    assert same == (seed == other)


@pytest.mark.parametrize("dtype", Matmul.dtypes)
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_inputs_are_neither_zero_nor_one_nor_constant(dtype: DType, distribution: str) -> None:
    case = Matmul(m=50, n=50, k=50, dtype=str(dtype), distribution=distribution)
    drawn = widen(make_bundle(case, 0).inputs["a"], dtype)
    spread = float(np.std(drawn)) / (32 if dtype is DType.INT8 else 1)
    assert 0.9 < spread < 1.1
    assert len(np.unique(drawn)) > 100


@pytest.mark.parametrize("case", list(all_cases())[::9], ids=lambda case: case.key)
def test_a_bundle_comes_back_from_disk_as_it_was_and_cannot_be_written(case: Workload, tmp_path: Path) -> None:
    made = make_bundle(case, 3)
    write_bundle(made, tmp_path / "bundle")
    found = read_bundle(tmp_path / "bundle")
    assert (found.tolerance, found.input_hash) == (made.tolerance, made.input_hash)
    for group in ("inputs", "probe", "reference", "scales"):
        before, after = getattr(made, group), getattr(found, group)
        assert list(before) == list(after)
        assert all(np.array_equal(before[name], after[name]) for name in before)
    with pytest.raises(ValueError, match="read-only"):
        next(iter(found.inputs.values()))[...] = 0


@given(values=st.lists(floats, min_size=1, max_size=20))
def test_bfloat16_is_rounded_to_the_nearest(values: list[float]) -> None:
    exact = np.array(values, dtype=np.float32).astype(np.float64)
    kept = widen(narrow(exact, DType.BFLOAT16), DType.BFLOAT16)
    assert np.all(np.abs(kept - exact) <= np.maximum(np.abs(exact) * 2.0**-8, 2.0**-134))


@given(values=st.lists(floats, min_size=1, max_size=20), dtype=st.sampled_from(list(DType)))
def test_what_was_narrowed_once_stays(values: list[float], dtype: DType) -> None:
    limited = np.clip(np.array(values), -60000, 60000)
    once = narrow(limited, dtype)
    assert once.dtype == np.dtype(dtype.storage)
    assert np.array_equal(narrow(widen(once, dtype), dtype), once)


def test_ties_go_to_even() -> None:
    tied = np.array([1 + 2.0**-8, 1 + 3 * 2.0**-8])
    assert widen(narrow(tied, DType.BFLOAT16), DType.BFLOAT16).tolist() == [1.0, 1 + 2 * 2.0**-7]
