"""Facts of the machine, read from the files of machines that are not this one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core import linux, machine, macos, nvidia

CPU = "sys/devices/system/cpu"
FILES = {
    "proc/cpuinfo": (
        "processor\t: 0\nmodel name\t: Made-up 9000\ncpu MHz\t\t: 2100.5\nflags\t\t: fpu sse4_2 avx2 hypervisor fma\n\n"
        "processor\t: 1\nmodel name\t: Another\nflags\t\t: avx512f\n"
    ),
    "proc/meminfo": "MemTotal:    8388608 kB\nMemFree:     1 kB\nMemAvailable:   4194304 kB\nHugePages_Total: 3\n",
    "proc/pressure/cpu": "some avg10=1.50 avg60=0.40 avg300=0.10 total=9\nfull avg10=0.00 avg60=0.00 total=0\n",
    "sys/fs/cgroup/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/memory.max": "1073741824\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "sys/class/dmi/id/sys_vendor": "Made-up Cloud\n",
    f"{CPU}/smt/active": "1\n",
    f"{CPU}/cpufreq/boost": "1\n",
    f"{CPU}/cpu0/cpufreq/scaling_governor": "performance\n",
    f"{CPU}/cpu0/cpufreq/cpuinfo_max_freq": "3500000\n",
    **{f"{CPU}/cpu{number}/topology/physical_package_id": "0\n" for number in range(4)},
    **{f"{CPU}/cpu{number}/topology/thread_siblings_list": f"{number % 2},{number % 2 + 2}\n" for number in range(4)},
    f"{CPU}/cpu0/cache/index0/level": "1\n",
    f"{CPU}/cpu0/cache/index0/type": "Data\n",
    f"{CPU}/cpu0/cache/index0/size": "48K\n",
    f"{CPU}/cpu0/cache/index0/shared_cpu_list": "0,2\n",
    f"{CPU}/cpu0/cache/index3/level": "3\n",
    f"{CPU}/cpu0/cache/index3/type": "Unified\n",
    f"{CPU}/cpu0/cache/index3/size": "36M\n",
    f"{CPU}/cpu0/cache/index3/shared_cpu_list": "0-3\n",
}
GPU = "0, NVIDIA H100 80GB HBM3, 81559, 512, 580.10, 9.0, 345, 1980, 700.00, 31, Enabled, Disabled, 0\n"


def tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def known(tmp_path: Path) -> dict[str, Any]:
    return machine.facts(root=tree(tmp_path, FILES), environ={}, gpus=lambda: nvidia.gpus(lambda _: GPU))


def test_a_processor_is_read_from_its_files(known: dict[str, Any]) -> None:
    cpu = known["cpu"]
    assert (cpu["model"], cpu["vectors"], cpu["mhz"]) == ("Made-up 9000", ["sse4_2", "fma", "avx2"], 2100.5)
    assert (cpu["sockets"], cpu["cores"], cpu["smt"]) == (1, 2, True)
    assert (cpu["governor"], cpu["boost"], cpu["max_mhz"], cpu["quota_cpus"]) == ("performance", True, 3500.0, 1.5)
    assert cpu["caches"] == [
        {"level": 1, "kind": "data", "bytes": 48 * 1024, "shared_by": 2},
        {"level": 3, "kind": "unified", "bytes": 36 * 2**20, "shared_by": 4},
    ]


def test_memory_virtual_machine_and_pressure(known: dict[str, Any]) -> None:
    assert known["memory"] == {
        "total_bytes": 8 * 2**30,
        "available_bytes": 4 * 2**30,
        "limit_bytes": 2**30,
        "huge_pages": "madvise",
    }
    assert known["hypervisor"] == "Made-up Cloud"
    assert known["load"]["pressure_percent"] == {"cpu": 1.5, "io": None, "memory": None}


def test_a_gpu_is_read_from_its_driver(known: dict[str, Any]) -> None:
    (gpu,) = known["gpus"]
    assert (gpu["index"], gpu["name"], gpu["memory_bytes"]) == (0, "NVIDIA H100 80GB HBM3", 81559 * 2**20)
    assert (gpu["driver"], gpu["power_limit_w"], gpu["mig"]) == ("580.10", 700.0, "Disabled")


def test_what_a_driver_does_not_know_is_none_and_noise_is_no_gpu() -> None:
    (gpu,) = nvidia.gpus(lambda _: GPU.replace("700.00", "[N/A]").replace("345", "unknown"))
    assert (gpu["power_limit_w"], gpu["clock_mhz"]) == (None, None)
    assert nvidia.gpus(lambda _: "NVIDIA-SMI has failed\n") == []
    assert nvidia.gpus(lambda _: None) == []


def test_a_machine_that_shows_nothing_has_facts_all_the_same(tmp_path: Path) -> None:
    """Containers hide most of these files; facts must not be why there are no numbers."""
    known = machine.facts(root=tmp_path, environ={}, gpus=list)
    assert known["cpu"]["model"] is None or known["os"]["system"] == "Darwin"
    assert known["cpu"]["caches"] == []
    assert known["hypervisor"] is None
    assert len(machine.env_id(known)) == 16


@pytest.mark.parametrize(
    ("boost", "no_turbo", "meant"),
    [("0", None, False), (None, "0", True), (None, "1", False), (None, None, None), ("?", None, None)],
)
def test_boost_is_told_in_two_dialects(
    tmp_path: Path, boost: str | None, no_turbo: str | None, meant: bool | None
) -> None:
    files = {f"{CPU}/cpufreq/boost": boost, f"{CPU}/intel_pstate/no_turbo": no_turbo}
    root = tree(tmp_path, {name: text for name, text in files.items() if text is not None})
    assert linux.cpu(root)["boost"] is meant


def test_facts_are_plain_values_that_survive_json(known: dict[str, Any]) -> None:
    assert json.loads(json.dumps(known)) == known


def test_facts_of_this_very_machine_are_plain_values_too() -> None:
    known = machine.facts(gpus=list)
    assert json.loads(json.dumps(known)) == known
    assert known["cpu"]["logical"] >= 1


# -- secrets --------------------------------------------------------------------------------------


def test_only_variables_that_steer_frameworks_are_kept() -> None:
    said = machine.variables(
        {
            "OMP_NUM_THREADS": "2",
            "XLA_FLAGS": "--xla_dump",
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "PYTHONHASHSEED": "0",
            "PATH": "/usr/bin",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
    )
    assert said == {
        "OMP_NUM_THREADS": "2",
        "PYTHONHASHSEED": "0",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "XLA_FLAGS": "--xla_dump",
    }


@pytest.mark.parametrize(
    "name",
    [
        "TF_VAR_db_password",
        "TF_VAR_DB",
        "CUDA_API_KEY",
        "JAX_TOKEN",
        "HARNESS_PASSWORD",
        "TORCH_AUTH_HEADER",
        "NVIDIA_CREDENTIALS",
        "XLA_SESSION_COOKIE",
        "HARNESS_RESULTS_URL",
    ],
)
def test_a_variable_that_may_hold_a_secret_is_not_kept(name: str) -> None:
    assert machine.variables({name: "hunter2"}) == {}


def test_addresses_home_folders_and_endless_values_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/somewhere/eve"))
    said = machine.variables(
        {
            "XLA_FLAGS": "--xla_dump_to=/somewhere/eve/dump",
            "JAX_COORDINATOR": "grpc://eve:hunter2@host",
            "OMP_PLACES": "x" * 9000,
        }
    )
    assert said == {"OMP_PLACES": "x" * 500, "XLA_FLAGS": "--xla_dump_to=~/dump"}


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20)))
def test_no_other_name_slips_through(environ: dict[str, str]) -> None:
    kept = machine.variables({**environ, "MY_OMP_NUM_THREADS": "1", "omp_num_threads": "1"})
    assert all(machine.ALLOWED.fullmatch(name) for name in kept)
    assert "MY_OMP_NUM_THREADS" not in kept


# -- what may be compared -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"load": {"one_minute": 9.0, "pressure_percent": {}}},
        {"packages": {"torch": "99"}},
        {"os": {"system": "Linux", "kernel": "99", "c_library": ""}},
        {"environment": {"OMP_NUM_THREADS": "1"}},
        {"harness": "99"},
        {"framework": {"framework_version": "99"}},
    ],
)
def test_what_passes_or_is_there_to_be_compared_leaves_the_identity(
    known: dict[str, Any], change: dict[str, Any]
) -> None:
    known["os"]["system"] = "Linux"
    assert machine.env_id({**known, **change}) == machine.env_id(known)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("cpu", "model", "Made-up 9001"),
        ("cpu", "affinity", list(range(64))),
        ("cpu", "governor", "powersave"),
        ("cpu", "quota_cpus", 1.0),
        ("cpu", "vectors", []),
        ("memory", "total_bytes", 2**34),
        ("memory", "huge_pages", "always"),
    ],
)
def test_another_machine_or_setting_is_another_identity(
    known: dict[str, Any], part: str, name: str, value: Any
) -> None:
    other = deepcopy(known)
    other[part][name] = value
    assert machine.env_id(other) != machine.env_id(known)


def test_another_gpu_device_or_number_of_threads_is_another_identity(known: dict[str, Any]) -> None:
    identities = {
        machine.env_id(known),
        machine.env_id({**known, "gpus": []}),
        machine.env_id({**known, "threads": 1}),
        machine.env_id({**known, "framework": {"device_name": "another"}}),
    }
    assert len(identities) == 4


def test_a_warm_gpu_is_the_same_gpu(known: dict[str, Any]) -> None:
    warm = deepcopy(known)
    warm["gpus"][0] |= {"temperature_c": 80.0, "clock_mhz": 1980.0, "used_bytes": 1, "driver": "600"}
    assert machine.env_id(warm) == machine.env_id(known)


def test_macos_tells_model_cores_and_memory() -> None:
    answers = {"machdep.cpu.brand_string": "Made-up M9", "hw.physicalcpu": "8", "hw.memsize": str(2**34)}
    assert macos.hardware(answers.get) == {
        "cpu": {"model": "Made-up M9", "cores": 8},
        "memory": {"total_bytes": 2**34},
    }
    assert macos.hardware(lambda _: None) == {"cpu": {"model": None, "cores": None}, "memory": {"total_bytes": None}}


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n", "AuthenticAMD-25-17"),
        ("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "0x41-0xd0c"),
        ("model name\t: Made-up\n", None),
    ],
)
def test_a_microarchitecture_is_known_by_its_numbers(tmp_path: Path, text: str, signature: str | None) -> None:
    assert linux.cpu(tree(tmp_path, {"proc/cpuinfo": text}))["signature"] == signature
