"""The inputs and the reference answer of one case, made once a run and shared by every backend.

A bundle is a folder of ``.npy`` files and one ``bundle.json``. Workers map the arrays read-only, so
that all backends start from the same bytes whatever NumPy their interpreter holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.workloads.base import Tolerance, Workload

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What a worker needs to do one case and to judge its answer."""

    inputs: Mapping[str, Any]  # in storage, read-only
    probe: Mapping[str, Any]
    reference: Mapping[str, Any]
    scales: Mapping[str, Any]
    tolerance: Tolerance
    input_hash: str


def make_bundle(workload: Workload, seed: int) -> Bundle:
    """Draw inputs from `seed` and the case's own key, and work out the answer in float64."""
    inputs = workload.inputs(_generator(workload, seed, 0))
    return bundle_of(workload, inputs, workload.probe(_generator(workload, seed, 1)))


def bundle_of(workload: Workload, inputs: Mapping[str, Any], probe: Mapping[str, Any]) -> Bundle:
    """Work out the answer to these inputs."""
    wide = workload.widened(inputs)
    reference = workload.reference(wide, probe)
    scales = workload.scales(wide, reference)
    return Bundle(
        inputs=inputs,
        probe=probe,
        reference=reference,
        scales=scales,
        tolerance=workload.tolerance(reference, scales),
        input_hash=_hash(inputs),
    )


def write_bundle(bundle: Bundle, folder: Path) -> None:
    """Write `bundle` to `folder`, which is made."""
    import numpy as np

    folder.mkdir(parents=True)
    groups = {"inputs": bundle.inputs, "probe": bundle.probe, "reference": bundle.reference, "scales": bundle.scales}
    for group, arrays in groups.items():
        for name, array in arrays.items():
            np.save(folder / f"{group}.{name}.npy", np.asarray(array))
    facts = {
        "names": {group: list(arrays) for group, arrays in groups.items()},
        "tolerance": asdict(bundle.tolerance),
        "input_hash": bundle.input_hash,
    }
    (folder / "bundle.json").write_text(json.dumps(facts), "utf-8")


def read_bundle(folder: Path) -> Bundle:
    """Map the bundle in `folder`; its arrays cannot be written through."""
    import numpy as np

    facts = json.loads((folder / "bundle.json").read_text("utf-8"))
    groups = {
        group: {name: np.load(folder / f"{group}.{name}.npy", mmap_mode="r") for name in names}
        for group, names in facts["names"].items()
    }
    return Bundle(**groups, tolerance=Tolerance(**facts["tolerance"]), input_hash=facts["input_hash"])


def _generator(workload: Workload, seed: int, stream: int) -> np.random.Generator:
    import numpy as np

    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int(workload.key, 16), stream])))


def _hash(inputs: Mapping[str, Any]) -> str:
    import numpy as np

    digest = hashlib.sha256()
    for name, array in inputs.items():
        digest.update(f"{name}:{array.dtype}:{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
