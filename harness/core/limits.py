"""How much memory and cache there is: what a session must stay below, or exceed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from harness.core import nvidia

ASSUMED_CACHE_BYTES = 64 * 2**20  # where the system does not say
ASSUMED_MEMORY_BYTES = 4 * 2**30
_FACTORS = {"K": 2**10, "M": 2**20, "G": 2**30}


def last_level_cache_bytes(root: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int:
    """Return the size of the largest cache of the first processor."""
    sizes = []
    for path in root.glob("index*/size"):
        with suppress(OSError, ValueError, KeyError):
            text = path.read_text("ascii").strip()
            sizes.append(int(text[:-1]) * _FACTORS[text[-1]])
    return max(sizes, default=ASSUMED_CACHE_BYTES)


def all_last_level_caches_bytes(root: Path = Path("/sys/devices/system/cpu")) -> int:
    """Return what the outermost caches of all processors hold together: dies and sockets have one each."""
    found: dict[tuple[int, str], int] = {}
    for path in root.glob("cpu[0-9]*/cache/index*"):
        with suppress(OSError, ValueError, KeyError, IndexError):
            level = int(_word(path / "level"))
            size = _word(path / "size")
            found[level, _word(path / "shared_cpu_list")] = int(size[:-1]) * _FACTORS[size[-1]]
    outermost = max((level for level, _ in found), default=0)
    return sum(size for (level, _), size in found.items() if level == outermost) or ASSUMED_CACHE_BYTES


def _word(path: Path) -> str:
    return path.read_text("ascii").strip()


def free_memory_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Return how much memory can be taken without pushing others out."""
    with suppress(OSError, ValueError):
        for line in meminfo.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 2**10
    return ASSUMED_MEMORY_BYTES


def device_memory_bytes() -> int | None:
    """Return the memory of the smallest NVIDIA GPU here, or nothing where it cannot be asked."""
    sizes = [facts["memory_bytes"] for facts in nvidia.gpus() if facts["memory_bytes"]]
    return min(sizes, default=None)
