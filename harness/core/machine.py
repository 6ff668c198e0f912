"""Facts of the machine, kept with every run, and the short name of what makes numbers comparable.

Facts are plain JSON values. They hold no secret: environment variables are taken by an allow-list of
prefixes, less those whose names speak of credentials, and paths below the user's home are shortened.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import __version__
from harness.core import linux, macos, nvidia

# Distributions whose version can move a number.
PACKAGES = (
    "numpy", "scipy", "ml_dtypes", "torch", "triton", "jax", "jaxlib", "libtpu", "jax-cuda12-plugin",
    "jax-cuda13-plugin", "tensorflow", "keras", "nvidia-cublas", "nvidia-cublas-cu12", "nvidia-cudnn-cu12",
    "nvidia-cudnn-cu13", "pandas", "pyarrow",
)  # fmt: skip
ALLOWED = re.compile(
    r"(OMP|GOMP|KMP|MKL|OPENBLAS|BLIS|NUMEXPR|ONEDNN|DNNL|XLA|JAX|LIBTPU|TPU|TORCH|TORCHINDUCTOR|PYTORCH|CUDA|CUDNN|"
    r"CUBLAS|NVIDIA|NCCL|TRITON|MALLOC|HARNESS)_[A-Z0-9_]+|PYTHONHASHSEED|"
    # Another well-known tool also takes TF_ and keeps secrets in TF_VAR_..., so TensorFlow's are listed further.
    r"TF_(CPP|CUDNN|DETERMINISTIC|DISABLE|ENABLE|FORCE|GPU|INTER|INTRA|LAYOUT|NUM|ONEDNN|USE|XLA)_[A-Z0-9_]+"
)
DENIED = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH|PRIVATE|COOKIE|SESSION|PROXY|URL|URI|USER|EMAIL")
LONGEST_VALUE = 500


def facts(
    *,
    root: Path = Path("/"),
    environ: Mapping[str, str] = os.environ,
    gpus: Callable[[], list[dict[str, Any]]] = nvidia.gpus,
) -> dict[str, Any]:
    """Return what is known of this machine: hardware, settings, load now, versions, variables."""
    affinity = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    apple = macos.hardware() if platform.system() == "Darwin" else {"cpu": {}, "memory": {}}
    return {
        "harness": __version__,
        "python": {"version": platform.python_version(), "implementation": platform.python_implementation()},
        "os": {"system": platform.system(), "kernel": platform.release(), "c_library": " ".join(platform.libc_ver())},
        "cpu": {
            "architecture": platform.machine(),
            "logical": os.cpu_count(),
            "affinity": affinity,
            **linux.cpu(root),
            **apple["cpu"],
        },
        "memory": linux.memory(root) | apple["memory"],
        "hypervisor": linux.hypervisor(root),
        "load": {"one_minute": _load(), "pressure_percent": linux.pressure(root)},
        "gpus": gpus(),
        "packages": {name: found for name in PACKAGES if (found := _version(name)) is not None},
        "environment": variables(environ),
    }


def env_id(known: Mapping[str, Any]) -> str:
    """Return 16 hex digits that are equal where absolute times may be compared.

    It covers what the machine is and how it is set, not what runs on it: versions of frameworks, kernel
    and driver are what a history is there to compare, and load, clocks and temperatures pass. `known` may
    also hold ``threads`` and the facts of one ``framework``, of which the device's name counts.
    """
    cpu, memory = known["cpu"], known["memory"]
    parts = {
        "cpu": {name: cpu[name] for name in ("architecture", "model", "vectors", "cores", "smt", "governor", "boost")},
        "allowed": len(cpu["affinity"]) or cpu["logical"],
        "quota": cpu["quota_cpus"],
        "caches": cpu["caches"],
        "memory_gib": round((memory["total_bytes"] or 0) / 2**30),
        "huge_pages": memory["huge_pages"],
        "hypervisor": known["hypervisor"],
        "system": known["os"]["system"],
        "threads": known.get("threads"),
        "device": known.get("framework", {}).get("device_name"),
        "gpus": [[gpu[name] for name in ("name", "memory_bytes", "power_limit_w", "mig")] for gpu in known["gpus"]],
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that steer frameworks; nothing that may be a secret."""
    home = str(Path.home())
    return {
        name: value.replace(home, "~")[:LONGEST_VALUE]
        for name, value in sorted(environ.items())
        if ALLOWED.fullmatch(name) and not DENIED.search(name) and "://" not in value
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None
