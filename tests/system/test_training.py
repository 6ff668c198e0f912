"""Whole models from the command line to the report: trained, served, and trained until they are good enough."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.backends.registry import find_backend, missing
from harness.core.device import Device
from tests.conftest import Command

SUITE = """\
schema: harness.suite/1
name: small
measure: {profile: quick, rounds: 5, max_time: 30s, threads: 1}
cases:
  - {id: trained, workload: training, model: mlp, size: tiny, batch: 8, optimiser: adam, learning_rate: 1e-3}
  - {id: served, workload: inference, model: mlp, size: tiny, batch: 4}
  - id: accurate
    workload: time_to_accuracy
    model: mlp
    size: digits
    data: clusters
    batch: 32
    learning_rate: 0.1
    target: 0.8
    most_epochs: 20
  - id: hopeless
    workload: time_to_accuracy
    model: mlp
    size: digits
    data: clusters
    batch: 32
    learning_rate: 1e-6
    target: 0.99
    most_epochs: 1
  - {id: lost, workload: time_to_accuracy, model: mlp, size: digits, data: none.npz, batch: 32}
  - {id: giant, workload: training, model: mlp, size: huge, batch: 16777216}
"""

TARGETS = (
    "numpy@cpu",
    "torch.eager@cpu",
    "jax@cpu",
    "tensorflow.function@cpu",
    "tensorflow.keras-fit@cpu",
)


def present() -> list[str]:
    cpu = Device("cpu")
    return [name for name in TARGETS if missing(find_backend(name.partition("@")[0].partition(".")[0]), cpu) is None]


@pytest.fixture
def rows(harness: Command, tmp_path: Path) -> pd.DataFrame:
    (tmp_path / "small.yaml").write_text(SUITE)
    targets = [word for name in present() for word in ("--target", name)]
    done = harness("run", "small.yaml", "--seed", "1", *targets)
    assert done.returncode == 1, done.stderr  # what cannot be reached has failed
    assert "Traceback" not in done.stderr
    found = pd.read_parquet(tmp_path / "results" / "measurements")
    return found[found.replica == 0]


def test_models_are_trained_served_and_brought_to_a_target_and_what_cannot_be_says_why(
    rows: pd.DataFrame, harness: Command, tmp_path: Path
) -> None:
    trained, served = rows[rows.case == "trained"], rows[rows.case == "served"]
    assert set(trained.outcome) == {"measured"}
    assert (trained.weight_error < 1e-3).all()
    assert all(len(losses) == 20 for losses in trained.losses)
    assert len(set(trained.input_hash)) == 1
    together = trained["mode"] == "keras-fit"
    assert (trained[together].inner % 64 == 0).all()
    assert trained[together].latency_s.isna().all()
    assert (trained[~together].forward_s > 0).all()
    fit = served["mode"] == "keras-fit"
    assert set(served[~fit].outcome) == {"measured"}
    assert set(served[fit].outcome) <= {"refused"}
    accurate = rows[(rows.case == "accurate") & (rows["mode"] != "keras-fit")]
    assert set(accurate.outcome) == {"measured"}, list(accurate.detail)
    assert accurate.epochs.between(1, 20).all()
    assert (accurate.accuracy >= 0.7).all()
    hopeless = rows[(rows.case == "hopeless") & (rows["mode"] != "keras-fit")]
    assert set(hopeless.outcome) == {"failed"}
    assert hopeless.detail.str.startswith("unreached: ").all()
    lost = rows[(rows.case == "lost") & (rows["mode"] != "keras-fit")]
    assert lost.detail.str.contains("none.npz: no such file").all()
    assert rows[rows.case == "giant"].detail.str.startswith("oom-host: ").all()

    assert harness("report").returncode == 0
    page = (tmp_path / "reports" / "latest" / "README.md").read_text("utf-8")
    for title in ("Training: is it the same?", "Training: quality", "Serving: latency and throughput"):
        assert f"### {title}" in page
    assert "not reached" in page
    assert (tmp_path / "reports" / "latest" / "figures" / "losses-01.png").is_file()
