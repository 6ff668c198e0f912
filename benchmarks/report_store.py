"""A made-up run of many arms with all that a report shows: what `report_speed.py` makes reports of.

    python benchmarks/report_store.py FOLDER CASES

Each case is on six targets, the reference twice, with 100 blocks an arm, in 5 process-sets. Of nine families of cases,
three are matrix products of several sizes and three are limited by memory; one is of trainings, with their losses and
the parts of their steps, one of models that are served, and one of trainings to a quality, with their accuracies. A
tenth of one target's arms was refused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, too

from benchmarks.compare_store import SETS, write_run
from harness.store.layout import FOLDERS, Layout
from harness.store.record import Measurement, Outcome

REFERENCE = "torch.eager@cpu"
TARGETS = {  # the class of each, and its time beside the reference's
    REFERENCE: ("as-written", 1.0),
    "torch.compile@cpu": ("compiled", 0.8),
    "jax.jit@cpu": ("both", 0.9),
    "tensorflow.function@cpu": ("as-written", 1.3),
    "tensorflow.xla@cpu": ("compiled", 1.1),
    "numpy.reference@cpu": ("-", 2.0),
}
ROUNDS = 20  # in a process-set
SIZES = 12  # in a family of cases
SUM, PRODUCT, TRAINING, SERVING, QUALITY = "elementwise", "matmul", "training", "inference", "time_to_accuracy"
FAMILIES = (SUM, PRODUCT, TRAINING, SUM, PRODUCT, SERVING, SUM, PRODUCT, QUALITY)
STEPS, EPOCHS = 20, 40  # of a training
RUN = "20260101T000000000Z-00000000000a"
STARTED = datetime(2026, 1, 1, tzinfo=UTC)
ROOF_FLOPS, ROOF_BYTES = 1e12, 2e10


def write_store(root: Path, cases: int) -> None:
    """Write the run."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    arms = list(_arms(cases, rng))
    write_run(Layout(root), arms, len(TARGETS) + 1, rng, rounds=ROUNDS, latencies=0, told=_told())


def _told() -> dict[str, Any]:
    roof = {"dtype": "float32", "math": "ieee", "measured": True}
    roof |= {"source": "imaginary", "flops_per_s": ROOF_FLOPS, "bytes_per_s": ROOF_BYTES}
    return {
        "command": "python -m harness run made-up.yaml",
        "seed": 1,
        "machine": {"cpu": {"model": "Imaginary CPU", "logical": 2}, "memory": {"total_bytes": 2**34}},
        "ceilings": dict.fromkeys(TARGETS, "imaginary"),
        "roofs": [{"target": target, **roof} for target in TARGETS],
    }


def _arms(cases: int, rng: np.random.Generator) -> Iterator[Measurement]:
    for at in range(cases):
        known = _case(at)
        kept = float(np.exp(rng.normal(0, 0.3)))  # what a case is beside others of its kind
        for target, replica in [*((target, 0) for target in TARGETS), (REFERENCE, 1)]:
            mode_class, beside = TARGETS[target]
            backend, mode = target.partition("@")[0].split(".")
            refused = backend == "tensorflow" and mode == "xla" and at % 10 == 0
            own = kept if target != REFERENCE and at % 3 else 1.0
            yield Measurement(
                run_id=RUN,
                started_at=STARTED,
                suite="made-up",
                suite_hash="0" * 64,
                target=target,
                replica=replica,
                reference=REFERENCE,
                dtype="float32",
                math="ieee",
                direction="forward",
                cache="warm",
                backend=backend,
                mode=mode,
                mode_class=mode_class,
                device="cpu",
                device_name="Imaginary CPU",
                framework_version="1.0",
                harness_version="0",
                seed=1,
                threads=2,
                env_id="0123456789abcdef",
                **known,
                **(_refused() if refused else _timed(known, beside * own)),
            )


def _case(at: int) -> dict[str, Any]:
    """Return what tells a case from others: its family, and its place in it."""
    family, size = divmod(at, SIZES)
    workload = FAMILIES[family % len(FAMILIES)]
    width = 64 * 2 ** (size / 2)
    shared, own = _params(workload, family, size, round(width))
    return {
        "case": f"{workload}-{family:03d}[{','.join(f'{name}={value}' for name, value in own.items())}]",
        "case_key": f"{at:016x}",
        "workload": workload,
        "params": json.dumps({**shared, **own}),
        "input_hash": f"{at:032x}",
        "flops": None if workload == SUM else round(2 * width**3),
        "bytes": round(12 * width**2),
    }


def _params(workload: str, family: int, size: int, width: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters that a family shares, and those that are a case's own."""
    if workload == TRAINING:
        return {"size": "tiny", "batch": 32}, {"model": f"model-{family}-{size}"}
    if workload == SERVING:
        return {"size": "tiny"}, {"model": f"model-{family}-{size // 4}", "batch": 8 ** (size % 4)}
    if workload == QUALITY:
        precision, seed = ("float32", "mixed_bfloat16")[size % 2], size // 2
        return {"model": f"model-{family}", "target": 0.97}, {"precision": precision, "seed": seed}
    return {"kind": f"k{family:03d}"}, {"m": width}


def _refused() -> dict[str, Any]:
    return {"outcome": Outcome.REFUSED, "detail": "this made-up operation cannot be compiled"}


def _timed(known: dict[str, Any], beside: float) -> dict[str, Any]:
    time = beside * (5e-6 + max((known["flops"] or 0) / ROOF_FLOPS, known["bytes"] / ROOF_BYTES) * 2)
    flops = known["flops"] and known["flops"] / time
    return {
        "outcome": Outcome.MEASURED,
        "checks_run": ("reference", "inputs", "repeatable"),
        "pairing": "round",
        "sets": SETS,
        "rounds": SETS * ROUNDS,
        "inner": 10,
        "attempts": 1,
        "import_s": 1.5,
        "prepare_s": 0.01,
        "first_call_s": 100 * time + 0.1 * (beside < 1),
        "time_s": time,
        "time_low_s": time * 0.98,
        "time_high_s": time * 1.02,
        "time_min_s": time * 0.9,
        "time_p95_s": time * 1.1,
        "flops_per_s": flops,
        "bytes_per_s": known["bytes"] / time,
        "ceiling_share": flops / ROOF_FLOPS if flops else known["bytes"] / time / ROOF_BYTES,
        "max_error": 1e-7,
        "tolerance": 1e-5,
        "effective_bits": 23.0,
        "peak_host_bytes": 2**20 + known["bytes"],
        **_learned(known, time, beside),
    }


def _learned(known: dict[str, Any], time: float, beside: float) -> dict[str, Any]:
    """Return what is told of models alone."""
    if known["workload"] == TRAINING:
        return {
            "losses": tuple(2.3 * 0.9**step * (1 + 1e-6 * beside) for step in range(STEPS)),
            **dict.fromkeys(("loss_error", "gradient_error", "weight_error"), 1e-6 * beside),
            **dict.fromkeys(("update_s", "input_s"), 0.1 * time),
            "forward_s": 0.3 * time,
            "backward_s": 0.5 * time,
        }
    if known["workload"] == SERVING:
        batch = json.loads(known["params"])["batch"]
        latency = {"latency_s": 1.1, "latency_low_s": 1.08, "latency_high_s": 1.12}
        latency |= {"latency_p90_s": 1.4, "latency_p95_s": 1.6, "latency_p99_s": 2.0}
        told = {name: share * time for name, share in latency.items()}
        return {**told, "latency_count": 1000, "items": batch, "items_name": "samples", "items_per_s": batch / time}
    if known["workload"] == QUALITY:
        accuracies = tuple(0.99 - 0.5 * 0.8 ** (epoch / beside) for epoch in range(EPOCHS))
        scores = dict.fromkeys(("accuracy", "recall", "f1"), accuracies[-1])
        return {"accuracies": accuracies, **scores, "epochs": EPOCHS // 2}
    return {}


if __name__ == "__main__":
    write_store(Path(sys.argv[1]), int(sys.argv[2]))
