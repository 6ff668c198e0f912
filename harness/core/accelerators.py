"""What accelerators can do at most, by their data sheets: a row each, of physical inputs.

A row holds what hardware is made of: units, what one of them does in a cycle, the clock, the width and
the rate of the memory. Peaks are computed from these, so that a wrong figure shows as a wrong product;
tests hold each row to the headline that its maker prints. All figures are dense: none counts the zeros
that structured sparsity skips.

Boost clocks are what headlines are computed with; a card may run faster for a while, up to
`highest_mhz`, and no faster. A device that is not here has no ceiling, and none is claimed: rows are
added when a maker's document and the hardware's own report agree on their inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.math_mode import MathMode

IEEE, TF32, DEFAULT = MathMode.IEEE, MathMode.TF32, MathMode.DEFAULT
Kind = tuple[str, MathMode]  # element type and how it is computed


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """One product, as a framework sees one device of it.

    `per_cycle` counts operations of one unit in one cycle, a multiplication and an addition as two.
    Where a type may be computed in several ways, `MathMode.DEFAULT` may use the quickest of them.
    """

    names: tuple[str, ...]  # as drivers and frameworks report it
    source: str
    units: int  # streaming multiprocessors, compute units, matrix units
    boost_mhz: float
    highest_mhz: float
    per_cycle: Mapping[Kind, int] = field(hash=False)
    memory_bits: int
    memory_gbit_per_pin: float
    cache_bytes: int | None = None  # the last level in front of the memory, where its size is known

    def flops_per_s(self, dtype: str, math: MathMode, *, mhz: float | None = None) -> float | None:
        """Return operations a second at `mhz`, the boost clock unless said otherwise; None where none is known."""
        ways = [IEEE, TF32, DEFAULT] if math is DEFAULT else [math]
        known = [self.per_cycle[dtype, way] for way in ways if (dtype, way) in self.per_cycle]
        return max(known) * self.units * (mhz or self.boost_mhz) * 1e6 if known else None

    @property
    def bytes_per_s(self) -> float:
        """Bytes that the memory moves in a second."""
        return self.memory_bits / 8 * self.memory_gbit_per_pin * 1e9


def find(name: str) -> Accelerator | None:
    """Return the row of a device by the name that a driver or framework reports, or None.

    >>> find("NVIDIA A100-SXM4-40GB").units
    108
    >>> find("NVIDIA A100-SXM4-40GB MIG 1g.5gb") is None  # a seventh of one
    True
    """
    return _BY_NAME.get(_plain(name))


def _plain(name: str) -> str:
    words = name.casefold().split()
    while words and words[0] in ("nvidia", "amd", "tesla", "geforce"):
        words = words[1:]
    return " ".join(words)


def _rates(
    *, matrix16: int, tf32: int | None, float32: int, float64: int, int8: int, bfloat16: bool = True
) -> Mapping[Kind, int]:
    """Return what one unit does in a cycle, for a device that sums 16-bit products in float32 at full speed."""
    rates: dict[Kind, int] = {
        ("float64", IEEE): float64,
        ("float32", IEEE): float32,
        ("float16", IEEE): matrix16,
        ("int8", IEEE): int8,
    }
    if bfloat16:
        rates["bfloat16", IEEE] = matrix16
    if tf32 is not None:
        rates["float32", TF32] = tf32
    return rates


def _geforce(*, matrix16: int, int8: int, tf32: int) -> Mapping[Kind, int]:
    """Cards for games halve the rate where 16-bit products are summed in float32, and not where in 16 bits."""
    rates = _rates(matrix16=matrix16, tf32=tf32, float32=256, float64=4, int8=int8)
    return {**rates, ("float16", DEFAULT): 2 * matrix16}


_AMPERE = _rates(matrix16=2048, tf32=1024, float32=128, float64=128, int8=4096)
_HOPPER = _rates(matrix16=4096, tf32=2048, float32=256, float64=256, int8=8192)
_SMALL = _rates(matrix16=1024, tf32=512, float32=256, float64=4, int8=2048)  # A10, L4, L40S
_MIB = 2**20

ACCELERATORS = (
    Accelerator(
        names=("V100-SXM2-16GB", "V100-SXM2-32GB"),
        source="NVIDIA Tesla V100 GPU architecture, whitepaper WP-08608",
        units=80, boost_mhz=1530, highest_mhz=1530,
        per_cycle={("float64", IEEE): 64, ("float32", IEEE): 128, ("float16", IEEE): 1024},
        memory_bits=4096, memory_gbit_per_pin=1.754, cache_bytes=6 * _MIB,
    ),
    Accelerator(
        names=("T4",),
        source="NVIDIA Turing GPU architecture, whitepaper WP-09183, and the Tesla T4 product brief",
        units=40, boost_mhz=1590, highest_mhz=1590,
        per_cycle=_rates(matrix16=1024, tf32=None, float32=128, float64=4, int8=2048, bfloat16=False),
        memory_bits=256, memory_gbit_per_pin=10.0, cache_bytes=4 * _MIB,
    ),
    Accelerator(
        names=("A100-SXM4-40GB", "A100-PCIE-40GB"),
        source="NVIDIA A100 Tensor Core GPU architecture, whitepaper",
        units=108, boost_mhz=1410, highest_mhz=1410, per_cycle=_AMPERE,
        memory_bits=5120, memory_gbit_per_pin=2.43, cache_bytes=40 * _MIB,
    ),
    Accelerator(
        names=("A100-SXM4-80GB",),
        source="NVIDIA A100 Tensor Core GPU data sheet",
        units=108, boost_mhz=1410, highest_mhz=1410, per_cycle=_AMPERE,
        memory_bits=5120, memory_gbit_per_pin=3.186, cache_bytes=40 * _MIB,
    ),
    Accelerator(
        names=("A100 80GB PCIe",),
        source="NVIDIA A100 Tensor Core GPU data sheet",
        units=108, boost_mhz=1410, highest_mhz=1410, per_cycle=_AMPERE,
        memory_bits=5120, memory_gbit_per_pin=3.024, cache_bytes=40 * _MIB,
    ),
    Accelerator(
        names=("A10",),
        source="NVIDIA A10 Tensor Core GPU data sheet",
        units=72, boost_mhz=1695, highest_mhz=1695, per_cycle=_SMALL,
        memory_bits=384, memory_gbit_per_pin=12.5, cache_bytes=6 * _MIB,
    ),
    Accelerator(
        names=("RTX 3090",),
        source="NVIDIA Ampere GA102 GPU architecture, whitepaper",
        units=82, boost_mhz=1695, highest_mhz=2100, per_cycle=_geforce(matrix16=512, int8=2048, tf32=256),
        memory_bits=384, memory_gbit_per_pin=19.5, cache_bytes=6 * _MIB,
    ),
    Accelerator(
        names=("RTX 4090",),
        source="NVIDIA Ada GPU architecture, whitepaper",
        units=128, boost_mhz=2520, highest_mhz=3105, per_cycle=_geforce(matrix16=512, int8=2048, tf32=256),
        memory_bits=384, memory_gbit_per_pin=21.0, cache_bytes=72 * _MIB,
    ),
    Accelerator(
        names=("L4",),
        source="NVIDIA L4 Tensor Core GPU data sheet",
        units=58, boost_mhz=2040, highest_mhz=2040, per_cycle=_SMALL,
        memory_bits=192, memory_gbit_per_pin=12.5, cache_bytes=48 * _MIB,
    ),
    Accelerator(
        names=("L40S",),
        source="NVIDIA L40S GPU data sheet",
        units=142, boost_mhz=2520, highest_mhz=2520, per_cycle=_SMALL,
        memory_bits=384, memory_gbit_per_pin=18.0, cache_bytes=96 * _MIB,
    ),
    # Hopper's headlines for matrix units are computed at 1830 MHz (SXM) and 1620 MHz (PCIe), those for the
    # vector units at the highest clock.
    Accelerator(
        names=("H100 80GB HBM3",),
        source="NVIDIA H100 Tensor Core GPU architecture, whitepaper, SXM5",
        units=132, boost_mhz=1830, highest_mhz=1980, per_cycle=_HOPPER,
        memory_bits=5120, memory_gbit_per_pin=5.24, cache_bytes=50 * _MIB,
    ),
    Accelerator(
        names=("H100 PCIe",),
        source="NVIDIA H100 Tensor Core GPU architecture, whitepaper, PCIe",
        units=114, boost_mhz=1620, highest_mhz=1755, per_cycle=_HOPPER,
        memory_bits=5120, memory_gbit_per_pin=3.186, cache_bytes=50 * _MIB,
    ),
    Accelerator(
        names=("H200",),
        source="NVIDIA H200 Tensor Core GPU data sheet, SXM",
        units=132, boost_mhz=1830, highest_mhz=1980, per_cycle=_HOPPER,
        memory_bits=6144, memory_gbit_per_pin=6.25, cache_bytes=50 * _MIB,
    ),
    Accelerator(
        names=("Instinct MI300X", "Instinct MI300X OAM", "MI300X"),
        source="AMD Instinct MI300X accelerator data sheet",
        units=304, boost_mhz=2100, highest_mhz=2100,
        per_cycle=_rates(matrix16=2048, tf32=1024, float32=256, float64=256, int8=4096),
        memory_bits=8192, memory_gbit_per_pin=5.2, cache_bytes=256 * _MIB,
    ),
    # A TPU's units are its matrix units, of 128 x 128 multipliers each. How many passes they make over float32
    # under `ieee` is the compiler's business, so no ceiling is claimed for it.
    Accelerator(
        names=("TPU v4",),
        source="Jouppi et al., TPU v4, ISCA 2023, and the Cloud TPU v4 documentation",
        units=8, boost_mhz=1050, highest_mhz=1050,
        per_cycle={("bfloat16", IEEE): 2 * 128**2, ("float32", DEFAULT): 2 * 128**2},
        memory_bits=4096, memory_gbit_per_pin=2.4, cache_bytes=(128 + 32) * _MIB,
    ),
    Accelerator(
        names=("TPU v5 lite", "TPU v5e"),
        source="Cloud TPU v5e documentation",
        units=4, boost_mhz=1500, highest_mhz=1500,
        per_cycle={
            ("bfloat16", IEEE): 2 * 128**2, ("float32", DEFAULT): 2 * 128**2, ("int8", IEEE): 4 * 128**2
        },
        memory_bits=2048, memory_gbit_per_pin=3.2, cache_bytes=128 * _MIB,
    ),
    Accelerator(
        names=("TPU v5", "TPU v5p"),
        source="Cloud TPU v5p documentation",
        units=8, boost_mhz=1750, highest_mhz=1750,
        per_cycle={
            ("bfloat16", IEEE): 2 * 128**2, ("float32", DEFAULT): 2 * 128**2, ("int8", IEEE): 4 * 128**2
        },
        memory_bits=6144, memory_gbit_per_pin=3.6,
    ),
)  # fmt: skip

_BY_NAME = {_plain(name): row for row in ACCELERATORS for name in row.names}
