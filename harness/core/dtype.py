"""Element types, and how arrays of them are kept without any framework.

NumPy has no bfloat16. Arrays of it are kept as the upper 16 bits of a float32 in ``uint16``
("storage"): every framework can take those bits over without rounding again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DType(StrEnum):
    """An element type under test."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    INT8 = "int8"
    INT32 = "int32"  # only as a result: what int8 products are summed in

    @property
    def itemsize(self) -> int:
        """Bytes an element takes."""
        return _FACTS[self][0]

    @property
    def epsilon(self) -> float:
        """The gap between 1 and the next number; 0 for integers, which are exact."""
        return _FACTS[self][1]

    @property
    def storage(self) -> str:
        """The NumPy type that holds the bits."""
        return "uint16" if self is DType.BFLOAT16 else self.value

    @property
    def is_integer(self) -> bool:
        """Whether arithmetic in this type is exact."""
        return self.epsilon == 0.0


_FACTS = {
    DType.FLOAT64: (8, 2.0**-52),
    DType.FLOAT32: (4, 2.0**-23),
    DType.BFLOAT16: (2, 2.0**-7),
    DType.FLOAT16: (2, 2.0**-10),
    DType.INT8: (1, 0.0),
    DType.INT32: (4, 0.0),
}


def narrow(values: NDArray[np.float64], dtype: DType) -> NDArray[np.generic]:
    """Round float64 `values` to `dtype`, to nearest even, and return its storage."""
    import numpy as np

    if dtype is DType.BFLOAT16:
        # Adding half of the dropped part, less one where the kept part is even, rounds to nearest even.
        bits = values.astype(np.float32).view(np.uint32)
        rounded: NDArray[np.generic] = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
        return rounded
    if dtype.is_integer:
        limits = np.iinfo(dtype.storage)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype.storage)
    return values.astype(dtype.storage)


def widen(stored: NDArray[np.generic], dtype: DType) -> NDArray[np.float64]:
    """Return the float64 values of an array kept in the storage of `dtype`; exact."""
    import numpy as np

    if dtype is DType.BFLOAT16:
        return (stored.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return stored.astype(np.float64)
