"""Made-up sessions with exact ratios in every process-set, put into a real store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.store.record import Measurement, Sample
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, arm, measured, unmeasured

JAX = "jax.jit@cpu"
CASE = "square[m=128]"
SECOND = 1e-3
ROUNDS = 3
ZERO = (0.0,) * 5


def run_id(number: int) -> str:
    """Return the name of a run that sorts by `number`."""
    return f"202601{number:02}T030405678Z-0123456789ab"


def spread(mean: float, step: float, sets: int = 5) -> tuple[float, ...]:
    """Return logarithms about `mean`, `step` apart: of five, the interval is 1.96326 steps to either side."""
    return tuple(mean + (at - (sets - 1) / 2) * step for at in range(sets))


def session(
    root: Path,
    cases: Mapping[str, Any],
    *,
    run: str = RUN,
    copy: Mapping[str, Sequence[float]] | Sequence[float] | None = ZERO,
    state: str = "complete",
    manifest: Mapping[str, Any] | None = None,
    arms: Mapping[str, Mapping[str, Any]] | None = None,
    reference: str = REFERENCE,
    **values: Any,
) -> str:
    """Store a run: `cases` say what each target took beside a millisecond, `copy` what A' did.

    What a target took is a logarithm for each process-set (NaN: no block), or how it ended, and why.
    A target may carry a label: ``torch.eager@cpu,label=b``. `arms` say more of single targets; `reference` is the one
    that A' is a copy of; where there is no copy, it is what the rows call their reference.
    """
    if copy is None and reference != REFERENCE:
        values = {**values, "reference": reference}
    rows: list[Measurement] = []
    samples: list[Sample] = []
    for case, targets in cases.items():
        again = copy.get(case) if isinstance(copy, Mapping) else copy
        planned = [(target, 0, found) for target, found in targets.items()]
        planned += [(reference, 1, again)] if again is not None else []
        for name, replica, found in planned:
            target, _, label = name.partition(",label=")
            said = {"run_id": run, "input_hash": f"inputs of {case}", **values, **(arms or {}).get(name, {})}
            row = arm(case, target, label=label, replica=replica, **said)
            if found and isinstance(found[0], str):
                rows.append(unmeasured(row, found[0], str(found[1])))
                continue
            logs = np.array(found, dtype=np.float64)
            times = SECOND * np.exp(np.repeat(np.nan_to_num(logs)[:, None], ROUNDS, axis=1))
            pairing = said.get("pairing", "round")
            one, blocks = measured(row, times)
            rows.append(replace(one, pairing=pairing))
            samples += [block for block in blocks if not np.isnan(logs[block.set])]
    return store(root, rows, samples, state=state, **(manifest or {}))
