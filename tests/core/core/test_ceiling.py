"""What may be claimed is bounded by the hardware; what was measured alone bounds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.ceiling import Ceiling, Work, of_accelerator, of_cpu
from harness.core.processors import ANY_X86, PROCESSORS, find

AVX2 = ("fma", "avx2")
AVX512 = ("fma", "avx2", "avx512f")
MIB = 2**20


def cpu(**facts: Any) -> dict[str, Any]:
    cache = {"level": 3, "kind": "unified", "bytes": 32 * MIB, "shared_by": 8}
    known = {"signature": "AuthenticAMD-25-17", "vectors": AVX512, "caches": [cache], "logical": 16, "cores": 8}
    return {**known, "smt": True, "sockets": 1, "max_mhz": None, **facts}


@pytest.mark.parametrize(
    ("signature", "flags", "dtype", "operations"),
    [
        ("AuthenticAMD-23-49", AVX2, "float32", 32),
        ("AuthenticAMD-23-49", AVX2, "float64", 16),
        ("AuthenticAMD-25-17", AVX512, "float32", 32),  # two halves
        ("AuthenticAMD-25-17", (*AVX512, "avx512_bf16"), "bfloat16", 64),
        ("AuthenticAMD-25-17", AVX512, "float16", 32),  # widened
        ("AuthenticAMD-26-2", AVX512, "float32", 64),
        ("GenuineIntel-6-85", AVX512, "float32", 64),
        ("GenuineIntel-6-85", AVX2, "float32", 32),  # a guest that is not shown the wide vectors
        ("GenuineIntel-6-143", (*AVX512, "amx_bf16"), "bfloat16", 1024),
        ("GenuineIntel-6-143", (*AVX512, "amx_int8"), "int8", 2048),
        ("GenuineIntel-6-143", (*AVX512, "avx512_fp16"), "float16", 128),
        ("0x41-0xd0c", ("asimd",), "float32", 16),
        ("0x41-0xd0c", ("asimd",), "float16", None),
        ("AuthenticAMD-25-17", ("sse4_2",), "float32", None),
    ],
)
def test_operations_in_a_cycle(signature: str, flags: tuple[str, ...], dtype: str, operations: int | None) -> None:
    assert PROCESSORS[signature].flops_per_cycle(dtype, flags) == operations


def test_an_unknown_processor_is_the_widest_there_is_or_nothing() -> None:
    assert find("GenuineIntel-6-999", AVX2) is ANY_X86
    assert find("0x61-0x022", ("asimd",)) is None
    for row in PROCESSORS.values():
        assert row.highest_mhz <= ANY_X86.highest_mhz
        assert row.fma_units * row.fma_bits <= ANY_X86.fma_units * ANY_X86.fma_bits


def test_all_threads_at_the_highest_clock_bound_a_processor() -> None:
    assert of_cpu(cpu(), dtype="float32", threads=4).most_flops_per_s == 4 * 32 * 4.4e9
    assert of_cpu(cpu(), dtype="float32", threads=16).most_flops_per_s == 8 * 32 * 4.4e9  # two of a core share it
    assert of_cpu(cpu(smt=False), dtype="float32", threads=16).most_flops_per_s == 16 * 32 * 4.4e9
    assert of_cpu(cpu(max_mhz=5000.0), dtype="float32", threads=1).most_flops_per_s == 32 * 5e9
    assert of_cpu(cpu(sockets=2), dtype="float32", threads=1).most_bytes_per_s == 2 * 12 * 8 * 4800e6


def test_what_was_measured_counts_where_it_is_more_and_bounds_nothing_alone() -> None:
    slow, quick = {"float32": 1e9, "memory": 1e9}, {"float32": 1e15, "memory": 1e13}
    sheet = of_cpu(cpu(), dtype="float32", threads=1)
    low, high = (of_cpu(cpu(), dtype="float32", threads=1, measured=found) for found in (slow, quick))
    assert (low.most_flops_per_s, low.most_bytes_per_s) == (sheet.most_flops_per_s, sheet.most_bytes_per_s)
    assert (high.most_flops_per_s, high.flops_per_s, high.most_bytes_per_s) == (1e15, 1e15, 1e13)
    assert low.bytes_per_s == 1e9  # a share of memory is one of what this machine has of the socket
    alone = of_cpu(cpu(signature=None, vectors=()), dtype="float32", threads=1, measured=quick)
    assert (alone.most_flops_per_s, alone.most_bytes_per_s, alone.flops_per_s) == (None, None, 1e15)
    assert "measured" in alone.source
    assert of_cpu(cpu(vectors=()), dtype="float32", threads=1).flops_per_s is None


def test_all_the_caches_that_the_threads_can_reach_count() -> None:
    assert of_cpu(cpu(), dtype="float32", threads=1).cache_bytes == 32 * MIB
    assert of_cpu(cpu(), dtype="float32", threads=16).cache_bytes == 64 * MIB
    assert of_cpu(cpu(caches=[]), dtype="float32", threads=16).cache_bytes is None


def test_a_card_may_be_allowed_more_than_its_data_sheet_promises() -> None:
    name = "NVIDIA GeForce RTX 4090"
    plain = of_accelerator(name, dtype="float32", math_mode="ieee")
    pushed = of_accelerator(name, dtype="float32", math_mode="ieee", gpus=[{"name": name, "max_clock_mhz": 3300.0}])
    assert plain is not None
    assert pushed is not None
    assert plain.flops_per_s == 128 * 256 * 2520e6
    assert plain.most_flops_per_s == 128 * 256 * 3105e6
    assert pushed.most_flops_per_s == 128 * 256 * 3300e6
    assert of_accelerator("Fake gpu", dtype="float32", math_mode="ieee") is None
    assert of_accelerator(None, dtype="float32", math_mode="ieee") is None


CEILING = Ceiling(source="made up", flops_per_s=100.0, bytes_per_s=10.0, cache_bytes=50)


@pytest.mark.parametrize(
    ("flops", "moved", "share"),
    [(200, 100, 1.0), (200, 101, 5.05), (None, 100, None), (None, 101, 5.05), (1000, 101, 5.05), (1010, 101, 5.05)],
)
def test_a_share_is_of_what_holds_the_arm_back(flops: int | None, moved: int, share: float | None) -> None:
    """Of memory nothing is said until the data exceeds twice the cache."""
    work = Work(flops=flops, least_flops=flops, bytes=moved, footprint_bytes=moved)
    assert work.share(CEILING, 2.0) == (None if share is None else pytest.approx(share))
    assert work.share(Ceiling(source=""), 2.0) is None
