"""What is known of the built-in backends without importing them."""

from __future__ import annotations

import pytest

from harness.backends import catalog
from harness.backends.base import BackendInfo, is_out_of_memory
from harness.backends.catalog import JAX, NUMPY, TENSORFLOW, TORCH
from harness.core.device import KINDS, Device
from harness.workloads.matmul import Matmul

ALL = (NUMPY, TORCH, JAX, TENSORFLOW)
CPU = Device("cpu")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CC", "CXX"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("info", ALL, ids=lambda info: info.name)
def test_a_process_for_the_cpu_sees_no_gpu(info: BackendInfo) -> None:
    for mode in info.modes:
        chosen = info.environment(CPU, mode.name)
        assert chosen["CUDA_VISIBLE_DEVICES"] == ""
        assert all(isinstance(value, str) for value in chosen.values())


@pytest.mark.parametrize("info", [TORCH, JAX, TENSORFLOW], ids=lambda info: info.name)
def test_a_process_for_a_gpu_sees_that_one(info: BackendInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    second = Device("gpu", 1)
    assert info.environment(second, info.default_mode)["CUDA_VISIBLE_DEVICES"] == "1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aaaa,GPU-bbbb")  # as a batch system leaves it
    assert info.environment(second, info.default_mode)["CUDA_VISIBLE_DEVICES"] == "GPU-bbbb"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert info.environment(second, info.default_mode)["CUDA_VISIBLE_DEVICES"] == ""


def test_jax_is_told_its_platform() -> None:
    platforms = {kind: JAX.environment(Device(kind), "jit")["JAX_PLATFORMS"] for kind in JAX.devices}
    assert platforms == {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}


def test_every_declared_device_exists_and_has_a_way_to_install_for_it() -> None:
    for info in ALL:
        assert set(info.devices) <= set(KINDS)
        assert set(info.install) == set(info.devices)
        assert all(command.startswith("python -m pip install") for command in info.install.values())


def test_compiling_needs_a_compiler_and_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    remedy = TORCH.lacks("compile", CPU)
    assert remedy is not None
    assert "C++" in remedy.reason
    assert "apt-get install" in remedy.command
    assert TORCH.lacks("eager", CPU) is None
    monkeypatch.setattr("shutil.which", lambda name: "/opt/bin/cc" if name == "mycc" else None)
    monkeypatch.setenv("CXX", "mycc")
    assert TORCH.lacks("compile", CPU) is None


@pytest.mark.parametrize(
    ("changes", "device", "refused"),
    [
        ({}, "cpu", False),
        ({"batch": 2}, "cpu", True),
        ({"m": 17, "n": 8, "k": 8, "transpose_b": True}, "gpu", False),
        ({"m": 16, "n": 8, "k": 8, "transpose_b": True}, "gpu", True),
        ({"m": 17, "n": 8, "k": 9, "transpose_b": True}, "gpu", True),
        ({"m": 17, "n": 9, "k": 8, "transpose_b": True}, "gpu", True),
        ({"m": 17, "n": 8, "k": 8}, "gpu", True),
        ({"m": 17, "n": 8, "k": 8, "transpose_a": True, "transpose_b": True}, "gpu", True),
        ({}, "xpu", True),
    ],
)
def test_int8_has_the_limits_of_the_one_function_there_is(
    changes: dict[str, int],
    device: str,
    refused: bool,
) -> None:
    case = Matmul.make({"m": 5, "n": 3, "k": 7, "dtype": "int8", **changes})
    assert (TORCH.refuses(case, "eager", Device(device)) is not None) == refused


def test_tf32_is_for_gpus() -> None:
    case = Matmul(m=4, n=4, k=4, math="tf32")
    for info in (TORCH, JAX, TENSORFLOW):
        kinds = [kind for kind in info.devices if info.refuses(case, info.default_mode, Device(kind)) is None]
        assert kinds == ["gpu"]


def test_metal_has_no_float64() -> None:
    case = Matmul(m=4, n=4, k=4, dtype="float64")
    assert TORCH.refuses(case, "eager", Device("mps"))
    assert TORCH.refuses(case, "eager", CPU) is None


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried"),
        ValueError("RESOURCE_EXHAUSTED: Out of memory allocating 17179869184 bytes."),
        type("ResourceExhaustedError", (Exception,), {})("failed to allocate memory"),
        type("OutOfMemoryError", (RuntimeError,), {})(),
    ],
    ids=["numpy", "torch-gpu", "torch-cpu", "xla", "tensorflow", "torch-type"],
)
def test_a_lack_of_memory_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)
    wrapped = RuntimeError("backend raised")
    wrapped.__cause__ = error
    assert is_out_of_memory(wrapped)


def test_other_errors_are_no_lack_of_memory() -> None:
    assert not is_out_of_memory(ValueError("shapes (2,3) and (4,5) not aligned"))


def test_the_catalogue_names_only_what_exists() -> None:
    import importlib.util

    for info in ALL:
        module, _, name = info.implementation.partition(":")
        assert importlib.util.find_spec(module) is not None
        assert name
    assert catalog.WORKLOADS
