"""What people call runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NothingSelected, UsageError
from harness.store.layout import RunPaths
from harness.store.runs import UNLISTED, find_runs, newest_of_each_suite, resolve

JAN, FEB, MAR = (f"20260{month}01T000000000Z-0123456789ab" for month in (1, 2, 3))
WriteRun = Callable[..., RunPaths]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, write_run: WriteRun) -> Path:
    root = tmp_path_factory.mktemp("results")
    write_run(root, MAR, state="partial", suite="convolutions")
    write_run(root, FEB)
    write_run(root, JAN)
    return root


def test_runs_come_newest_last_whatever_the_order_of_writing(store: Path) -> None:
    assert [run.run_id for run in find_runs(store)] == [JAN, FEB, MAR]


@pytest.mark.parametrize(
    ("name", "run_id"),
    [("latest", FEB), ("latest~0", FEB), ("latest~1", JAN), (MAR, MAR), ("202603", MAR), (JAN[:6], JAN)],
)
def test_a_run_is_named_by_its_age_or_its_beginning(store: Path, name: str, run_id: str) -> None:
    assert resolve(store, name).run.run_id == run_id
    chosen = resolve(store, f"{name}::torch.eager@gpu:0")
    assert (chosen.run.run_id, chosen.target) == (run_id, "torch.eager@gpu:0")


def test_a_partial_run_is_never_latest_and_says_what_it_is(store: Path) -> None:
    assert resolve(store, "latest").run.title == FEB
    assert resolve(store, MAR).run.title == f"{MAR} (partial)"


def test_a_run_is_named_by_any_of_its_paths(store: Path) -> None:
    for path in (store / "runs" / f"{JAN}.json", store / "measurements" / f"{JAN}.parquet"):
        assert resolve(Path("elsewhere"), str(path)).run.run_id == JAN
        assert resolve(Path("elsewhere"), f"{path}::jax@cpu").target == "jax@cpu"
    assert resolve(Path("elsewhere"), str(store)).run.run_id == FEB


def test_a_file_without_a_manifest_is_a_run_of_its_own_kind(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "from-a-friend.parquet"
    copy.write_bytes((store / "measurements" / f"{JAN}.parquet").read_bytes())
    run = resolve(store, str(copy)).run
    assert (run.state, run.title) == (UNLISTED, "from-a-friend (unlisted)")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("2026", "3 runs begin with"),
        ("2027", "no run in"),
        ("", "no run in"),
        ("latest~x", "no run in"),
        ("latest::", "no target after"),
        ("pin:release", "no pin is named 'release'"),
        ("./nothing.parquet", "no run at"),
        ("results.csv", "no run at"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(store: Path, name: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        resolve(store, name)
    assert caught.value.remedy


def test_where_no_run_is_complete_there_is_no_latest(tmp_path: Path, write_run: WriteRun, store: Path) -> None:
    with pytest.raises(NothingSelected, match="0 complete runs"):
        resolve(tmp_path, "latest")
    write_run(tmp_path, JAN, state="partial")
    with pytest.raises(NothingSelected, match="1 partial: name one"):
        resolve(tmp_path, "latest")
    with pytest.raises(NothingSelected, match=r"no latest~2"):
        resolve(store, "latest~2")


@pytest.mark.parametrize("told", [{"confirms": JAN}, {"replays": {"run_id": JAN}}])
def test_what_repeats_another_run_is_never_latest(tmp_path: Path, write_run: WriteRun, told: dict[str, Any]) -> None:
    write_run(tmp_path, JAN)
    write_run(tmp_path, FEB)
    path = tmp_path / "runs" / f"{FEB}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | told))
    assert resolve(tmp_path, "latest").run.run_id == JAN
    assert [run.run_id for run in newest_of_each_suite(find_runs(tmp_path))] == [JAN]


def test_the_newest_of_each_suite_may_be_partial(store: Path) -> None:
    assert [(run.suite, run.run_id) for run in newest_of_each_suite(find_runs(store))] == [
        ("gemm", FEB),
        ("convolutions", MAR),
    ]
