"""Start a worker, speak with it, stop and wake it, and never lose track of it.

Every wait has a deadline; nobody busy-waits. A worker is the head of its own process group, dies
with this process (the kernel sees to it, even for a stopped one), and what it may have started is
ended by the `Guardian` should this process be killed outright.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.core.frames import BrokenFrame, Decoder, encode
from harness.run.guard import Guardian

TICK_S = 1.0
LOG_LIMIT = 4 * 2**20
GRACE_S = 0.3


class WorkerLost(Exception):
    """A worker is gone or had to be ended; `kind` is a failure of the record."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class Interrupted(Exception):
    """The user, or the time budget, asks to stop; raised only where nothing is being timed."""


class Line(Protocol):
    """What the session needs of a worker; tests put a scripted one in its place."""

    def request(self, message: Mapping[str, Any], *, deadline_s: float) -> dict[str, Any]:
        """Send a command and return its answer, or raise `WorkerLost`."""

    def answer(self, *, deadline_s: float) -> dict[str, Any]:
        """Wait for the answer to what was sent before."""

    def hold(self) -> None:
        """Stop the process: none of its threads may take time from another's block."""

    def wake(self) -> None:
        """Let the process go on."""

    def close(self) -> None:
        """End the process and everything that it started."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start one worker."""

    python: str
    environment: Mapping[str, str]
    log: Path


class Worker:
    """A worker process and the line to it."""

    def __init__(self, launch: Launch, *, guardian: Guardian, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._log = launch.log
        self._guardian = guardian
        self._interrupted = interrupted
        self._decoder = Decoder()
        self._ended = False
        self._oom_kills = _oom_kills()
        ours, theirs = socket.socketpair()
        self._socket = ours
        command = [launch.python, "-P", "-m", "harness.worker", str(theirs.fileno()), str(os.getpid())]
        with theirs, launch.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603  (an argument list, no shell)
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(launch.environment),
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise WorkerLost("crashed", f"{launch.python} cannot be started: {error.strerror}") from error
        guardian.watch(self.pid)
        self._selector = selectors.DefaultSelector()
        self._selector.register(ours, selectors.EVENT_READ)

    def fileno(self) -> int:
        """The line, for whoever waits for one of several workers."""
        return self._socket.fileno()

    @property
    def pid(self) -> int:
        """The worker's process id, and its group's."""
        return self._process.pid

    def request(self, message: Mapping[str, Any], *, deadline_s: float) -> dict[str, Any]:
        """Send a command and wait for its answer; a silence longer than the deadline ends the worker."""
        self.send(message)
        return self.answer(deadline_s=deadline_s)

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a command without waiting."""
        try:
            self._socket.sendall(encode(dict(message)))
        except OSError:
            raise self._lost() from None

    def answer(self, *, deadline_s: float) -> dict[str, Any]:
        """Wait for the answer to what was sent."""
        end = time.monotonic() + deadline_s
        while (message := self._next()) is None:
            left = end - time.monotonic()
            if left <= 0:
                raise self._timed_out(deadline_s)
            if self._selector.select(min(left, TICK_S)):
                self._read()
            else:
                self._keep_log_short()
                if self._interrupted():
                    raise Interrupted
        return message

    def hold(self) -> None:
        """Stop all threads of the worker's group."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Send to the whole group; once it has ended, its number may be somebody else's."""
        if not self._ended:
            with suppress(ProcessLookupError, PermissionError):  # the second is macOS's word for a zombie
                os.killpg(self.pid, number)

    def close(self) -> None:
        """Ask the worker to go, then see that the whole group has gone."""
        with suppress(OSError):
            self._socket.sendall(encode({"op": "quit"}))
        self.wake()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        self._end()

    def tail(self, size: int = 2000) -> str:
        """Return the end of what the worker printed."""
        with suppress(OSError):
            text = self._log.read_bytes()[-size:]
            return text.decode(errors="replace")
        return ""

    def _next(self) -> dict[str, Any] | None:
        try:
            return self._decoder.next()
        except (BrokenFrame, ValueError) as broken:
            self._end()
            raise WorkerLost("crashed", f"the worker wrote garbage: {broken}") from None

    def _read(self) -> None:
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise self._lost()
        self._decoder.feed(data)

    def _lost(self) -> WorkerLost:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S * 10)
        code = self._process.poll()
        self._end()
        if code == -signal.SIGKILL and _oom_kills() > self._oom_kills:
            return WorkerLost("oom-host", "killed by the system for want of memory")
        if code is None:
            reason = "the worker closed its line"
        elif code < 0:
            reason = f"ended by {signal.Signals(-code).name}"
        else:
            reason = f"exited with {code} and no answer"
        if self._decoder.pending:
            reason += ", in the middle of a message"
        return WorkerLost("crashed", _with_last_line(reason, self.tail()))

    def _timed_out(self, deadline_s: float) -> WorkerLost:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGUSR1)  # have it write down where it hangs
        time.sleep(GRACE_S)
        self._end()
        return WorkerLost("timeout", f"no answer within {deadline_s:g} s")

    def _end(self) -> None:
        self._signal(signal.SIGKILL)
        self._ended = True
        self._process.wait()
        self._guardian.forget(self.pid)
        with suppress(OSError):
            self._selector.close()
        self._socket.close()

    def _keep_log_short(self) -> None:
        with suppress(OSError):
            if self._log.stat().st_size > LOG_LIMIT:
                os.truncate(self._log, 0)  # it is written in append mode, so writing goes on from here


def _with_last_line(reason: str, tail: str) -> str:
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if "rror" in line), "")
    return f"{reason}; {last[:300]}" if last else reason


def _oom_kills() -> int:
    """How many processes this system has killed for want of memory so far."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text("ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
