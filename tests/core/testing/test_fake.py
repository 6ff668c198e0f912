"""The fake backend does exactly the one thing wrong that its mode or variable says, when it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.backends.base import DeviceMissing, is_out_of_memory
from harness.backends.proof import call
from harness.core.device import Device
from harness.testing import fake
from harness.testing.fake import FAKE, FakeBackend, Script, round_to_tf32
from harness.workloads.bundle import make_bundle
from harness.workloads.matmul import Matmul

CASE = Matmul(m=2, n=2, k=2)
CPU = Device("cpu")

PROGRAM = """
import sys
from harness.core.device import Device
from harness.testing.fake import FakeBackend
from harness.workloads.bundle import make_bundle
from harness.workloads.matmul import Matmul
case = Matmul(m=2, n=2, k=2)
backend = FakeBackend(device=Device("cpu"), mode=sys.argv[1], threads=1)
print("started", flush=True)
prepared = backend.prepare(case, make_bundle(case, 0).inputs)
print("prepared", flush=True)
prepared.function(*prepared.arguments)
print("called", flush=True)
"""


def ending(mode: str) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(errors="replace").split("\n")[:-1]


@pytest.mark.parametrize(
    ("mode", "code", "words"),
    [
        ("good", 0, ["started", "prepared", "called"]),
        ("crash_start", -6, []),
        ("segv_prepare", -11, ["started"]),
        ("killed", -9, ["started", "prepared"]),
        ("exit0", 0, ["started", "prepared"]),
    ],
)
def test_a_process_ends_in_the_phase_that_was_named(mode: str, code: int, words: list[str]) -> None:
    assert ending(mode) == (code, words)


def test_a_flood_is_megabytes() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, "flood"], capture_output=True, timeout=60, check=True)
    assert len(done.stdout) >= fake.FLOOD_BYTES // 2


def prepared(mode: str) -> tuple[FakeBackend, object]:
    backend = FakeBackend(device=CPU, mode=mode, threads=1)
    return backend, backend.prepare(CASE, make_bundle(CASE, 0).inputs)


def test_a_script_counts_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fake.VARIABLE, "raise:call:3")
    _, ready = prepared("good")
    call(ready)  # type: ignore[arg-type]
    call(ready)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="planted"):
        call(ready)  # type: ignore[arg-type]
    call(ready)  # type: ignore[arg-type]


def test_a_wrong_answer_stays_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fake.VARIABLE, "wrong:call:2")
    _, ready = prepared("good")
    right, *wrong = (call(ready) for _ in range(3))  # type: ignore[arg-type]
    assert all(np.array_equal(answer, right + 1) for answer in wrong)


def test_what_is_slow_is_slow_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    _, ready = prepared("slow")
    call(ready)  # type: ignore[arg-type]
    call(ready)  # type: ignore[arg-type]
    assert slept == [fake.SLOW_S] * 2


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_running_out_of_memory_is_recognisable(kind: str) -> None:
    backend = FakeBackend(device=Device(kind), mode="oom_prepare", threads=1)
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        backend.prepare(CASE, make_bundle(CASE, 0).inputs)
    assert is_out_of_memory(caught.value)


def test_what_fails_at_the_start_fails_there() -> None:
    with pytest.raises(ImportError, match="libplanted"):
        FakeBackend(device=CPU, mode="import-error", threads=1)
    with pytest.raises(DeviceMissing):
        FakeBackend(device=CPU, mode="missing", threads=1)
    with pytest.raises(DeviceMissing, match="no mode"):
        FakeBackend(device=CPU, mode="no-such-thing", threads=1)


def test_every_declared_mode_can_be_read() -> None:
    for mode in FAKE.modes:
        assert isinstance(Script.read(mode.name), Script)


def test_tf32_keeps_eleven_bits() -> None:
    numbers = np.array([1 + 2.0**-10, 1 + 2.0**-11, 1 + 3 * 2.0**-11, -(1 + 2.0**-12)], dtype=np.float32)
    assert round_to_tf32(numbers).tolist() == [1 + 2.0**-10, 1.0, 1 + 2 * 2.0**-10, -1.0]


def test_the_fake_imports_no_framework(tmp_path: Path) -> None:
    program = (
        "import sys, harness.testing.fake; print(sorted({'torch', 'jax', 'tensorflow', 'pytest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
