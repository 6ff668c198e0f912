"""Arrays on their way into TensorFlow and out of it, and where they are meanwhile."""

from __future__ import annotations

import ctypes
from typing import Any

import ml_dtypes
import numpy as np
import tensorflow as tf

from harness.backends.base import Placed
from harness.core.dtype import DType

Tensor = Any  # TensorFlow ships no types


def on_device(array: Any, element: DType, device: str) -> Tensor:
    """Copy first: on the CPU a constant may keep NumPy's memory."""
    with tf.device(device):
        return tf.identity(tf.constant(copied(array, element)))


def copied(array: Any, element: DType) -> Any:
    """Return NumPy's own copy of an array in storage."""
    own = np.array(array, order="C")
    return own.view(ml_dtypes.bfloat16) if element is DType.BFLOAT16 else own


def fetched(tensor: Tensor) -> Any:
    """A copy, bfloat16 as float32."""
    if isinstance(tensor, np.ndarray):
        return tensor.copy()
    return np.array(tensor.numpy(), dtype=np.float32 if tensor.dtype == tf.bfloat16 else None)


def placed(tensor: Tensor) -> Placed:
    """Ask for the memory that a tensor is in, not for its operation's device."""
    if isinstance(tensor, np.ndarray):
        return Placed(dtype=str(tensor.dtype), device="cpu", shape=tensor.shape, address=tensor.ctypes.data)
    return Placed(
        dtype=tensor.dtype.name,
        device=tf.DeviceSpec.from_string(tensor.backing_device).device_type.lower(),
        shape=tuple(tensor.shape),
        address=_address(tensor),
    )


def _address(tensor: Tensor) -> int | None:
    """Ask through DLPack, whose description of an array begins with its address."""
    try:
        capsule = tf.experimental.dlpack.to_dlpack(tensor)
    except (tf.errors.OpError, ValueError, RuntimeError):  # not every device and type can be described
        return None
    of_capsule = ctypes.pythonapi.PyCapsule_GetPointer
    of_capsule.restype, of_capsule.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    return ctypes.c_void_p.from_address(of_capsule(capsule, b"dltensor")).value
