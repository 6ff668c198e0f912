"""The command loop: one message in, one message out, until ``quit`` or the end of the file.

Whatever goes wrong in a command becomes an answer that names its kind and phase; only what takes
the process with it is left for the parent to notice.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.backends import own
from harness.backends.base import Backend, NotHere, is_out_of_memory
from harness.core.device import Device
from harness.core.frames import Decoder, receive, send
from harness.core.gauge import Gauge, gauge_of
from harness.measure.clock import SystemMeter
from harness.worker.arm import Arm
from harness.workloads.base import Workload
from harness.workloads.bundle import make_bundle, read_bundle, write_bundle

Message = dict[str, Any]


def serve(fd: int) -> int:
    """Answer commands on `fd` until told to quit."""
    worker, decoder = Worker(), Decoder()
    while (message := receive(fd, decoder)) is not None:
        if message["op"] == "quit":
            break
        send(fd, worker.answer(message))
    return 0


def load(path: str) -> Any:
    """Return the object at ``package.module:name``."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


class Worker:
    """One backend on one device, and the arms that are prepared on it."""

    def __init__(self) -> None:
        self._backend: Backend[Any] | None = None
        self._device = Device("cpu")
        self._arms: dict[int, Arm] = {}
        self._meter = SystemMeter()
        self._gauge: Gauge | None = None
        self._own: set[str] = set()

    def answer(self, message: Message) -> Message:
        """Carry out one command; never raises but for what ends the process."""
        op = message["op"]
        try:
            return self._commands[op](message)
        except NotHere as missing:
            self._forget(message)
            return {"unavailable": str(missing) or "no such device"}
        except Exception as error:  # noqa: BLE001  (the boundary: any framework may raise anything)
            traceback.print_exc()
            self._forget(message)
            return {"failed": self._kind(error, op), "detail": _first_line(error), "phase": op}

    @property
    def _commands(self) -> Mapping[str, Callable[[Message], Message]]:
        return {
            "start": self._start,
            "bundle": self._bundle,
            "speed": self._speed,
            "prepare": self._prepare,
            "calibrate": lambda message: self._arm(message).calibrate(message["least_ns"], message["most_ns"]),
            "prove": lambda message: self._arm(message).prove(message["inner"]),
            "throughput": lambda message: self._arm(message).throughput(message["inner"], message.get("call_ns")),
            "phase": lambda message: self._arm(message).phase(message["name"], message["inner"]),
            "latency": lambda message: self._arm(message).latency(message["count"]),
            "finish": self._finish,
            "forget": self._forget,
            "check": self._check,
        }

    def _start(self, message: Message) -> Message:
        """Pin this process, then import the framework and take hold of the device."""
        if message["affinity"] and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, message["affinity"])
        self._take_up(message)
        begin = time.perf_counter()
        implementation = load(message["implementation"])
        self._device = Device.parse(message["device"])
        self._backend = implementation(device=self._device, mode=message["mode"], threads=message["threads"])
        import_s = time.perf_counter() - begin
        self._gauge = gauge_of(self._device)
        return {"import_s": import_s, "facts": dict(self._backend.facts()), "python": sys.version.split()[0]}

    def _bundle(self, message: Message) -> Message:
        """Make inputs and reference of one case, for every worker to map."""
        self._take_up(message)
        bundle = make_bundle(_workload(message), message["seed"])
        write_bundle(bundle, Path(message["folder"]))
        return {"input_hash": bundle.input_hash, "tolerance": bundle.tolerance.bound}

    def _speed(self, message: Message) -> Message:
        """See what this CPU can do at most."""
        from harness.measure.speed import cpu_speed  # only the helper of a run needs it

        found = cpu_speed(
            threads=message["threads"],
            cache_bytes=message["cache_bytes"],
            free_bytes=message["free_bytes"],
            meter=self._meter,
        )
        return {"speed": found}

    def _prepare(self, message: Message) -> Message:
        workload = _workload(message)
        arm = Arm(
            backend=self._held(),
            device=self._device,
            workload=workload,
            bundle=read_bundle(Path(message["bundle"])),
            meter=self._meter,
            cold_bytes=message["cold_bytes"],
            gauge=self._gauge,
        )
        self._arms[message["arm"]] = arm
        return arm.prepare()

    def _finish(self, message: Message) -> Message:
        arm = self._arm(message)
        answer = arm.finish()
        del self._arms[message["arm"]]
        return answer

    def _forget(self, message: Message) -> Message:
        """Free what an arm that ended early holds, or the memory of a device fills with what is never timed."""
        self._arms.pop(message.get("arm", -1), None)
        return {}

    def _check(self, message: Message) -> Message:
        """Try every promise of the contract on one case; the planner has left out what is refused."""
        from harness.testing.contract import run_contract  # only `harness check` needs it

        bundle = read_bundle(Path(message["bundle"]))
        results = run_contract(None, self._held(), _workload(message), bundle, device=self._device)
        return {"results": [result.plain() for result in results]}

    def _take_up(self, message: Message) -> None:
        """Load the user's own files, once."""
        files = [each for each in message.get("load", ()) if each["module"] not in self._own]
        own.take_up(files)
        self._own |= {each["module"] for each in files}

    def _held(self) -> Backend[Any]:
        if self._backend is None:
            raise RuntimeError("no backend was started")
        return self._backend

    def _arm(self, message: Message) -> Arm:
        return self._arms[message["arm"]]

    def _kind(self, error: Exception, op: str) -> str:
        if isinstance(error, MemoryError):
            return "oom-host"
        if is_out_of_memory(error):
            return "oom-host" if self._device.kind == "cpu" else "oom-device"
        return "compile" if op == "prepare" and "ompil" in type(error).__name__ else "error"


def _workload(message: Message) -> Workload:
    made: Workload = load(message["workload"]).make(message["params"])
    return made


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}"[:500] if text else type(error).__name__
