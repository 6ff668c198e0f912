"""Real workers for a session: their environment, their processors, their scratch folder."""

from __future__ import annotations

import os
import random
import selectors
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.backends import own
from harness.core import limits, machine
from harness.core.affinity import available_cpus
from harness.core.ceiling import Ceiling, of_accelerator, of_cpu
from harness.core.units import size
from harness.run.environment import worker_environment
from harness.run.guard import Guardian
from harness.run.launch import TICK_S, Launch, Line, Worker, WorkerLost
from harness.run.terms import describe_case

if TYPE_CHECKING:
    from types import TracebackType

    from harness.run.plan import Arm
    from harness.suite.model import Case

LARGEST_PADDING = 4096
DEVICE_CACHE_BYTES = 128 * 2**20  # more than the last-level cache of any accelerator known to us
COLD_FACTOR = 5
COLD_ALL = 2


class Workers:
    """Starts workers and the helper; a context manager that leaves no process and no file behind."""

    def __init__(
        self,
        *,
        scratch: Path,
        seed: int,
        threads: int,
        interrupted: Callable[[], bool] = lambda: False,
        base: Mapping[str, str] = os.environ,
    ) -> None:
        self._scratch = scratch
        self._seed = seed
        self._threads = threads
        self._interrupted = interrupted
        self._base = base
        self._rng = random.Random(seed)  # noqa: S311  (layout luck, not secrets)
        self._guardian = Guardian(scratch)
        self._helper: Worker | None = None
        self._bundles: dict[str, Path | WorkerLost] = {}
        self._cpus: dict[int, list[int]] = {}
        self._count = 0
        self._speed: dict[str, float] = {}
        self.machine = machine.facts()
        self.environments: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._helper is not None:
            self._helper.close()
        self._guardian.close()  # ends whatever left its group, and clears the scratch folder

    def launch(self, arm: Arm, set_index: int) -> Worker:
        """Start the worker of an arm's target and tell it what to become."""
        target = arm.target
        worker = self._spawn(
            target.python or sys.executable,
            backend=arm.info.environment(target.device, target.mode),
            target=target.env,
            threads=arm.threads or self._threads,
        )
        worker.send(
            {
                "op": "start",
                "load": own.messages(),
                "implementation": arm.info.implementation,
                "device": str(target.device),
                "mode": target.mode,
                "threads": arm.threads or self._threads,
                "affinity": self._affinity(set_index, arm.threads or self._threads),
            }
        )
        return worker

    def first(self, lines: Sequence[Any], *, deadline_s: float) -> int | None:
        """Return which worker answers first, or is gone; nothing where all are silent."""
        end = time.monotonic() + deadline_s
        with selectors.DefaultSelector() as waiting:
            for at, line in enumerate(lines):
                waiting.register(line, selectors.EVENT_READ, at)
            while not (found := waiting.select(TICK_S)):
                if time.monotonic() > end or self._interrupted():
                    return None
        return min(int(key.data) for key, _ in found)

    def started(self, line: Line, arm: Arm, *, deadline_s: float) -> dict[str, Any]:
        """Wait until a worker is ready."""
        reply = line.answer(deadline_s=deadline_s)
        if "facts" in reply:
            self.environments[arm.target.name] = {"python": reply["python"], **reply["facts"]}
        return reply

    def bundle(self, case: Case, *, deadline_s: float) -> Path:
        """Have the helper make a case's inputs and reference, once a run; what failed is not tried again."""
        if case.key not in self._bundles:
            try:
                self._bundles[case.key] = self._make_bundle(case, deadline_s)
            except WorkerLost as lost:
                self._bundles[case.key] = lost
        made = self._bundles[case.key]
        if isinstance(made, WorkerLost):
            raise WorkerLost(made.kind, made.detail)
        return made

    def _make_bundle(self, case: Case, deadline_s: float) -> Path:
        needed, free = case.workload.reference_bytes(), limits.free_memory_bytes()
        if needed > free:
            # Else the system would choose whom to end for it, and that might be us.
            raise WorkerLost("oom-host", f"its reference alone takes {size(needed)} of memory; {size(free)} are free")
        folder = self._scratch / "bundles" / case.key
        helper = self._helping()
        helper.wake()
        try:
            reply = helper.request(
                {
                    "op": "bundle",
                    "load": own.messages(),
                    "seed": self._seed,
                    "folder": str(folder),
                    **describe_case(case),
                },
                deadline_s=deadline_s,
            )
        except WorkerLost:
            self._helper = None  # the next case gets another
            raise
        helper.hold()  # threads of its BLAS may spin for a while
        if "failed" in reply:
            raise WorkerLost(reply["failed"], reply["detail"])
        return folder

    def env_id(self, facts: dict[str, Any], arm: Arm) -> str:
        """Return the identity of machine and framework together."""
        return machine.env_id({**self.machine, "framework": facts, "threads": arm.threads or self._threads})

    def speed(self, *, deadline_s: float) -> dict[str, float]:
        """Have the helper measure this CPU, with as many threads as any arm may use."""
        message = {"op": "speed", "threads": self._threads, "cache_bytes": limits.last_level_cache_bytes()}
        helper = self._helping()
        helper.wake()
        try:
            reply = helper.request({**message, "free_bytes": limits.free_memory_bytes()}, deadline_s=deadline_s)
        except WorkerLost:  # no ceiling is no reason not to measure; bundles want a new helper
            self._helper, reply = None, {}
        else:
            helper.hold()
        self._speed = reply.get("speed", {})
        return self._speed

    def ceiling(self, arm: Arm, facts: dict[str, Any]) -> Ceiling | None:
        """Return what an arm's device can do at most, by its data sheet and by what was measured."""
        workload, device = arm.case.workload, arm.target.device
        if device.kind == "cpu":
            threads = arm.threads or self._threads
            return of_cpu(self.machine["cpu"], dtype=workload.arithmetic, threads=threads, measured=self._speed)
        gpus = self.machine["gpus"]
        return of_accelerator(facts.get("device_name"), dtype=workload.arithmetic, math_mode=workload.math, gpus=gpus)

    def cold_bytes(self, arm: Arm) -> int:
        """Return a size that no cache of the device holds."""
        return cold_bytes(arm)

    def cpus(self) -> dict[int, list[int]]:
        """Return the processors that each process-set ran on."""
        return {number: sorted(drawn) for number, drawn in self._cpus.items()}

    def _helping(self) -> Worker:
        if self._helper is None:
            (self._scratch / "bundles").mkdir(exist_ok=True)
            self._helper = self._spawn(sys.executable, backend={}, target={}, threads=self._threads)
        return self._helper

    def _affinity(self, set_index: int, threads: int) -> list[int]:
        """The same processors for all arms of a process-set, drawn anew for each; fewer threads get some of them."""
        if set_index not in self._cpus:
            everything = list(available_cpus())
            self._cpus[set_index] = self._rng.sample(everything, min(self._threads, len(everything)))
        return sorted(self._cpus[set_index][:threads])

    def _spawn(self, python: str, *, backend: Mapping[str, str], target: Mapping[str, str], threads: int) -> Worker:
        self._count += 1
        folder = self._scratch / f"worker-{self._count}"
        folder.mkdir()
        environment = worker_environment(
            self._base,
            backend=backend,
            target=target,
            threads=threads,
            scratch=self._scratch,
            caches_folder=folder,
            hash_seed=self._rng.randrange(1, 2**32 - 1),
            padding=self._rng.randrange(LARGEST_PADDING),
        )
        launch = Launch(python=python, environment=environment, log=folder / "output.log")
        return Worker(launch, guardian=self._guardian, interrupted=self._interrupted)


def cold_bytes(arm: Arm) -> int:
    """Return how many bytes of inputs exceed every cache of the arm's device for certain."""
    if arm.target.device.kind != "cpu":
        return COLD_FACTOR * DEVICE_CACHE_BYTES
    # Threads on several dies share the work, and each die keeps its part: all their caches count.
    return max(COLD_FACTOR * limits.last_level_cache_bytes(), COLD_ALL * limits.all_last_level_caches_bytes())


def threads_of(asked: int | tuple[int | None, ...] | None) -> int:
    """Return the number of threads every arm may use; where several are compared, the most that there is room for."""
    if isinstance(asked, tuple):
        return max(map(threads_of, asked))
    available = len(available_cpus())
    return available if asked is None else min(asked, available)
