"""Which kinds of device this machine has, seen cheaply and without any framework.

A device file or a driver's folder says that hardware is there; whether a framework can use it only
its own worker can tell. Better a target too many, which then ends as `unavailable` with its reason,
than a GPU that nobody noticed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def device_kinds(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the kinds of device that are here, the CPU first."""
    found = {"cpu": True, "gpu": _has_gpu(root), "tpu": _has_tpu(root, environment), "mps": sys.platform == "darwin"}
    return tuple(kind for kind, here in (found | {"xpu": _has_xpu(root, environment)}).items() if here)


def _any(root: Path, *patterns: str) -> bool:
    return any(next(root.glob(pattern), None) is not None for pattern in patterns)


def _has_gpu(root: Path) -> bool:
    """An NVIDIA driver with a card, or AMD's compute driver."""
    return _any(root, "proc/driver/nvidia/gpus/*", "dev/nvidia[0-9]*", "dev/kfd")


def _has_tpu(root: Path, environment: Mapping[str, str]) -> bool:
    """Chips show as accel devices; newer ones through vfio, which others use too, so ask for more."""
    if _any(root, "dev/accel[0-9]*", "dev/accel/accel[0-9]*"):
        return "TPU_SKIP_MDS_QUERY" not in environment or "TPU_ACCELERATOR_TYPE" in environment
    return _any(root, "dev/vfio/[0-9]*") and any(name.startswith("TPU_") for name in environment)


def _has_xpu(root: Path, environment: Mapping[str, str]) -> bool:
    """Any graphics card has a render node; only somebody who uses oneAPI means it to compute."""
    return _any(root, "dev/dri/renderD*") and "ONEAPI_ROOT" in environment
