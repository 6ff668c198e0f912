"""Reading a suite costs what it must: no framework, and none of the libraries of results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "jax", "jaxlib", "tensorflow", "keras", "pandas", "pyarrow", "matplotlib", "scipy")


def test_reading_a_suite_imports_no_framework_and_no_library_of_results(root: Path) -> None:
    code = (
        "import sys\n"
        "from harness.suite.load import load_suite\n"
        f"load_suite({str(root / 'suites' / 'gemm.yaml')!r})\n"
        f"load_suite({str(root / 'suites' / 'smoke.yaml')!r})\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(root))
    assert done.stdout == "[]\n"


def test_naming_targets_imports_no_framework(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "schema: harness.suite/1\nname: a\ntargets: [torch@cpu, jax.jit@gpu:0, tensorflow.xla@cpu]\n"
        "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1}]\n",
        encoding="utf-8",
    )
    code = (
        "import sys\n"
        "from harness.suite.load import load_suite\n"
        f"suite = load_suite({str(path)!r})\n"
        f"print(*suite.targets, sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "torch.eager@cpu jax.jit@gpu:0 tensorflow.xla@cpu []\n"
