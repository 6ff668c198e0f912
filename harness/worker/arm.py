"""One case on this worker's backend: made ready, proved, timed, proved again.

What is wrong is never timed: `prepare` compares the first answer with the reference and says so at
once. The same function on the same arguments is then what `throughput` and `latency` time.
"""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.backends import proof
from harness.backends.convergence import check_ends, make_ready
from harness.backends.learning import told as told_of
from harness.backends.learning import unprovable
from harness.core.math_mode import MathMode
from harness.measure.block import Block, Calls, run_block, run_latency
from harness.measure.calibrate import MOST_INNER, calibrate
from harness.measure.memory import HostMemory
from harness.measure.validity import (
    Doubt,
    check_elision,
    check_leftover,
    check_remembered,
    check_scaling,
    elidable_calls,
)
from harness.worker.beside import Beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.backends.base import Backend, Prepared
    from harness.core.device import Device
    from harness.core.gauge import Gauge
    from harness.measure.clock import Meter
    from harness.workloads.base import Workload
    from harness.workloads.bundle import Bundle

SWEPT_BYTES = 16 * 2**20  # more than a core's own caches hold

Message = dict[str, Any]


class Arm:
    """A case made ready on a backend."""

    def __init__(
        self,
        *,
        backend: Backend[Any],
        device: Device,
        workload: Workload,
        bundle: Bundle,
        meter: Meter,
        cold_bytes: int,
        gauge: Gauge | None = None,
    ) -> None:
        self._backend = backend
        self._device = device
        self._workload = workload
        self._bundle = bundle
        self._meter = meter
        self._cold_bytes = cold_bytes
        self._beside = Beside(workload, device, meter, gauge)
        self._math = MathMode(workload.math)
        self._primer_ns = sys.maxsize

    def prepare(self) -> Message:
        """Bring inputs to the device, time the first call alone, and prove its answer."""
        self._backend.set_math(self._math)
        memory = HostMemory()
        start = time.perf_counter()
        self._prepared: Prepared[Any] = make_ready(self._backend, self._workload, self._bundle.inputs)
        prepare_s = time.perf_counter() - start
        compiling_s = self._prepared.compiling_s
        told_s = compiling_s() if compiling_s else 0.0
        start = time.perf_counter()
        output = proof.call(self._prepared)
        self._backend.wait(output)
        first_call_s = time.perf_counter() - start
        compile_s = min(max(0.0, compiling_s() - told_s), first_call_s) if compiling_s else None  # by another clock
        self._peak_host_bytes = memory.grown()
        seen = proof.observed(self._backend, self._workload, self._bundle, self._prepared, output)
        found, wrong = proof.judged(self._bundle, self._prepared, seen)
        doubts: list[Doubt | None] = [wrong] if wrong else self._prove_answer(output, seen)
        function, goal, arguments = self._prepared.function, self._prepared.goal, self._arguments_in_turn()
        epoch = goal.epoch if goal is not None else None
        self._calls = Calls(function, *arguments, primer=epoch)
        self._brief = self._calls if epoch is None else Calls(epoch, *arguments)
        self._steps = learning.steps if (learning := self._prepared.learning) is not None else 1
        self._output = output
        self._recompiled = 0
        told = {} if wrong else self._told(seen)
        self._epochs: int | None = told.get("epochs")
        self._untimed = len(goal.ended()) if goal is not None else 0
        return {
            "prepare_s": prepare_s,
            "first_call_s": first_call_s,
            "compile_s": compile_s,
            "max_error": found.max_error,
            "effective_bits": found.effective_bits,
            "tolerance": self._bundle.tolerance.bound,
            "input_hash": self._bundle.input_hash,
            "output_hash": proof.output_hash(self._backend, self._prepared, output),
            "tags": self._tags(),
            "phases": list(learning.phases) if learning is not None else [],
            **told,
            "doubts": _plain(doubts),
            "unprovable": unprovable(self._workload, self._bundle, self._prepared, seen) if wrong else None,
            "checks": ["V1"] if wrong else ["V1", "V2", *(["V3"] if self._workload.moves else []), "V7", "V10"],
        }

    def _tags(self) -> list[str]:
        layout = self._prepared.layout
        return [*self._prepared.tags, *([f"layout={layout.name}"] if layout is not None else [])]

    def _told(self, seen: Mapping[str, Any]) -> Message:
        """What a training came to, and in all its epochs if it is one to a quality."""
        told = told_of(self._backend, self._workload, self._bundle, self._prepared, seen)
        goal = self._prepared.goal
        return told if goal is None else {**told, **goal.quality()}

    def _prove_answer(self, output: Any, seen: Mapping[str, Any]) -> list[Doubt | None]:
        backend, workload, bundle, prepared = self._backend, self._workload, self._bundle, self._prepared
        return [
            proof.check_placed(backend, workload, prepared, output, self._device),
            proof.check_own_memory(backend, workload, prepared, output),
            proof.check_same_again(backend, workload, bundle, prepared, seen),
            proof.check_inputs_matter(backend, workload, bundle, prepared),
        ]

    def _arguments_in_turn(self) -> list[tuple[Any, ...]]:
        """Always the same arguments, or so many copies in turn that none is still in a cache."""
        first = self._prepared.arguments
        if self._workload.cache == "warm" or not first:
            return [first]
        copies = math.ceil(self._cold_bytes / max(1, self._workload.input_bytes())) + 1
        return [first, *(self._backend.place(self._workload, self._bundle.inputs) for _ in range(copies - 1))]

    def calibrate(self, least_ns: int, most_ns: int) -> Message:
        """Choose how many calls make a block; also warms everything up.

        A second training to a goal in a block would go on from where the first one ended.
        """
        most = 1 if self._prepared.goal is not None else MOST_INNER
        with self._timing():
            found = calibrate(self._time_calls, least_ns=least_ns, most_ns=most_ns, most_inner=most)
        return {
            "inner": found.inner * self._steps,
            "call_ns": found.call_ns / self._steps,
            "primer_ns": self._primer_ns,
        }

    def prove(self, inner: int) -> Message:
        """Check that time itself can be believed: V4, V5, and of V2 what only time can tell.

        Of a training to a goal it is an epoch that they ask; it has no arguments whose answers could be kept.
        """
        goal = self._prepared.goal
        few = max(1, inner // self._steps) if goal is None else 1
        remembers = bool(self._prepared.arguments) and goal is None
        with self._timing():
            doubts = [
                check_scaling(self._time_brief, few),
                check_leftover(lambda: self._time_brief(few), self._read, sweep_caches),
                check_remembered(lambda: self._time_call(self._prepared.arguments), self._time_fresh_call)
                if remembers
                else None,
            ]
            calls = self._elidable_calls(inner)
            if calls is not None:
                doubts.append(check_elision(lambda: self._look(calls), calls))
        asked = [*(["V2"] if remembers else []), *(["V3"] if calls is not None else []), "V4", "V5"]
        return {"doubts": _plain(doubts), "checks": asked}

    def _elidable_calls(self, inner: int) -> int | None:
        """How many calls V3 may compare; none where there are no inputs to make copies of."""
        if not self._prepared.arguments or self._prepared.learning is not None:
            return None  # each step of a training needs the weights that the one before it left
        size = self._workload.input_bytes() + self._workload.output_bytes()
        return elidable_calls(size, self._time_block(inner) / inner)

    def _look(self, calls: int) -> tuple[int, int]:
        """Time calls on copies that were never seen, whose answers are all kept, and before and after them a block.

        The shorter block counts: a neighbour makes a block longer, never shorter, and a longer one hides merged calls.
        """
        copies = [self._backend.place(self._workload, self._bundle.inputs) for _ in range(calls)]
        for copy in copies:
            self._backend.fetch(copy)  # it has arrived
        before, between, after = self._time_same(calls), self._time_kept(copies), self._time_same(calls)
        return between, min(before, after)

    def _time_same(self, calls: int) -> int:
        same = Calls(self._prepared.function, self._prepared.arguments)
        return run_block(same, calls // self._steps, self._backend.wait, self._meter, self._prepared.reset)[0].wall_ns

    def _time_kept(self, copies: list[tuple[Any, ...]]) -> int:
        function, wait = self._prepared.function, self._backend.wait
        wait(proof.call(self._prepared))  # a primer, as a block has
        if self._prepared.reset is not None:
            self._prepared.reset()
        start = self._meter.now()
        outputs = [function(*copy) for copy in copies]
        for output in outputs:
            wait(output)
        return self._meter.now() - start

    def _time_fresh_call(self) -> int:
        arguments = self._backend.place(self._workload, self._bundle.inputs)
        self._backend.fetch(arguments)  # they have arrived, whatever the framework puts off
        return self._time_call(arguments)

    def _time_call(self, arguments: tuple[Any, ...]) -> int:
        if self._prepared.reset is not None:
            self._prepared.reset()
        start = self._meter.now()
        self._backend.wait(self._prepared.function(*arguments))
        return self._meter.now() - start

    def _time_block(self, inner: int) -> int:
        return self._run_block(self._calls, inner).wall_ns

    def _time_brief(self, calls: int) -> int:
        return self._run_block(self._brief, calls * self._steps).wall_ns

    def _time_calls(self, calls: int) -> int:
        return self._time_block(calls * self._steps)

    def _run_block(self, calls: Calls, inner: int) -> Block:
        """Time `inner` units of work, of which a call may do several."""
        count = inner // self._steps
        block, self._output = run_block(calls, count, self._backend.wait, self._meter, self._prepared.reset)
        self._primer_ns = min(self._primer_ns, block.primer_ns)
        return block

    def _read(self) -> int:
        start = self._meter.now()
        self._backend.peek(self._output)
        return self._meter.now() - start

    def throughput(self, inner: int, call_ns: float | None = None) -> Message:
        """Time one block of `inner` calls and one fence; where a call's length is told, beside a sentinel."""
        self._beside.before(call_ns)
        with self._timing():
            block = self._run_block(self._calls, inner)
        return self._timed([block], self._beside.after(block))

    def phase(self, name: str, inner: int) -> Message:
        """Time a block of one phase of a training."""
        assert self._prepared.learning is not None  # noqa: S101  (only a training told of phases)
        calls = Calls(self._prepared.learning.phases[name], self._prepared.arguments)
        with self._timing():
            block, _ = run_block(calls, max(1, inner // self._steps), self._backend.wait, self._meter)
        return self._timed([block])

    def latency(self, count: int) -> Message:
        """Time `count` single calls, each with its own fence; a call that does several steps has no latency."""
        if self._steps > 1:
            return self._timed([])
        with self._timing():
            blocks, self._output = run_latency(
                self._calls, count, self._backend.wait, self._meter, self._prepared.reset
            )
        return self._timed(blocks)

    def _timed(self, blocks: list[Block], beside: Message | None = None) -> Message:
        """Say of blocks at once whether something was compiled: this worker may not live to say it at the end."""
        count, self._recompiled = self._recompiled, 0
        doubts = _plain([proof.check_no_recompiling(count)])
        return {"blocks": [asdict(block) | (beside or {}) for block in blocks], "doubts": doubts, "checks": ["V9"]}

    @contextmanager
    def _timing(self) -> Iterator[None]:
        """Force the math mode, and count what is compiled meanwhile.

        A framework's counter may be one for the whole process, and other arms are prepared between
        our blocks; so only what happens inside them is ours.
        """
        self._backend.set_math(self._math)
        before = self._prepared.compilations()
        yield
        self._recompiled += self._prepared.compilations() - before

    def finish(self) -> Message:
        """Prove the last timed answer, that nothing was compiled meanwhile, and that inputs are untouched."""
        backend, workload, bundle = self._backend, self._workload, self._bundle
        ends = self._check_ends()
        doubts = [
            ends,
            proof.check_answer(backend, workload, bundle, self._prepared, self._output)[1],
            proof.check_no_recompiling(self._recompiled),
            proof.check_inputs_untouched(backend, bundle, workload, self._prepared),
        ]
        peak = backend.peak_memory()
        return {
            "doubts": _plain(doubts),
            "checks": ["V1", "V9", "V10"],
            "peak_memory_bytes": peak,
            "peak_host_bytes": self._peak_host_bytes,
        }

    def _check_ends(self) -> Doubt | None:
        """V1 of the trainings that were timed, if they had a goal."""
        goal = self._prepared.goal
        return check_ends(self._epochs, goal.ended()[self._untimed :]) if goal is not None else None


def sweep_caches() -> None:
    """Leave nothing in the caches near a processor but zeros."""
    import numpy as np

    np.zeros(SWEPT_BYTES, dtype=np.uint8).fill(1)


def _plain(doubts: list[Doubt | None]) -> list[Message]:
    return [asdict(doubt) for doubt in doubts if doubt is not None]
