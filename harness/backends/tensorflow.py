"""TensorFlow: ``function`` as its users write it, ``xla`` with ``jit_compile``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ml_dtypes
import numpy as np
import tensorflow as tf

from harness.backends.base import DeviceMissing, Placed, Prepared
from harness.backends.shared import each, is_short, processor_name
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Function = Callable[..., Any]
Tensor = Any  # TensorFlow ships no types


class TensorFlow:
    """TensorFlow on one device in one mode."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Configure before the first operation; the environment shows one GPU only."""
        self._kind = device.kind
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
        allowed = self._untouched if mode is MathMode.DEFAULT else mode is MathMode.TF32
        tf.config.experimental.enable_tensor_float_32_execution(allowed)

    def place(self, workload: Workload, inputs: Arrays) -> tuple[Tensor, ...]:
        """Copy first: on the CPU a constant may keep NumPy's memory."""
        short = ml_dtypes.bfloat16 if workload.element is DType.BFLOAT16 else None
        with tf.device(self._device):
            return tuple(
                tf.identity(tf.constant(np.array(array).view(short) if short else np.array(array)))
                for array in inputs.values()
            )

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Tensor]:
        """Autograph is off, for it rewrites Python control flow and there is none."""
        function = tf.function(_function(workload, self._kind), jit_compile=self._jit, autograph=False)
        return Prepared(
            function=function,
            arguments=self.place(workload, inputs),
            compilations=function.experimental_get_tracing_count,
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
            )
            for tensor in each(value)
        )

    def peak_memory(self) -> int | None:
        """The allocator's own count; the CPU's has none."""
        if self._kind == "cpu":
            return None
        return int(tf.config.experimental.get_memory_info(f"{self._kind.upper()}:0")["peak"])


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


def _function(workload: Workload, kind: str) -> Function:
    match workload:
        case Matmul():
            return _matmul(workload)
        case Reduction():
            return _reduction(workload, kind)
    raise NotImplementedError(workload.name)


def _matmul(workload: Matmul) -> Function:
    options: dict[str, Any] = {"transpose_a": workload.transpose_a, "transpose_b": workload.transpose_b}
    if workload.element is DType.INT8:
        options["output_type"] = tf.int32
    return lambda a, b: tf.matmul(a, b, **options)


def _reduction(workload: Reduction, kind: str) -> Function:
    axes = workload.axes
    reduce: Function = {
        "sum": lambda x: tf.reduce_sum(x, axis=axes),
        "mean": lambda x: tf.reduce_mean(x, axis=axes),
        "max": lambda x: tf.reduce_max(x, axis=axes),
        "l2norm": lambda x: tf.sqrt(tf.reduce_sum(tf.square(x), axis=axes)),
        "logsumexp": lambda x: tf.reduce_logsumexp(x, axis=axes),
    }[workload.op]
    if _sums_short(workload, kind):
        return lambda x: tf.cast(reduce(tf.cast(x, tf.float32)), x.dtype)
    return reduce


def _sums_short(workload: Reduction, kind: str) -> bool:
    """Whether TensorFlow left alone would sum in 16 bits.

    It does so with float16 everywhere (the mean of 100,000 numbers came out as 0). With bfloat16 on
    a CPU it sums in float32, but still rounds between the steps of a norm or a logsumexp.
    """
    if not is_short(workload.element) or workload.op == "max":
        return False
    alone = workload.element is DType.BFLOAT16 and kind == "cpu" and workload.op in ("sum", "mean")
    return not alone
