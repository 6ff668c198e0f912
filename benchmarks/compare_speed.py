"""How long `compare` and `gate` take over a suite of 1,000 arms, and how much memory.

    python benchmarks/compare_speed.py

Two runs are made up (`compare_store.py`), and each command is run several times as a process of its own.
The promise is 1.5 s, as the median of the runs, and 300 MB for each of them. This process stays small and
has others write the runs, for a child is told to have held at least what its parent held.

A run of 1,000 arms has 200 cases on four targets, and their reference a second time. Two targets of it are
200 pairs; one beside all others is 600, with every arm of the run at work; and two such runs are 800, the
second copy of the reference being no side of any. How many pairs a command told stands beside its seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.cli import COMMANDS

PROMISED_S, PROMISED_MB = 1.5, 300.0
MEANT = (0, 1, 3, 4)  # what a comparison of these runs may end with

BASE, NEW = "latest::torch.eager@cpu", "latest::jax.jit@cpu"
ASKED = {
    "compare, two targets of a run": ("compare", BASE, NEW),
    "compare, one target beside all others": ("compare", BASE, "latest"),
    "compare, two runs, refused": ("compare", "latest~1", "latest"),
    "compare, two runs, insisted": ("compare", "latest~1", "latest", "--insist"),
    "compare, two runs, through an anchor": ("compare", "latest~1", "latest", "--through", "torch.eager@cpu"),
    "gate, two targets of a run": ("gate", NEW, "--base", BASE),
    "gate, one target beside all others": ("gate", "latest", "--base", BASE),
    "gate, two runs, insisted": ("gate", "latest", "--base", "latest~1", "--insist"),
}


def measure(command: tuple[str, ...], root: Path, runs: int) -> dict[str, Any]:
    """Run a command several times, and return its seconds and the most memory that it held."""
    taken, worked, held, code = [], [], [], 0
    for _ in range(runs):
        start = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603  (our own command line)
            [sys.executable, "-m", "harness", *command, "--results", str(root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        _, status, used = os.wait4(child.pid, 0)
        taken.append(time.perf_counter() - start)
        worked.append(used.ru_utime + used.ru_stime)
        held.append(used.ru_maxrss / 1024 * (1 if sys.platform == "linux" else 1 / 1024))
        code = os.waitstatus_to_exitcode(status)
        child.returncode = code
        said = child.stderr.read().decode() if child.stderr is not None else ""
        if code not in MEANT:
            raise SystemExit(f"{' '.join(command)} ended with {code}: {said}")
    return {
        "seconds": statistics.median(taken),
        "seconds_least": min(taken),
        "seconds_most": max(taken),
        "cpu_seconds": statistics.median(worked),
        "megabytes": max(held),
        "exit_code": code,
    }


def pairs(command: tuple[str, ...], root: Path) -> int:
    """Run a command once more, and return how many pairs of arms it tells of."""
    as_json = ("--json", "-") if command[0] == "gate" else ("--json",)
    done = subprocess.run(  # noqa: S603  (our own command line)
        [sys.executable, "-m", "harness", *command, "--results", str(root), *as_json],
        stdout=subprocess.PIPE,
        check=False,
    )
    return sum(len(one["lines"]) for one in json.loads(done.stdout)["comparisons"])


def kept(found: Mapping[str, Any]) -> bool:
    """Whether a command holds what is promised."""
    return bool(found["seconds"] <= PROMISED_S and found["megabytes"] <= PROMISED_MB)


def main() -> int:
    """Measure each command that there is, print, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one line of JSON a command")
    arguments = parser.parse_args()
    holds = True
    with tempfile.TemporaryDirectory(prefix="harness-speed-") as folder:
        root = Path(folder)
        writer = Path(__file__).with_name("compare_store.py")
        subprocess.run([sys.executable, str(writer), folder], check=True)  # noqa: S603  (our own script)
        for name, command in ASKED.items():
            if command[0] not in COMMANDS:
                continue
            found = {**measure(command, root, arguments.runs), "pairs": pairs(command, root)}
            holds = holds and kept(found)
            print(json.dumps({"command": name, **found}) if arguments.json else _sentence(name, found), flush=True)
    return 0 if holds else 1


def _sentence(name: str, found: Mapping[str, Any]) -> str:
    span = f"{found['seconds_least']:.2f} to {found['seconds_most']:.2f}; {found['cpu_seconds']:.2f} s of a processor"
    end = "" if kept(found) else f"  MORE THAN {PROMISED_S} s OR {PROMISED_MB:.0f} MB"
    return f"{name}, {found['pairs']} pairs: {found['seconds']:.2f} s ({span}), {found['megabytes']:.0f} MB{end}"


if __name__ == "__main__":
    raise SystemExit(main())
