"""The arithmetic of the table gives the figures that makers print."""

from __future__ import annotations

import pytest

from harness.core.accelerators import ACCELERATORS, DEFAULT, IEEE, TF32, find
from harness.core.math_mode import MathMode

# Device, type, how, TFLOP/s (or TOP/s) as printed, and the clock where it is not the boost clock of the row.
PRINTED = [
    ("Tesla V100-SXM2-16GB", "float64", IEEE, 7.8, None),
    ("Tesla V100-SXM2-16GB", "float32", IEEE, 15.7, None),
    ("Tesla V100-SXM2-32GB", "float16", IEEE, 125, None),
    ("Tesla T4", "float32", IEEE, 8.1, None),
    ("Tesla T4", "float16", IEEE, 65, None),
    ("Tesla T4", "int8", IEEE, 130, None),
    ("NVIDIA A100-SXM4-40GB", "float64", IEEE, 19.5, None),
    ("NVIDIA A100-SXM4-40GB", "float32", IEEE, 19.5, None),
    ("NVIDIA A100-SXM4-80GB", "float32", TF32, 156, None),
    ("NVIDIA A100 80GB PCIe", "bfloat16", IEEE, 312, None),
    ("NVIDIA A100-SXM4-80GB", "int8", IEEE, 624, None),
    ("NVIDIA A10", "float32", IEEE, 31.2, None),
    ("NVIDIA A10", "bfloat16", IEEE, 125, None),
    ("NVIDIA GeForce RTX 3090", "float32", IEEE, 35.6, None),
    ("NVIDIA GeForce RTX 3090", "float16", IEEE, 71, None),
    ("NVIDIA GeForce RTX 3090", "float16", DEFAULT, 142, None),
    ("NVIDIA GeForce RTX 4090", "float32", IEEE, 82.6, None),
    ("NVIDIA GeForce RTX 4090", "bfloat16", IEEE, 165.2, None),
    ("NVIDIA GeForce RTX 4090", "float16", DEFAULT, 330.3, None),
    ("NVIDIA GeForce RTX 4090", "float32", TF32, 82.6, None),
    ("NVIDIA L4", "float32", IEEE, 30.3, None),
    ("NVIDIA L4", "float16", IEEE, 121, None),
    ("NVIDIA L40S", "float32", TF32, 183, None),
    ("NVIDIA L40S", "float32", IEEE, 91.6, None),
    ("NVIDIA H100 80GB HBM3", "bfloat16", IEEE, 989.4, None),
    ("NVIDIA H100 80GB HBM3", "float32", TF32, 494.7, None),
    ("NVIDIA H100 80GB HBM3", "float32", IEEE, 66.9, 1980),
    ("NVIDIA H100 80GB HBM3", "float64", IEEE, 66.9, 1980),
    ("NVIDIA H100 PCIe", "float16", IEEE, 756, None),
    ("NVIDIA H100 PCIe", "float32", IEEE, 51.2, 1755),
    ("NVIDIA H200", "bfloat16", IEEE, 989, None),
    ("AMD Instinct MI300X", "float16", IEEE, 1307.4, None),
    ("AMD Instinct MI300X", "float64", IEEE, 163.4, None),
    ("AMD Instinct MI300X", "int8", IEEE, 2614.9, None),
    ("TPU v4", "bfloat16", IEEE, 275, None),
    ("TPU v5 lite", "bfloat16", IEEE, 197, None),
    ("TPU v5 lite", "int8", IEEE, 393, None),
    ("TPU v5", "bfloat16", IEEE, 459, None),
]
MEMORY = {  # GB/s as printed
    "Tesla V100-SXM2-16GB": 900, "Tesla T4": 320, "NVIDIA A100-SXM4-40GB": 1555, "NVIDIA A100-SXM4-80GB": 2039,
    "NVIDIA A100 80GB PCIe": 1935, "NVIDIA A10": 600, "NVIDIA GeForce RTX 3090": 936, "NVIDIA GeForce RTX 4090": 1008,
    "NVIDIA L4": 300, "NVIDIA L40S": 864, "NVIDIA H100 80GB HBM3": 3350, "NVIDIA H100 PCIe": 2039, "NVIDIA H200": 4800,
    "AMD Instinct MI300X": 5300, "TPU v4": 1228, "TPU v5 lite": 819, "TPU v5p": 2765,
}  # fmt: skip


@pytest.mark.parametrize(("name", "dtype", "how", "printed", "mhz"), PRINTED)
def test_a_peak_is_what_the_maker_prints(
    name: str, dtype: str, how: MathMode, printed: float, mhz: float | None
) -> None:
    row = find(name)
    assert row is not None
    peak = row.flops_per_s(dtype, how, mhz=mhz)
    assert peak is not None
    assert peak / 1e12 == pytest.approx(printed, rel=0.01)


@pytest.mark.parametrize(("name", "printed"), MEMORY.items())
def test_so_is_the_memory(name: str, printed: float) -> None:
    row = find(name)
    assert row is not None
    assert row.bytes_per_s / 1e9 == pytest.approx(printed, rel=0.01)


def test_every_row_is_held_to_something_that_was_printed() -> None:
    assert {find(name) and find(name).names for name, *_ in PRINTED} == {row.names for row in ACCELERATORS}  # type: ignore[union-attr]
    assert {find(name).names for name in MEMORY} == {row.names for row in ACCELERATORS}  # type: ignore[union-attr]
    assert all(row.source for row in ACCELERATORS)
    assert all(row.highest_mhz >= row.boost_mhz for row in ACCELERATORS)


@pytest.mark.parametrize(
    "name",
    ["", "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA H1000", "NVIDIA A100", "NVIDIA B200", "TPU v6 lite", "Fake gpu"],
)
def test_a_device_that_is_not_there_has_none(name: str) -> None:
    """A slice of a card is not that card, and a name that begins alike is another."""
    assert find(name) is None


def test_a_type_of_which_a_row_says_nothing_has_none() -> None:
    row = find("Tesla T4")
    assert row is not None
    assert row.flops_per_s("bfloat16", IEEE) is None
    assert row.flops_per_s("float32", TF32) is None
    assert row.flops_per_s("float32", DEFAULT) == row.flops_per_s("float32", IEEE)
