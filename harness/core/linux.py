"""What Linux tells of a machine under ``/proc`` and ``/sys``, as plain values.

Each reader takes the root of the file system, so that a test can hand it the files of another machine.
A file that is not there, as in many containers, makes a value ``None``, never an error: facts explain
numbers, and must not be the reason why there are none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# Instruction sets that decide which kernel a library picks; the other hundred flags say nothing here.
VECTOR_FLAGS = (
    "sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16",
    "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "sve", "sve2", "bf16", "i8mm",
)  # fmt: skip
_CPU = "sys/devices/system/cpu"


def cpu(root: Path) -> dict[str, Any]:
    """Return model, instruction sets, counts, caches and clock of the processor."""
    info = _cpuinfo(root)
    flags = set((info.get("flags") or info.get("Features") or "").split())
    return {
        "model": info.get("model name") or info.get("Model") or None,
        "signature": _signature(info),
        "vectors": [flag for flag in VECTOR_FLAGS if flag in flags],
        "sockets": _distinct(root, "physical_package_id"),
        "cores": _cores(root),
        "smt": {"1": True, "0": False}.get(_read(root, f"{_CPU}/smt/active") or ""),
        "caches": caches(root),
        "mhz": _number(info.get("cpu MHz")),
        "max_mhz": _kilo(_read(root, f"{_CPU}/cpu0/cpufreq/cpuinfo_max_freq")),
        "governor": _read(root, f"{_CPU}/cpu0/cpufreq/scaling_governor"),
        "boost": _boost(root),
        "quota_cpus": _quota(root),
    }


def caches(root: Path) -> list[dict[str, Any]]:
    """Return the caches that the first processor sees, the nearest first."""
    found = []
    for folder in sorted((root / _CPU / "cpu0/cache").glob("index[0-9]*")):
        level, kind, text = (_read(folder, name) for name in ("level", "type", "size"))
        size = _cache_bytes(text or "")
        if level and kind and size:
            shared = _expand(_read(folder, "shared_cpu_list") or "")
            found.append({"level": int(level), "kind": kind.lower(), "bytes": size, "shared_by": len(shared) or None})
    return found


def memory(root: Path) -> dict[str, Any]:
    """Return how much memory there is, how much is free, and how much a container may take."""
    lines = re.findall(r"^(\w+):\s+(\d+) kB$", _read(root, "proc/meminfo") or "", re.MULTILINE)
    sizes = {name: int(value) * 1024 for name, value in lines}
    limit = _read(root, "sys/fs/cgroup/memory.max")
    chosen = re.search(r"\[(\w+)\]", _read(root, "sys/kernel/mm/transparent_hugepage/enabled") or "")
    return {
        "total_bytes": sizes.get("MemTotal"),
        "available_bytes": sizes.get("MemAvailable"),
        "limit_bytes": int(limit) if limit and limit.isdigit() else None,
        "huge_pages": chosen[1] if chosen else None,
    }


def hypervisor(root: Path) -> str | None:
    """Return who runs this virtual machine, ``unknown`` where it only shows that it is one, or nothing."""
    named = _read(root, "sys/hypervisor/type") or _read(root, "sys/class/dmi/id/sys_vendor")
    virtual = "hypervisor" in (_cpuinfo(root).get("flags") or "").split()
    return (named or "unknown") if virtual else None


def pressure(root: Path) -> dict[str, float | None]:
    """Return the share of the last ten seconds in which some task waited, by resource, in percent."""
    return {
        name: _number(match[1])
        if (match := re.search(r"^some avg10=([0-9.]+)", _read(root, f"proc/pressure/{name}") or "", re.MULTILINE))
        else None
        for name in ("cpu", "io", "memory")
    }


def _read(folder: Path, name: str) -> str | None:
    try:
        return (folder / name).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _cpuinfo(root: Path) -> dict[str, str]:
    """Return the first processor's paragraph; the others repeat it."""
    first = (_read(root, "proc/cpuinfo") or "").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _signature(info: dict[str, str]) -> str | None:
    """Name the microarchitecture as the kernel numbers it: ``AuthenticAMD-25-17``, or ``0x41-0xd0c`` on ARM."""
    x86 = [info.get(name) for name in ("vendor_id", "cpu family", "model")]
    arm = [info.get(name) for name in ("CPU implementer", "CPU part")]
    return next(("-".join(filter(None, parts)) for parts in (x86, arm) if all(parts)), None)


def _processors(root: Path) -> list[Path]:
    return sorted(path for path in (root / _CPU).glob("cpu[0-9]*") if (path / "topology").is_dir())


def _distinct(root: Path, name: str) -> int | None:
    return len({_read(path / "topology", name) for path in _processors(root)}) or None


def _cores(root: Path) -> int | None:
    """Count physical cores: processors of one core share a list of siblings."""
    siblings = {_read(path / "topology", "thread_siblings_list") for path in _processors(root)}
    return len(siblings) or None


def _boost(root: Path) -> bool | None:
    boost, no_turbo = _read(root, f"{_CPU}/cpufreq/boost"), _read(root, f"{_CPU}/intel_pstate/no_turbo")
    if boost in ("0", "1"):
        return boost == "1"
    return no_turbo == "0" if no_turbo in ("0", "1") else None


def _quota(root: Path) -> float | None:
    """Return how many processors' time a container may take; ``max`` and no file both mean all."""
    allowed, _, period = (_read(root, "sys/fs/cgroup/cpu.max") or "").partition(" ")
    return int(allowed) / int(period) if allowed.isdigit() and period.isdigit() else None


def _cache_bytes(text: str) -> int | None:
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    return int(match[1]) * {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}[match[2]] if match else None


def _expand(text: str) -> list[int]:
    """Read a kernel's list of processors: ``0-3,8``."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not (first.isdigit() and (last.isdigit() or not last)):
            return []
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _kilo(text: str | None) -> float | None:
    value = _number(text)
    return value / 1000 if value is not None else None
