"""Data that cannot be used are refused in words, and those that can are what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.workloads.bundle import make_bundle
from harness.workloads.convergence import TimeToAccuracy
from harness.workloads.datasets import DataError, load

RNG = np.random.Generator(np.random.PCG64(0))
X, Y = RNG.standard_normal((50, 6)), np.arange(50) % 3


def saved(folder: Path, **arrays: Any) -> str:
    np.savez(folder / "own.npz", **arrays)
    load.cache_clear()
    return str(folder / "own.npz")


def test_a_file_of_ones_own_is_split_by_chance_and_always_alike(tmp_path: Path) -> None:
    name = saved(tmp_path, x=X, y=Y)
    data = load(name)
    assert (data.x.shape, data.classes, data.held, data.shape) == ((50, 6), 3, 40, (6,))
    assert sorted(data.x[:, 0].tolist()) == sorted(X[:, 0].astype(np.float32).tolist())
    assert not np.array_equal(data.x, X.astype(np.float32))
    load.cache_clear()
    assert np.array_equal(load(name).x, data.x)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": X}, "lacks y"),
        ({"data": X}, "lacks x and y"),
        ({"x": X[:, 0], "y": Y}, "x is float64 of shape \\[50\\], not numbers with the samples first"),
        ({"x": X, "y": Y[:-1]}, "x has 50 samples and y 49"),
        ({"x": np.where(X > 2, np.nan, X), "y": Y}, "that are infinite or not a number"),
        ({"x": X, "y": Y - 1}, "y goes from -1 to 1: class numbers begin at 0"),
        ({"x": X, "y": Y * 10_000}, "y goes from 0 to 20000"),
        ({"x": X, "y": Y * 0}, "one class only"),
        ({"x": X, "y": Y / 2}, "y is float64 of shape \\[50\\], not one whole number a sample"),
        ({"x": X[:0], "y": Y[:0]}, "there is no sample"),
        ({"x": np.array([["a"]] * 50), "y": Y}, "not numbers"),
        ({"x": np.array([[None]] * 50), "y": Y}, "not an .npz file"),
        ({"x": X[:, :0], "y": Y}, "its samples hold nothing"),
        ({"x": np.where(X > 2, 1e300, X), "y": Y}, "too large for float32"),
        ({"x": X[:2], "y": Y[:2]}, "of 2 samples none would be held out"),
        ({"x": np.full((50, 6), np.inf), "y": Y[:3]}, "x holds 300 numbers .*; x has 50 samples and y 3"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        load(saved(tmp_path, **arrays))


def test_what_is_no_data_set_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no zip")
    whole = Path(saved(tmp_path, x=X, y=Y)).read_bytes()
    (tmp_path / "torn.npz").write_bytes(whole[: len(whole) // 2])
    np.save(tmp_path / "array", X)
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    for name, said in (
        ("mnist", "no data set is called 'mnist'; there are digits"),
        (str(tmp_path / "none.npz"), "no such file"),
        *((str(tmp_path / f"{name}.npz"), "not an .npz file") for name in ("text", "torn", "array")),
    ):
        with pytest.raises(DataError, match=said):
            load(name)


def test_too_few_samples_for_a_batch_and_pictures_for_what_wants_none(tmp_path: Path) -> None:
    name = saved(tmp_path, x=X, y=Y)
    with pytest.raises(DataError, match="has 40 samples to train on, less than a batch of 64"):
        make_bundle(TimeToAccuracy(model="mlp", size="digits", batch=64, data=name), 0)
    with pytest.raises(DataError, match="holds no square images but \\[6\\], and cnn wants some"):
        make_bundle(TimeToAccuracy(model="cnn", size="digits", batch=8, data=name), 0)


def test_a_model_fits_itself_to_the_data(tmp_path: Path) -> None:
    name = saved(tmp_path, x=X, y=Y)
    case = TimeToAccuracy(model="mlp", size="digits", batch=8, data=name, most_epochs=3)
    inputs = make_bundle(case, 0).inputs
    assert inputs["weight.dense1.kernel"].shape == (6, 64)
    assert inputs["weight.dense2.kernel"].shape == (64, 3)
    assert {name: array.shape for name, array in inputs.items()} == case.input_shapes()
    assert {name: str(array.dtype) for name, array in inputs.items()} == {
        name: kind.storage for name, kind in case.input_dtypes().items()
    }
    epochs = [np.concatenate([batch["batch0.target"] for batch in case.epoch(inputs, at)]) for at in range(3)]
    assert all(sorted(epoch) == sorted(inputs["train.y"]) for epoch in epochs)
    assert not np.array_equal(epochs[0], epochs[1])


def test_wrong_data_do_not_end_the_planning_of_a_run(tmp_path: Path) -> None:
    case = TimeToAccuracy(model="mlp", size="digits", batch=8, data=str(tmp_path / "none.npz"))
    assert (case.flops(), case.items(), case.held_bytes(), case.moved_bytes()) == (None, None, 0, 0)
    assert case.update_flops() is None
    assert case.loss_name == "sparse"
