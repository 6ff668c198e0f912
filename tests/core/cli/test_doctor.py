"""The doctor tells what is here, what is not, and which command mends it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from harness.backends import registry
from harness.backends.base import BackendInfo, Mode, Remedy
from harness.cli import doctor, doctor_text
from harness.core.device import Device
from harness.errors import UsageError

CPU = frozenset({"cpu"})
BOTH = frozenset({"cpu", "gpu"})


def info(**changes: Any) -> BackendInfo:
    values: dict[str, Any] = {
        "name": "abacus",
        "modes": (Mode(name="beads", mode_class="as-written"), Mode(name="carved", mode_class="compiled")),
        "implementation": "abacus:Abacus",
        "requires": ("numpy",),  # a distribution that is here for certain
        "devices": ("cpu", "gpu"),
        "install": {"cpu": "pip install abacus", "gpu": "pip install abacus[gpu]"},
    }
    return BackendInfo(**(values | changes))


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a test say which backends there are."""

    def offered(*infos: BackendInfo) -> None:
        known = {one.name: one for one in infos}
        monkeypatch.setattr(registry, "backend_names", lambda: tuple(known))
        monkeypatch.setattr(registry, "find_backend", known.__getitem__)

    return offered


def seen(*kinds: str) -> doctor.Probe:
    """A probe that sees these kinds of device and no others."""

    def look(_: BackendInfo, device: Device) -> doctor_text.DeviceState:
        said = {"device_name": f"a {device}"} if device.kind in kinds else {"missing": f"no {device} for me"}
        return doctor.read_answer(device, 0, f"chatter\n{json.dumps(said)}\n", "")

    return look


def test_a_framework_and_its_devices(offer: Callable[..., None]) -> None:
    offer(info())
    (state,) = doctor.examine(BOTH, seen("cpu", "gpu"))
    assert [(device.device, device.state, device.detail) for device in state.devices] == [
        ("cpu", doctor_text.OK, "a cpu"),
        ("gpu", doctor_text.OK, "a gpu:0"),
    ]
    assert state.modes == ("beads", "carved")
    assert state.missing == ()


def test_a_device_that_is_not_here_is_not_asked_for(offer: Callable[..., None]) -> None:
    offer(info())
    (state,) = doctor.examine(CPU, seen("cpu"))
    assert [device.state for device in state.devices] == [doctor_text.OK, doctor_text.ABSENT]
    assert state.missing == ()


def test_a_gpu_that_a_framework_does_not_see_is_mended_by_the_build_for_gpus(offer: Callable[..., None]) -> None:
    offer(info())
    (state,) = doctor.examine(BOTH, seen("cpu"))
    (gap,) = state.missing
    assert (gap.target, gap.reason, gap.command) == ("abacus@gpu", "no gpu:0 for me", "pip install abacus[gpu]")


@pytest.mark.parametrize(("present", "command"), [(CPU, "pip install abacus"), (BOTH, "pip install abacus[gpu]")])
def test_what_is_not_installed_is_mended_in_the_size_of_the_machine(
    offer: Callable[..., None], present: frozenset[str], command: str
) -> None:
    offer(info(requires=("no-such-distribution",)))
    (state,) = doctor.examine(present, seen())
    assert (state.version, state.devices) == (None, ())
    (gap,) = state.missing
    assert gap.command == command
    assert "no-such-distribution" in gap.reason


def test_a_missing_compiler_is_told_for_the_mode_that_needs_it(offer: Callable[..., None]) -> None:
    def lacks(mode: str, device: Device) -> Remedy | None:
        return Remedy(reason=f"no chisel for {device}", command="get one") if mode == "carved" else None

    offer(info(lacks=lacks))
    (state,) = doctor.examine(CPU, seen("cpu"))
    (gap,) = state.missing
    assert (gap.target, gap.reason, gap.command) == ("abacus.carved@cpu", "no chisel for cpu", "get one")


def test_one_broken_plugin_does_not_hide_the_others(
    offer: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(info())

    def find(name: str) -> BackendInfo:
        if name == "broken":
            raise UsageError("the backend 'broken' cannot be loaded", remedy="uninstall it")
        return info()

    monkeypatch.setattr(registry, "backend_names", lambda: ("broken", "abacus"))
    monkeypatch.setattr(registry, "find_backend", find)
    broken, whole = doctor.examine(CPU, seen("cpu"))
    assert broken.missing[0].reason == "the backend 'broken' cannot be loaded"
    assert whole.devices[0].state == doctor_text.OK


def test_a_checkout_that_is_not_installed_is_told_how(offer: Callable[..., None]) -> None:
    offer()
    (state,) = doctor.examine(CPU, seen())
    assert state.missing[0].command == "pip install -e ."


@pytest.mark.parametrize(
    ("code", "output", "errors", "state", "detail"),
    [
        (0, 'noise\n{"device_name": "x"}\n', "", doctor_text.OK, "x"),
        (0, '{"missing": "no card"}', "", doctor_text.UNSEEN, "no card"),
        (1, "", "Traceback\nImportError: libcudart.so.13\n", doctor_text.FAILED, "ImportError: libcudart.so.13"),
        (-11, "", "", doctor_text.FAILED, "it ended with status -11 and said nothing"),
        (0, "not json", "why", doctor_text.FAILED, "why"),
        (0, "[1]", "why", doctor_text.FAILED, "why"),
    ],
)
def test_whatever_a_probe_says_becomes_a_state(code: int, output: str, errors: str, state: str, detail: str) -> None:
    read = doctor.read_answer(Device("cpu"), code, output, errors)
    assert (read.state, read.detail) == (state, detail)


def test_a_real_probe_sees_the_processor() -> None:
    """On the backend that needs no framework; the others are asked in the tests of whole commands."""
    state = doctor.probe(registry.find_backend("numpy"), Device("cpu"))
    assert state.state == doctor_text.OK
    assert state.facts["threads"] >= 1


def test_a_probe_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    stand_in.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stand_in))
    monkeypatch.setattr(doctor, "PROBE_TIMEOUT_S", 0.2)
    state = doctor.probe(registry.find_backend("numpy"), Device("cpu"))
    assert (state.state, state.detail) == (doctor_text.FAILED, "no answer within 0 s")


def test_the_driver_counts_where_no_device_file_shows() -> None:
    assert doctor.present_devices({"gpus": [{"name": "x"}]}, lambda: ("cpu",)) == BOTH
    assert doctor.present_devices({"gpus": []}, lambda: ("cpu", "tpu")) == {"cpu", "tpu"}


def test_the_text_shows_every_state_and_each_command_on_a_line_of_its_own() -> None:
    state = doctor_text.BackendState(
        name="abacus",
        version="1.2",
        modes=("beads",),
        devices=(doctor_text.DeviceState(device="cpu", state=doctor_text.OK, detail="wood", facts={"threads": 2}),),
        missing=(doctor_text.Missing(target="abacus@gpu", reason="not seen", command="pip install abacus[gpu]"),),
    )
    assert doctor_text.backend_lines([state]) == [
        "backends",
        "  abacus       1.2  (beads)",
        "    cpu        ok, wood, 2 threads",
    ]
    assert doctor_text.missing_lines([state]) == ["missing", "  abacus@gpu: not seen", "    pip install abacus[gpu]"]
    assert doctor_text.missing_lines([]) == ["nothing is missing"]


def bare_facts() -> dict[str, Any]:
    from harness.core import machine

    known = machine.facts(root=Path("/no/such/root"), environ={}, gpus=list)
    known["cpu"] |= {"model": None, "cores": None, "logical": 8, "affinity": []}
    known["memory"] |= {"total_bytes": None}
    return known


def test_a_machine_that_shows_nothing_can_be_told_of() -> None:
    told = "\n".join(doctor_text.machine_lines(bare_facts()))
    assert "unknown model" in told
    assert "? cores, 8 processors, 8 allowed" in told
    assert "none that nvidia-smi shows" in told


def test_a_gpu_and_a_quota_are_told() -> None:
    known = deepcopy(bare_facts())
    known["cpu"]["quota_cpus"] = 1.5
    known["gpus"] = [
        {"index": 0, "name": "H100", "memory_bytes": 80 * 2**30, "driver": "580", "clock_mhz": None,
         "max_clock_mhz": 1980.0, "power_limit_w": 700.0, "mig": "Disabled"}
    ]  # fmt: skip
    told = "\n".join(doctor_text.machine_lines(known))
    assert "0: H100, 80 GiB, driver 580, ? of 1980 MHz, 700 W at most" in told
    assert "1.5 by quota" in told


def test_json_is_one_document(harness: Callable[..., Any]) -> None:
    done = harness("doctor", "--json", "--no-probe")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said["schema"] == "harness.doctor/1"
    assert {backend["name"] for backend in said["backends"]} >= {"numpy", "torch", "jax", "tensorflow"}
    assert len(said["env_id"]) == 16


def test_text_names_every_backend(harness: Callable[..., Any]) -> None:
    done = harness("doctor", "--no-probe")
    assert done.returncode == 0
    for name in ("numpy", "torch", "jax", "tensorflow"):
        assert f"\n  {name}" in done.stdout
