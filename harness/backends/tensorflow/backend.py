"""TensorFlow: ``function`` as its users write it, ``xla`` with ``jit_compile``, ``keras-fit`` for training alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from harness.backends.base import DeviceMissing, Layout, Operation, Placed, Prepared, Setting
from harness.backends.shared import differentiated, each, laid_out, make_operation, processor_name
from harness.backends.tensorflow import arrays, fitting, inference, training
from harness.backends.tensorflow.arrays import Tensor
from harness.backends.tensorflow.operations import MAKERS
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.inference import Inference
from harness.workloads.modelled import Modelled
from harness.workloads.training import Training

Function = Callable[..., Any]
FIT = "keras-fit"


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
            "keras_version": keras.__version__,
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
        """Copies on the device, or on the host where bringing them over is part of the work."""
        layout = None if isinstance(workload, Modelled) else self._operation(workload).layout
        return self._placed(workload, inputs, layout)

    def _operation(self, workload: Workload) -> Operation:
        return make_operation("tensorflow", MAKERS, workload, self._setting)

    def _placed(self, workload: Workload, inputs: Arrays, layout: Layout | None) -> tuple[Tensor, ...]:
        given = laid_out(workload, inputs, layout)
        if workload.fed_from_host:
            return tuple(arrays.copied(array, element) for array, element in given)
        return tuple(arrays.on_device(array, element, self._device) for array, element in given)

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Tensor]:
        """Models have rooms of their own."""
        site = training.Site(device=self._device, jit=self._jit)
        if isinstance(workload, Training):
            train = fitting.prepare if self._setting.mode == FIT else training.prepare
            return train(workload, inputs, site, self.place(workload, inputs))
        if self._setting.mode == FIT:
            raise NotImplementedError(f"{FIT} trains, and does nothing else")
        if isinstance(workload, Inference):
            return inference.prepare(workload, inputs, site, self.place(workload, inputs))
        return self._prepare_operation(workload, inputs)

    def _prepare_operation(self, workload: Workload, inputs: Arrays) -> Prepared[Tensor]:
        """Autograph is off, for it rewrites Python control flow and there is none."""
        operation, places = self._operation(workload), differentiated(workload)
        plain = _with_gradients(operation.function, places) if places else operation.function
        function = tf.function(plain, jit_compile=self._jit, autograph=False)
        return Prepared(
            function=function,
            arguments=self._placed(workload, inputs, operation.layout),
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
        return tuple(arrays.fetched(tensor) for tensor in each(value))

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """Of each tensor, the memory that it is in."""
        return tuple(arrays.placed(tensor) for tensor in each(value))

    def peak_memory(self) -> int | None:
        """The allocator's own count; the CPU's has none."""
        if self._kind == "cpu":
            return None
        return int(tf.config.experimental.get_memory_info(f"{self._kind.upper()}:0")["peak"])


def _with_gradients(function: Function, places: tuple[int, ...]) -> Function:
    """Return a function that returns the output and the gradients of the inputs at `places`."""

    def run(*given: Tensor) -> tuple[Tensor, ...]:
        *operands, upstream = given
        chosen = [operands[place] for place in places]
        with tf.GradientTape() as tape:
            tape.watch(chosen)
            output = function(*operands)
        gradients = tape.gradient(output, chosen, output_gradients=upstream)
        return (output, *map(tf.convert_to_tensor, gradients))  # a look-up's gradient is a sparse one by itself

    return run


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
