"""A made-up run with something to show for every question of a report: pictures of all kinds, and all outcomes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from harness.report.findings import RunFindings
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.store.record import Measurement, Outcome
from tests.browser.conftest import FAILED, MANIFEST, SPEEDS
from tests.core.report.synthetic import arm, run, squares, unmeasured

NUMPY = "numpy.reference@cpu"
LOST = [outcome for outcome in Outcome if outcome is not Outcome.MEASURED]
LOSSES = tuple(2.3 * 0.9**step for step in range(20))
ACCURACIES = tuple(0.99 - 0.5 * 0.8**epoch for epoch in range(40))
SERVED: dict[str, dict[str, Any]] = {
    f"served[batch={batch}]": {
        "workload": "inference",
        "params": json.dumps({"model": "mlp", "size": "tiny", "batch": batch}),
    }
    for batch in (1, 8, 64)
}
TRAINED: dict[str, dict[str, Any]] = {
    "trained": {"workload": "training", "params": json.dumps({"model": "mlp"})},
    **{
        f"digits[seed={seed}]": {
            "workload": "time_to_accuracy",
            "params": json.dumps({"model": "mlp", "precision": "float32", "seed": seed, "target": 0.9}),
        }
        for seed in (0, 1)
    },
}
ROOFS = [
    {"target": target, "dtype": "float32", "math": "ieee", "bytes_per_s": 2e10, **roof}
    for target in SPEEDS
    for roof in (
        {"source": "measured", "measured": True, "flops_per_s": 1e11},
        {"source": "data sheet", "measured": False, "flops_per_s": 3e11},
    )
]


def everything() -> RunFindings:
    """Return what a run says that answers every question of a report: with pictures of all kinds, and all outcomes."""
    rows, samples = run({**squares(4), **SERVED, **TRAINED}, {**SPEEDS, NUMPY: 3.0}, noise=0.002, seed=5)
    for threads, beside in ((1, 1.0), (2, 0.6)):
        shared = {target: beside * time for target, time in SPEEDS.items()}
        said: dict[str, Any] = {"label": f"{threads}-thread{'s' * (threads > 1)}", "threads": threads}
        more, blocks = run(squares(2, dtype="float64"), shared, noise=0.002, seed=6, copy=beside, **said)
        rows += more
        samples += blocks
    lost = [
        unmeasured(arm(case, FAILED, time_s=1e-3, predicted_s=_forecast(outcome), **said), outcome, "error: no luck")
        for (case, said), outcome in zip(squares(len(LOST)).items(), LOST, strict=True)
    ]
    return summarise([*map(_told, rows), *lost], sample_frame(samples), manifest={**MANIFEST, "roofs": ROOFS})


def _forecast(outcome: Outcome) -> float | None:
    return 1e-3 if outcome is Outcome.PREDICTED else None


def _told(row: Measurement) -> Measurement:
    """Return a row with what is told of its kind of work."""
    time = row.time_s or 0.0
    said: dict[str, Any] = {"peak_host_bytes": 2**20 * (row.flops or 2**20) // 2**18}
    if row.workload == "inference":
        said |= {"latency_s": 1.1 * time, "latency_p99_s": 1.9 * time, "latency_count": 1000, "items_name": "samples"}
        said |= {"items_per_s": json.loads(row.params)["batch"] / time}
    elif row.workload == "training":
        said |= {"losses": LOSSES, "loss_error": 1e-6, "gradient_error": 1e-7, "weight_error": 1e-6}
        said |= {"forward_s": 0.3 * time, "backward_s": 0.5 * time, "update_s": 0.1 * time, "input_s": 0.1 * time}
    elif row.workload == "time_to_accuracy":
        said |= {"accuracies": ACCURACIES, "accuracy": 0.95, "recall": 0.95, "f1": 0.95, "epochs": 2}
    return replace(row, **said)
