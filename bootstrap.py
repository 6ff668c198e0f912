"""From a fresh checkout to a rendered comparison, in one command and with the standard library alone.

::

    python3 bootstrap.py suites/gemm.yaml

makes a virtual environment in ``.venv-harness``, installs the harness and all three frameworks into it in the
versions of ``constraints.txt``, measures the suites, and renders the report. What stands after the
suites goes to ``harness run`` as it is: ``python3 bootstrap.py suites/gemm.yaml --profile quick``.
A second call installs nothing anew.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv-harness"  # not .venv, where newer tools leave a file that points at an environment of theirs
STAMP = VENV / "installed.txt"
PYTHONS = ((3, 11), (3, 14))  # from, and below: TensorFlow has no build for later ones
EXTRAS = {"cpu": "all", "cuda": "cuda,tensorflow", "tpu": "tpu,torch,tensorflow"}  # see pyproject.toml for why
# Without a GPU, PyTorch's own index spares gigabytes of CUDA libraries. Where it cannot be reached, the
# ordinary index serves the same version.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
REPORTABLE = (0, 1, 124)  # fine, some arm failed or is invalid, budget spent: there are results to show


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, measure, render; return the exit code of the measurement."""
    options, passed_on = _parser().parse_known_args(arguments)
    if not PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]:
        running = ".".join(map(str, sys.version_info[:3]))
        return _stop(f"this is Python {running}; call me with Python 3.11, 3.12 or 3.13")
    kind = options.kind or ("cuda" if _has_gpu() else "cpu")
    if not _is_installed(kind) and (code := _install(kind)) != 0:
        return _stop(f"installing ended with status {code}; what pip said stands above")
    codes = [_harness("run", suite, *passed_on) for suite in options.suites]
    if not any(code in REPORTABLE for code in codes):
        return codes[0]
    return _harness("report") or next((code for code in codes if code), 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("suites", nargs="+", metavar="SUITE", help="suite files to measure")
    parser.add_argument(
        "--for",
        dest="kind",
        choices=list(EXTRAS),
        help="which builds to install (default: cuda where nvidia-smi answers, else cpu)",
    )
    return parser


def _has_gpu() -> bool:
    tool = shutil.which("nvidia-smi")
    return tool is not None and _call(tool, "--list-gpus", quiet=True) == 0


def _install(kind: str) -> int:
    STAMP.unlink(missing_ok=True)
    print(f"bootstrap: installing the {kind} builds into {VENV}; this takes minutes, once", file=sys.stderr)
    code = _call(sys.executable, "-m", "venv", str(VENV))
    if code != 0:
        return code  # Debian keeps venv apart, and says itself which package brings it
    pip = (str(_python()), "-m", "pip", "install", "--disable-pip-version-check", "-c", str(ROOT / "constraints.txt"))
    if kind == "cpu" and sys.platform == "linux":
        # Tried only: the next command installs whatever this one did not.
        _call(
            *pip, "--retries", "0", "--timeout", "15", "--no-deps", "--index-url", TORCH_CPU_INDEX, "torch", quiet=True
        )
    code = _call(*pip, "-e", f"{ROOT}[{EXTRAS[kind]}]")
    if code == 0:
        STAMP.write_text(_fingerprint(kind), encoding="utf-8")
    return code


def _is_installed(kind: str) -> bool:
    return STAMP.is_file() and STAMP.read_text(encoding="utf-8") == _fingerprint(kind)


def _fingerprint(kind: str) -> str:
    """Name all that decides what is installed, so that a change installs again."""
    told = [kind, sys.version, *((ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "constraints.txt"))]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def _python() -> Path:
    return VENV / "bin" / "python"


def _harness(*arguments: str) -> int:
    return _call(str(_python()), "-m", "harness", *arguments)


def _call(*command: str, quiet: bool = False) -> int:
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, cwd=ROOT, stdout=sink, stderr=sink, check=False).returncode  # noqa: S603


def _stop(reason: str) -> int:
    print(f"bootstrap: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
