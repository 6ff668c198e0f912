"""A first look: six small cases on whatever is installed, within a minute.

Every answer is checked against float64 before it is timed. One process each and a few rounds are a
quick look and not a verdict; the last lines name the command that measures in earnest.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
from harness.cli import options
from harness.errors import DeviceUnavailable, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.core.target import Target
    from harness.run.state import ArmState
    from harness.suite.model import Case, Suite

BUDGET_S = 48.0  # leaves time to end in order within the minute
ROUNDS = 12

CASES = (
    ("a matrix product, 512 x 512, float32", "matmul", {"m": 512, "n": 512, "k": 512}),
    ("a small matrix product, 64 x 64, float32", "matmul", {"m": 64, "n": 64, "k": 64}),
    ("a row times a matrix, 1 x 1024 x 1024, float32", "matmul", {"m": 1, "n": 1024, "k": 1024}),
    ("a matrix product, 512 x 512, float64", "matmul", {"m": 512, "n": 512, "k": 512, "dtype": "float64"}),
    ("the sum of 1,000,000 numbers, float32", "reduction", {"op": "sum", "shape": (1000, 1000)}),
    ("the largest of each of 1000 rows, float32", "reduction", {"op": "max", "shape": (1000, 1000), "axis": "last"}),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_targets(parser)
    options.add_results(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Find what is installed, measure it, say what was seen."""
    from harness.run.plan import make_plan
    from harness.run.runner import default_pace, run_plan

    start = time.monotonic()
    given = options.targets_of(arguments.target)
    targets, missing = (given, []) if given else _installed()
    _say_missing(missing)
    if not targets:
        raise DeviceUnavailable("no framework is installed here", remedy="install one with a command from above")
    suite = _suite(targets)
    plan = make_plan(suite, required=given, self_check=False)
    print(f"\na quick look at {', '.join(target.name for target in plan.targets)}; starting them takes a few seconds\n")
    pace = replace(default_pace(plan), rounds=ROUNDS, shard_cases=1, max_time_s=4.0)
    result = run_plan(
        plan, results=arguments.results, observer=Sentences(start), budget_s=BUDGET_S, pace=pace, required=bool(given)
    )
    _say_next(arguments, time.monotonic() - start)
    # A budget that ends a quick look has done what it is for.
    return ExitCode.FINE if result.exit_code is ExitCode.BUDGET else result.exit_code


def _installed() -> tuple[list[Target], list[tuple[str, str]]]:
    """Return the default mode of every framework that is here, on every device, and what is missing."""
    from harness.backends import registry
    from harness.backends.base import UNRANKED
    from harness.core.device import Device
    from harness.core.hardware import device_kinds
    from harness.core.target import Target

    present = device_kinds()
    targets, missing = [], []
    for name in registry.backend_names():
        info = registry.find_backend(name)
        if info.modes[0].mode_class == UNRANKED:
            continue
        kinds = [kind for kind in info.devices if kind in present]
        lack = registry.missing(info, Device(kinds[-1] if kinds else "cpu"))
        if lack is not None:
            missing.append((name, str(lack)))
            continue
        targets += [Target(backend=name, device=Device(kind)) for kind in kinds]
    order = {"torch": 0, "jax": 1, "tensorflow": 2}
    return sorted(targets, key=lambda target: (target.device, order.get(target.backend, 9))), missing


def _say_missing(missing: list[tuple[str, str]]) -> None:
    for name, lack in missing:
        print(f"not here: {name} ({lack})")


def _suite(targets: Sequence[Target]) -> Suite:
    import hashlib

    from harness.suite.model import Case, Measure, Suite
    from harness.workloads.registry import make_workload

    cases = tuple(Case(name=text, workload=make_workload(name, params)) for text, name, params in CASES)
    identity = hashlib.sha256("\n".join(case.key for case in cases).encode()).hexdigest()
    return Suite(
        name="quickstart",
        description="six small cases",
        cases=cases,
        targets=tuple(targets),
        measure=Measure(profile="quick"),
        hash=identity,
    )


def _say_next(arguments: argparse.Namespace, took_s: float) -> None:
    where = options.results_option(arguments.results)
    print(
        f"\nThat took {took_s:.0f} s. It is a quick look and not a verdict: one process each, so luck with a process,\n"
        "or a busy moment of this machine, can be several per cent. To measure in earnest:\n\n"
        f"    python -m harness run {_gemm()}{where}\n"
        f"    python -m harness report{where}\n"
    )


def _gemm(beside: Path = Path(harness.__file__).parents[1]) -> str:
    """Name the suite so that the command works here, where the checkout is known to hold it."""
    near = Path("suites", "gemm.yaml")
    far = beside / near
    return shlex.quote(str(far)) if far.is_file() and not near.is_file() else str(near)


class Sentences:
    """Says each comparison as a sentence the moment a case is done."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._first = True

    def phase(self, text: str) -> None:
        """Show on a terminal what is going on."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)

    def begins(self, share: float) -> None:
        """Nothing to say of how far it is."""

    def advance(self, share: float, arm: ArmState | None) -> None:
        """Nothing to say between cases."""

    def close(self) -> None:
        """Nothing to clear."""

    def case_done(self, case: Case, states: Sequence[ArmState], set_index: int) -> None:
        """Say who was faster, by how much, and whether the answers are the same."""
        del set_index
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        print(sentence(case.name, [(state.arm.target.name, *_seen(state)) for state in states]), flush=True)


def _seen(state: ArmState) -> tuple[float | None, str]:
    """Return an arm's median time, or why there is none."""
    from statistics import median

    times = [sample.wall_ns / sample.inner * 1e-9 for sample in state.throughput]
    if state.outcome is not None:
        return None, f"{state.outcome}: {state.detail}"
    if state.failed_checks:
        return None, "invalid: " + "; ".join(doubt.detail for doubt in state.failed_checks)
    if not state.proved_sets or not times:  # interrupted between the proof and the first block, say
        return None, "not reached"
    return median(times), ""


def sentence(name: str, seen: Sequence[tuple[str, float | None, str]]) -> str:
    """Return one comparison in words."""
    from harness.core import units

    timed = sorted((time_s, target) for target, time_s, _ in seen if time_s is not None)
    words: list[Any] = []
    if timed:
        best_s, best = timed[0]
        words.append(f"{best} {units.seconds(best_s)}")
        words += [f"{target} {units.seconds(time_s)} ({time_s / best_s:.2f} x)" for time_s, target in timed[1:]]
    words += [f"{target}: {why}" for target, time_s, why in seen if time_s is None]
    wrong = [target for target, time_s, why in seen if time_s is None and "wrong" in why]
    same = f"NO ({', '.join(wrong)})" if wrong else "yes" if timed else "nothing to compare"
    return f"{name}:\n    {', '.join(words)}; same answer: {same}"
