"""What a device shows of itself, from a made-up driver's library and from made-up files."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from harness.core import gauge, nvidia, nvml
from harness.core.device import Device
from harness.core.gauge import Reading, gauge_of

HANDLE = ctypes.POINTER(ctypes.c_void_p)
NUMBER = ctypes.POINTER(ctypes.c_uint)
BITS = ctypes.POINTER(ctypes.c_ulonglong)
GPU = Device("gpu", 1)


class Driver:
    """A library of C functions, as the driver's is: arguments go through `ctypes` on their way in."""

    def __init__(self, *, started: int = 0, power: int = 0) -> None:
        self.opened: list[Any] = []
        self.nvmlInit_v2 = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: started)
        self.nvmlDeviceGetHandleByIndex_v2 = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, HANDLE)(self._by_index)
        self.nvmlDeviceGetHandleByUUID = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, HANDLE)(self._by_name)
        self.nvmlDeviceGetClockInfo = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, NUMBER)(self._clock)
        self.nvmlDeviceGetPowerUsage = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, NUMBER)(self._power(power))
        self.nvmlDeviceGetTemperature = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, NUMBER)(
            lambda handle, _, answer: self._say(answer, 61)
        )
        self.nvmlDeviceGetCurrentClocksThrottleReasons = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, BITS)(
            lambda handle, answer: self._say(answer, 0x1 | 0x4 | 0x40)
        )

    def _by_index(self, number: int, handle: Any) -> int:
        self.opened.append(number)
        handle[0] = 0xABC
        return 0 if number < 4 else 2

    def _by_name(self, name: bytes, handle: Any) -> int:
        self.opened.append(name)
        handle[0] = 0xABC
        return 0

    def _clock(self, handle: int, kind: int, answer: Any) -> int:
        assert handle == 0xABC
        return self._say(answer, 1755 if kind == 1 else 7)

    def _power(self, failed: int) -> Any:
        return lambda handle, answer: failed or self._say(answer, 250_500)

    def _say(self, answer: Any, value: int) -> int:
        answer[0] = value
        return 0


def test_a_gpu_shows_clock_power_and_what_holds_it_back() -> None:
    driver = Driver()
    found = gauge_of(GPU, environment={"CUDA_VISIBLE_DEVICES": "3"}, library=driver)
    assert found is not None
    assert found.read() == Reading(clock_mhz=1755.0, power_mw=250_500.0, flags="throttled:power+thermal")
    assert driver.opened == [3]  # the one device that this process sees, whatever it is called outside


@pytest.mark.parametrize(
    ("visible", "opened"),
    [(None, 1), ("", 1), ("0,2", 2), ("GPU-8f", b"GPU-8f")],
)
def test_which_gpu_is_meant(visible: str | None, opened: object) -> None:
    driver = Driver()
    assert nvml.open_device(visible, 1, library=driver) is not None
    assert driver.opened == [opened]


def test_what_a_gpu_does_not_tell_is_missing() -> None:
    driver = Driver(power=3)
    del driver.nvmlDeviceGetCurrentClocksThrottleReasons
    found = gauge_of(GPU, environment={}, library=driver)
    assert found is not None
    assert found.read() == Reading(clock_mhz=1755.0)
    device = nvml.open_device("0", 0, library=driver)
    assert device is not None
    assert device.temperature_c() == 61.0


@pytest.mark.parametrize("library", [Driver(started=9), Driver()])
def test_no_gauge_without_a_driver_or_a_device(library: Driver) -> None:
    assert gauge_of(GPU, environment={"CUDA_VISIBLE_DEVICES": "9"}, library=library) is None
    assert gauge_of(Device("tpu"), environment={}, library=library) is None


def test_without_the_driver_s_library_there_is_no_gauge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "LIBRARY", "libthere-is-none.so.1")
    assert gauge_of(GPU, environment={}) is None


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0, ()),
        (0x1, ()),  # idle
        (0x2, ()),  # somebody set the clocks
        (0x20 | 0x40, ("thermal",)),
        (0x8 | 0x80, ("hardware", "power-brake")),
    ],
)
def test_reasons_in_words(bits: int, words: tuple[str, ...]) -> None:
    assert nvml.reasons(bits) == words


def clock(root: Path, number: int, text: str) -> None:
    path = root / f"sys/devices/system/cpu/cpu{number}/cpufreq/scaling_cur_freq"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def test_a_processor_shows_the_clock_of_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock(tmp_path, 0, "1200000\n")
    clock(tmp_path, 1, "1800500\n")
    found = gauge_of(Device("cpu"), root=tmp_path)
    assert isinstance(found, gauge.ProcessorGauge)
    here = iter([0, 1, 1, 5])
    monkeypatch.setattr(found, "_current", lambda: next(here))
    assert [found.read().clock_mhz for _ in range(2)] == [1200.0, 1800.5]
    clock(tmp_path, 1, "2400000\n")
    assert found.read() == Reading(clock_mhz=2400.0)
    assert found.read() == Reading()  # a processor without such a file


def test_a_processor_that_hides_its_clock_has_no_gauge(tmp_path: Path) -> None:
    (tmp_path / "sys/devices/system/cpu/cpu0").mkdir(parents=True)
    assert gauge_of(Device("cpu"), root=tmp_path) is None


def test_the_states_of_gpus_before_and_after_a_process_set() -> None:
    said = "0, 1755, 2619, 250.50, 61, 97, 0x0000000000000004\n1, [N/A], 2619, [N/A], 40, 0, 0x1\n"
    first, second = nvidia.states(lambda _: said)
    assert first == {
        "index": 0,
        "clock_mhz": 1755.0,
        "memory_clock_mhz": 2619.0,
        "power_w": 250.5,
        "temperature_c": 61.0,
        "busy_percent": 97.0,
        "throttle_bits": 4,
    }
    assert (second["clock_mhz"], second["power_w"], second["throttle_bits"]) == (None, None, 1)
    assert nvidia.states(lambda _: None) == []


@pytest.mark.parametrize(
    ("said", "ours", "foreign"),
    [("", (), 0), ("10\n11\n", (), 2), ("10\n 11\n11\n", (11,), 1), ("[N/A]\n", (), 0), (None, (), None)],
)
def test_who_else_computes_on_the_gpus(said: str | None, ours: tuple[int, ...], foreign: int | None) -> None:
    assert nvidia.computing(ours, lambda _: said) == foreign
