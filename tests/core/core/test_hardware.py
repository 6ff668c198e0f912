"""What kinds of device there are and how much they hold, read from trees of files and stand-in tools."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.core import limits, nvidia
from harness.core.hardware import device_kinds

APPLE = ("mps",) if sys.platform == "darwin" else ()


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def tool(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put an ``nvidia-smi`` that does `body` first on the path."""
    stand_in = folder / "nvidia-smi"
    stand_in.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("files", "environment", "kinds"),
    [
        ((), {}, ()),
        (("dev/nvidia0",), {}, ("gpu",)),
        (("proc/driver/nvidia/gpus/0000:00:1e.0/information",), {}, ("gpu",)),
        (("dev/kfd",), {}, ("gpu",)),
        (("dev/nvidiactl",), {}, ()),
        (("dev/accel0",), {}, ("tpu",)),
        (("dev/vfio/0",), {"TPU_NAME": "x"}, ("tpu",)),
        (("dev/vfio/0",), {}, ()),
        (("dev/dri/renderD128",), {}, ()),
        (("dev/dri/renderD128",), {"ONEAPI_ROOT": "/opt/intel"}, ("xpu",)),
        (("dev/nvidia0", "dev/accel0"), {}, ("gpu", "tpu")),
    ],
)
def test_a_device_shows_by_its_files(
    tmp_path: Path, files: tuple[str, ...], environment: dict[str, str], kinds: tuple[str, ...]
) -> None:
    found = device_kinds(tree(tmp_path, *files), environment)
    assert found[0] == "cpu"
    assert set(found[1:]) == {*kinds, *APPLE}


def test_the_largest_cache_counts_and_a_silent_system_is_guessed_for(tmp_path: Path) -> None:
    assert limits.last_level_cache_bytes(tmp_path) == limits.ASSUMED_CACHE_BYTES
    for index, text in enumerate(("48K", "2M", "36M", "odd", "")):
        (tmp_path / f"index{index}").mkdir()
        (tmp_path / f"index{index}" / "size").write_text(f"{text}\n", encoding="utf-8")
    assert limits.last_level_cache_bytes(tmp_path) == 36 * 2**20


def test_free_memory_is_what_can_be_taken(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    assert limits.free_memory_bytes(meminfo) == limits.ASSUMED_MEMORY_BYTES
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable:    2048 kB\n", encoding="utf-8")
    assert limits.free_memory_bytes(meminfo) == 2 * 2**20


def test_the_smallest_gpu_bounds_what_arms_may_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = "0, 580.1, 9.0, 345, 1980, 700.00, 31, Enabled, Disabled, 0"
    tool(tmp_path, monkeypatch, f"echo '0, H100, 81559, {rest}'; echo '1, A100, 40960, {rest}'")
    assert limits.device_memory_bytes() == 40960 * 2**20


@pytest.mark.parametrize("body", ["exit 9", "echo '[N/A]'", ":"])
def test_a_driver_that_does_not_answer_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    tool(tmp_path, monkeypatch, body)
    assert limits.device_memory_bytes() is None
    assert nvidia.gpus() == []


def test_the_drivers_own_tool_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(
        tmp_path,
        monkeypatch,
        "echo '0, H100, 81559, 0, 580.1, 9.0, 345, 1980, 700.00, 31, Enabled, Disabled, 0' ; "
        'case "$1" in --query-gpu=index,name,*) ;; *) exit 3;; esac',
    )
    (gpu,) = nvidia.gpus()
    assert (gpu["name"], gpu["max_clock_mhz"]) == ("H100", 1980.0)


def test_without_the_tool_there_is_nothing_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert limits.device_memory_bytes() is None
    assert nvidia.gpus() == []


def test_the_caches_of_several_dies_add_up(tmp_path: Path) -> None:
    """Four processors on two dies: each pair shares 32 MiB, and a first level of its own tells nothing."""
    for number, shared in enumerate(("0-1", "0-1", "2-3", "2-3")):
        for index, (level, size, who) in enumerate(((1, "32K", str(number)), (3, "32768K", shared))):
            folder = tmp_path / f"cpu{number}" / "cache" / f"index{index}"
            folder.mkdir(parents=True)
            for name, text in (("level", str(level)), ("size", size), ("shared_cpu_list", who)):
                (folder / name).write_text(f"{text}\n")
    assert limits.all_last_level_caches_bytes(tmp_path) == 2 * 32 * 2**20
    assert limits.all_last_level_caches_bytes(tmp_path / "nothing") == limits.ASSUMED_CACHE_BYTES
