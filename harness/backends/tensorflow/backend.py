"""TensorFlow: ``function`` as its users write it, ``xla`` with ``jit_compile``."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import tensorflow as tf

from harness.backends.base import DeviceMissing, Operation, Placed, Prepared, Setting
from harness.backends.shared import differentiated, each, laid_out, make_operation, processor_name
from harness.backends.tensorflow.operations import MAKERS
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload

Function = Callable[..., Any]
Tensor = Any  # TensorFlow ships no types


class TensorFlow:
    """TensorFlow on one device in one mode."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Configure before the first operation; the environment shows one GPU only."""
        self._kind = device.kind
        self._setting = Setting(device=device, mode=mode, math=MathMode.IEEE)
        self._jit: bool | None = True if mode == "xla" else None
        _set_threads(threads)
        tf.config.set_soft_device_placement(False)
        if device.kind == "tpu":
            _start_tpu()
        found = tf.config.list_logical_devices(device.kind.upper())
        index = 0 if device.kind == "gpu" else device.index
        if index >= len(found):
            raise DeviceMissing(f"tensorflow {tf.__version__} sees {len(found)} of {device.kind}, not {device}")
        self._device = found[index].name
        self._untouched = tf.config.experimental.tensor_float_32_execution_enabled()

    def facts(self) -> Mapping[str, Any]:
        """Versions, the device's own name, and the build."""
        build = tf.sysconfig.get_build_info()
        return {
            "framework_version": tf.__version__,
            "device_name": self._device_name(),
            "intra_op_threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter_op_threads": tf.config.threading.get_inter_op_parallelism_threads(),
            "cuda": build.get("cuda_version"),
            "cudnn": build.get("cudnn_version"),
        }

    def _device_name(self) -> str:
        if self._kind != "gpu":
            return processor_name() if self._kind == "cpu" else self._kind
        details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
        return str(details.get("device_name", "gpu"))

    def set_math(self, mode: MathMode) -> None:
        """One switch for the process, for kernels as they run and for XLA as it compiles."""
        self._setting = replace(self._setting, math=mode)
        allowed = self._untouched if mode is MathMode.DEFAULT else mode is MathMode.TF32
        tf.config.experimental.enable_tensor_float_32_execution(allowed)

    def place(self, workload: Workload, inputs: Arrays) -> tuple[Tensor, ...]:
        """Copy first: on the CPU a constant may keep NumPy's memory."""
        return self._placed(workload, inputs, self._operation(workload))

    def _operation(self, workload: Workload) -> Operation:
        return make_operation("tensorflow", MAKERS, workload, self._setting)

    def _placed(self, workload: Workload, inputs: Arrays, operation: Operation) -> tuple[Tensor, ...]:
        with tf.device(self._device):
            return tuple(
                tf.identity(tf.constant(_array(array, element)))
                for array, element in laid_out(workload, inputs, operation.layout)
            )

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Tensor]:
        """Autograph is off, for it rewrites Python control flow and there is none."""
        operation, places = self._operation(workload), differentiated(workload)
        plain = _with_gradients(operation.function, places) if places else operation.function
        function = tf.function(plain, jit_compile=self._jit, autograph=False)
        return Prepared(
            function=function,
            arguments=self._placed(workload, inputs, operation),
            compilations=function.experimental_get_tracing_count,
            layout=operation.layout,
            tags=operation.tags,
        )

    def wait(self, output: Tensor) -> None:
        """Wait for every device; reading the output would copy it."""
        del output
        tf.test.experimental.sync_devices()

    def peek(self, output: Tensor) -> float:
        """The first element."""
        first = each(output)[0]
        return float(first[(0,) * first.shape.rank].numpy())

    def fetch(self, value: Any) -> tuple[Any, ...]:
        """Copies, bfloat16 as float32."""
        return tuple(
            np.array(tensor.numpy(), dtype=np.float32 if tensor.dtype == tf.bfloat16 else None)
            for tensor in each(value)
        )

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """Ask each tensor for the memory that it is in, not for the operation's device."""
        return tuple(
            Placed(
                dtype=tensor.dtype.name,
                device=tf.DeviceSpec.from_string(tensor.backing_device).device_type.lower(),
                shape=tuple(tensor.shape),
                address=_address(tensor),
            )
            for tensor in each(value)
        )

    def peak_memory(self) -> int | None:
        """The allocator's own count; the CPU's has none."""
        if self._kind == "cpu":
            return None
        return int(tf.config.experimental.get_memory_info(f"{self._kind.upper()}:0")["peak"])


def _array(array: Any, element: DType) -> Any:
    copied = np.array(array, order="C")
    return copied.view(ml_dtypes.bfloat16) if element is DType.BFLOAT16 else copied


def _with_gradients(function: Function, places: tuple[int, ...]) -> Function:
    """Return a function that returns the output and the gradients of the inputs at `places`."""

    def run(*arrays: Tensor) -> tuple[Tensor, ...]:
        *operands, upstream = arrays
        chosen = [operands[place] for place in places]
        with tf.GradientTape() as tape:
            tape.watch(chosen)
            output = function(*operands)
        gradients = tape.gradient(output, chosen, output_gradients=upstream)
        return (output, *map(tf.convert_to_tensor, gradients))  # a look-up's gradient is a sparse one by itself

    return run


def _address(tensor: Tensor) -> int | None:
    """Ask through DLPack, whose description of an array begins with its address."""
    try:
        capsule = tf.experimental.dlpack.to_dlpack(tensor)
    except (tf.errors.OpError, ValueError, RuntimeError):  # not every device and type can be described
        return None
    of_capsule = ctypes.pythonapi.PyCapsule_GetPointer
    of_capsule.restype, of_capsule.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    return ctypes.c_void_p.from_address(of_capsule(capsule, b"dltensor")).value


def _set_threads(threads: int) -> None:
    threading = tf.config.threading
    if threading.get_intra_op_parallelism_threads() != threads:
        threading.set_intra_op_parallelism_threads(threads)
    if threading.get_inter_op_parallelism_threads() != 1:
        threading.set_inter_op_parallelism_threads(1)


def _start_tpu() -> None:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu="local")
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise DeviceMissing(f"tensorflow {tf.__version__} sees no TPU: {error}") from error
