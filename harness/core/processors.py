"""What a CPU can do at most: how wide its multiply-add units are, how many there are, how fast they run.

A processor is known by what the kernel says of it: vendor, family and model tell the microarchitecture,
flags tell which vectors it lets us use. A virtual machine hides the clock and often the product's name,
but neither of these; so a row holds the highest clock at which **any** product of that
microarchitecture is sold. That is more than this machine will reach, and never less: what is faster was
not computed.

For an x86 processor without a row the widest units that were ever sold stand in, at the highest clock
that was. Of others nothing is claimed, Apple's above all: their matrix units are not documented.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_WIDTHS = {"avx512f": 512, "avx2": 256, "asimd": 128}  # bits of a vector, by the flag that allows it
_ARM = "asimd"
# Matrix units, of which a core has one: operations in a cycle.
_MATRIX = {"bfloat16": ("amx_bf16", 1024), "int8": ("amx_int8", 2048)}
# Instructions that multiply pairs; without them 16-bit numbers are widened, and are as quick as float32.
_PAIRS = {"bfloat16": "avx512_bf16", "float16": "avx512_fp16"}


@dataclass(frozen=True, kw_only=True)
class Processor:
    """One microarchitecture. `fma_bits` is the width of one of its units that multiply and add."""

    name: str
    source: str
    fma_units: int
    fma_bits: int
    highest_mhz: float
    memory_channels: int | None = None  # of 64 bits, in one socket
    memory_mt_per_s: int | None = None

    def flops_per_cycle(self, dtype: str, flags: Collection[str]) -> int | None:
        """Return the operations of one core in a cycle, with the instructions that `flags` allow.

        >>> PROCESSORS["AuthenticAMD-25-17"].flops_per_cycle("float32", ("avx2", "fma"))
        32
        """
        width = next((bits for flag, bits in _WIDTHS.items() if flag in flags), None)
        if width is None or not {"fma", _ARM} & set(flags):
            return None
        float32 = 2 * self.fma_units * min(width, self.fma_bits) // 32
        if dtype in ("float32", "float64"):
            return float32 if dtype == "float32" else float32 // 2
        if _ARM in flags:
            return None  # how many of its short instructions a core starts in a cycle differs and is not known here
        unit, operations = _MATRIX.get(dtype, ("", 0))
        if unit in flags:
            return operations
        return 4 * float32 if dtype == "int8" else 2 * float32 if _PAIRS.get(dtype) in flags else float32

    def bytes_per_s(self, sockets: int) -> float | None:
        """Return what the memory of all sockets moves in a second, where its speed is known for certain."""
        if self.memory_channels is None or self.memory_mt_per_s is None:
            return None
        return sockets * self.memory_channels * 8 * self.memory_mt_per_s * 1e6


def find(signature: str | None, flags: Collection[str]) -> Processor | None:
    """Return the row of a processor, the widest of x86 for one that is not known, or None for any other."""
    known = PROCESSORS.get(signature or "")
    return known or (ANY_X86 if "avx2" in flags else None)


ANY_X86 = Processor(
    name="x86-64 with AVX2",
    source="the widest units (two of 512 bits) and the highest clock (Core i9-14900KS) of any x86 processor sold",
    fma_units=2, fma_bits=512, highest_mhz=6200,
)  # fmt: skip

# Overclocked memory is common in desktops, and some server parts carry memory of their own (Xeon Max, of the
# same model number as other Sapphire Rapids): their memory has no ceiling here.
PROCESSORS = {
    "AuthenticAMD-23-49": Processor(
        name="EPYC 7002, Zen 2",
        source="AMD EPYC 7002 series data sheet; highest boost: EPYC 7F32",
        fma_units=2, fma_bits=256, highest_mhz=3900, memory_channels=8, memory_mt_per_s=3200,
    ),
    "AuthenticAMD-25-1": Processor(
        name="EPYC 7003, Zen 3",
        source="AMD EPYC 7003 series data sheet; highest boost: EPYC 72F3",
        fma_units=2, fma_bits=256, highest_mhz=4100, memory_channels=8, memory_mt_per_s=3200,
    ),
    # Zen 4 works through 512-bit instructions in two halves.
    "AuthenticAMD-25-17": Processor(
        name="EPYC 9004, Zen 4",
        source="AMD EPYC 9004 series data sheet; highest boost: EPYC 9174F",
        fma_units=2, fma_bits=256, highest_mhz=4400, memory_channels=12, memory_mt_per_s=4800,
    ),
    "AuthenticAMD-26-2": Processor(
        name="EPYC 9005, Zen 5",
        source="AMD EPYC 9005 series data sheet; highest boost: EPYC 9575F",
        fma_units=2, fma_bits=512, highest_mhz=5000, memory_channels=12, memory_mt_per_s=6400,
    ),
    "AuthenticAMD-25-33": Processor(
        name="Ryzen 5000, Zen 3",
        source="AMD Ryzen 9 5950X specification",
        fma_units=2, fma_bits=256, highest_mhz=4900,
    ),
    "AuthenticAMD-25-97": Processor(
        name="Ryzen 7000, Zen 4",
        source="AMD Ryzen 9 7950X specification",
        fma_units=2, fma_bits=256, highest_mhz=5700,
    ),
    "AuthenticAMD-26-68": Processor(
        name="Ryzen 9000, Zen 5",
        source="AMD Ryzen 9 9950X specification",
        fma_units=2, fma_bits=512, highest_mhz=5700,
    ),
    "GenuineIntel-6-85": Processor(
        name="Xeon Scalable of the first and second generation, Core X",
        source="Intel 64 and IA-32 architectures optimization manual; highest turbo: Core i9-9990XE",
        fma_units=2, fma_bits=512, highest_mhz=5100,
    ),
    "GenuineIntel-6-106": Processor(
        name="Xeon Scalable of the third generation, Ice Lake",
        source="Intel 64 and IA-32 architectures optimization manual; highest turbo: Xeon W-3375",
        fma_units=2, fma_bits=512, highest_mhz=4000, memory_channels=8, memory_mt_per_s=3200,
    ),
    "GenuineIntel-6-143": Processor(
        name="Xeon Scalable of the fourth generation, Sapphire Rapids",
        source="Intel 64 and IA-32 architectures optimization manual; highest turbo: Xeon w9-3495X",
        fma_units=2, fma_bits=512, highest_mhz=4800,
    ),
    "GenuineIntel-6-207": Processor(
        name="Xeon Scalable of the fifth generation, Emerald Rapids",
        source="Intel 64 and IA-32 architectures optimization manual; highest turbo: Xeon Gold 6534",
        fma_units=2, fma_bits=512, highest_mhz=4200, memory_channels=8, memory_mt_per_s=5600,
    ),
    "0x41-0xd0c": Processor(
        name="Neoverse N1 (Graviton2, Ampere Altra)",
        source="Arm Neoverse N1 software optimization guide; Ampere Altra data sheet, highest clock: Q80-33",
        fma_units=2, fma_bits=128, highest_mhz=3300, memory_channels=8, memory_mt_per_s=3200,
    ),
}  # fmt: skip
