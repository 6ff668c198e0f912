"""Arrays on their way to JAX and back: the types it calls its own, and where an array really is."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from harness.backends.base import Placed
from harness.core.dtype import DType


def stored(array: Any, element: DType) -> Any:
    """Return a copy on the host, of the type that it stands for: bfloat16 is kept as whole numbers of 16 bits."""
    copied = np.array(array, order="C")
    return copied.view(jnp.bfloat16) if element is DType.BFLOAT16 else copied


def fetched(array: Any) -> Any:
    """Return a copy on the host, bfloat16 as float32."""
    return np.array(array, dtype=np.float32 if array.dtype == jnp.bfloat16 else array.dtype)


def described(array: Any) -> Placed:
    """Ask an array, one of NumPy's too, where it is and what it is made of."""
    if isinstance(array, np.ndarray):
        return Placed(dtype=str(array.dtype), device="cpu", shape=array.shape, address=array.ctypes.data)
    return Placed(
        dtype=str(array.dtype),
        device=",".join(sorted({_kind(device.platform) for device in array.devices()})),
        shape=array.shape,
        address=_address(array),
    )


def _address(array: jax.Array) -> int | None:
    try:
        return int(array.unsafe_buffer_pointer())
    except (RuntimeError, ValueError):  # not every device tells, and an array may lie on several
        return None


def _kind(platform: str) -> str:
    return "gpu" if platform in ("cuda", "rocm") else platform
