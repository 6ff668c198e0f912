"""What a worker finds around it when it starts: its variables, where it finds this package, its processors.

Frameworks read most of this while they are imported, so it has to be right before the process exists.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from harness.run.guardian import MARK


def worker_environment(
    base: Mapping[str, str],
    *,
    backend: Mapping[str, str],
    target: Mapping[str, str],
    threads: int,
    scratch: Path,
    caches_folder: Path,
    hash_seed: int,
    padding: int,
) -> dict[str, str]:
    """Return the environment of one worker; frameworks read it while they are imported.

    Caches are fresh, or the second process-set would measure the first one's compilations. The
    padding shifts the stack by a random amount, which turns luck with layout from a bias into noise.
    """
    caches = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH", "XDG_CACHE_HOME")
    threading = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    dropped = ("JAX_COMPILATION_CACHE_DIR", "PYTHONSTARTUP", "PYTHONPROFILEIMPORTTIME")
    return {
        **{name: value for name, value in base.items() if name not in dropped},
        **dict.fromkeys(threading, str(threads)),
        **{name: str(caches_folder / name.lower()) for name in caches},
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(package_folder(scratch)), *filter(None, [base.get("PYTHONPATH")])]),
        "HARNESS_PADDING": "x" * padding,
        MARK: str(scratch),
        **backend,
        **target,
    }


def package_folder(scratch: Path) -> Path:
    """Return a folder that holds nothing but this package, for another interpreter's path."""
    import harness

    folder = scratch / "path"
    folder.mkdir(exist_ok=True)
    link = folder / "harness"
    if not link.exists():
        link.symlink_to(Path(harness.__file__).parent)
    return folder
