"""The four built-in backends, as far as they are known without importing a framework.

What stands here is a declaration that others act upon: the launcher sets `environment`, the planner
turns `refuses` into outcomes, `harness doctor` prints `install` and `lacks`. The support table of
the documentation is made from it too, so a gap is written down once. Gaps were found by trying
(torch 2.13, jax 0.10.2, tensorflow 2.21 on a CPU); where a device could not be tried, whatever its
documentation does not promise is refused.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.backends.base import AS_WRITTEN, BOTH, COMPILED, UNRANKED, BackendInfo, Mode, Remedy
from harness.backends.implementations import is_offered
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.attention import Attention
from harness.workloads.base import Workload
from harness.workloads.conv2d import Conv2d
from harness.workloads.convergence import TimeToAccuracy
from harness.workloads.dense import Dense
from harness.workloads.elementwise import Elementwise
from harness.workloads.gather import Gather
from harness.workloads.inference import Inference
from harness.workloads.matmul import Matmul
from harness.workloads.memory import Memory
from harness.workloads.normalise import Normalise
from harness.workloads.reduction import Reduction
from harness.workloads.training import MIXED, Training

WORKLOADS = (
    Matmul,
    Reduction,
    Attention,
    Gather,
    Elementwise,
    Memory,
    Dense,
    Conv2d,
    Normalise,
    Training,
    TimeToAccuracy,
    Inference,
)
PIP = "python -m pip install"
INT8_ROWS = 16  # cuBLAS wants more
KERAS_FIT = "keras-fit"

Gaps = Callable[[Workload, str, Device], str | None]


# -- refusals ------------------------------------------------------------------------------------


def _refuses(name: str, modes: tuple[str, ...], devices: tuple[str, ...], own: Gaps) -> Gaps:
    """Return a function that gives the first reason against a case: those common to all, then `own`."""

    def refuses(workload: Workload, mode: str, device: Device) -> str | None:
        if mode not in modes:
            return f"{name} has no mode {mode!r}"
        if device.kind not in devices:
            return f"{name} does not run on {device.kind}"
        if type(workload) not in WORKLOADS and name != "numpy" and not is_offered(name, workload.name):
            return f"{name} has no {workload.name}"
        return _no_tf32(workload, device) or own(workload, mode, device)

    return refuses


def _no_tf32(workload: Workload, device: Device) -> str | None:
    if workload.math != MathMode.TF32:
        return None
    if device.kind != "gpu":
        return f"tf32 is an arithmetic of GPUs, not of a {device.kind}"
    if isinstance(workload, (Elementwise, Gather, Memory, Normalise, Reduction)):
        return f"a {workload.name} multiplies no matrices, so tf32 says nothing about it"
    return None


def _nothing(workload: Workload, mode: str, device: Device) -> str | None:
    del workload, mode, device
    return None


def _torch_gaps(workload: Workload, mode: str, device: Device) -> str | None:
    if mode == "compile" and device.kind not in ("cpu", "gpu"):
        return f"torch.compile is not proved on {device.kind}"
    if device.kind == "mps" and workload.element is DType.FLOAT64:
        return "Metal has no float64"
    if isinstance(workload, Matmul) and workload.element is DType.INT8:
        return _torch_int8_gaps(workload, device)
    return None


def _torch_int8_gaps(workload: Matmul, device: Device) -> str | None:
    """PyTorch multiplies int8 only through ``torch._int_mm``, which has the limits of cuBLAS on a GPU."""
    if workload.batch > 1:
        return "torch._int_mm takes no batch"
    if device.kind == "cpu":
        return None
    if device.kind != "gpu":
        return f"torch._int_mm is not proved on {device.kind}"
    if workload.m <= INT8_ROWS or workload.k % 8 or workload.n % 8:
        return f"torch._int_mm on a GPU needs m above {INT8_ROWS}, and k and n in multiples of 8"
    if workload.transpose_a or not workload.transpose_b:
        # Other orders work or fail with the version of CUDA: 13.0 lost the one with neither transposed.
        return "int8 on a GPU needs the left matrix stored m x k and the right one n x k"
    return None


def _tensorflow_gaps(workload: Workload, mode: str, device: Device) -> str | None:
    if mode == KERAS_FIT:
        return _fit_gaps(workload, device)
    if device.kind == "gpu" and workload.element is DType.INT8:
        return "TensorFlow keeps int32 results in host memory, so its int8 product is not one of the GPU"
    if device.kind == "tpu" and workload.element in (DType.FLOAT64, DType.INT8):
        return f"{workload.dtype} is not proved on a TPU with TensorFlow"
    if workload.element is DType.FLOAT64 and _has_gelu(workload):
        return "tf.nn.gelu rounds a constant to float32 in every type, so float64 has no more than nine digits"
    if isinstance(workload, Conv2d) and mode == "function":
        return _tensorflow_convolution_gaps(workload, device)
    return None


def _fit_gaps(workload: Workload, device: Device) -> str | None:
    """`keras.Model.fit` trains, and brings the loop with it."""
    if not isinstance(workload, Training):
        return "keras-fit trains models, and does nothing else"
    if isinstance(workload, TimeToAccuracy):
        return "keras.Model.fit has a loop of its own, and ending it at an accuracy is not written"
    if device.kind == "tpu":
        return "keras.Model.fit wants a distribution strategy on a TPU, which is not proved"
    return None


def _tensorflow_convolution_gaps(workload: Conv2d, device: Device) -> str | None:
    """TensorFlow's own CPU kernels have no such gradients; XLA has, and so has the function for depthwise ones."""
    if device.kind != "cpu" or not workload.is_backward or is_depthwise_in_tensorflow(workload):
        return None
    if workload.groups > 1:
        return "TensorFlow has no gradient of grouped convolutions on a CPU, but for depthwise ones"
    return "TensorFlow has no gradient of dilated convolutions on a CPU" if workload.dilation > 1 else None


def is_depthwise_in_tensorflow(workload: Conv2d) -> bool:
    """Whether it is one for ``tf.nn.depthwise_conv2d``, whose answers are wrong where it strides and dilates."""
    return workload.is_depthwise and 1 in (workload.stride, workload.dilation)


def _has_gelu(workload: Workload) -> bool:
    if isinstance(workload, Dense):
        return workload.activation == "gelu" and workload.layers > 1
    return isinstance(workload, Elementwise) and workload.op == "gelu"


def _numpy_gaps(workload: Workload, mode: str, device: Device) -> str | None:
    del mode, device
    if isinstance(workload, Training) and workload.precision == MIXED:
        return "NumPy has no products in bfloat16"
    return "NumPy has one arithmetic: ieee" if workload.math == MathMode.DEFAULT else None


# -- environments --------------------------------------------------------------------------------


def _visible(device: Device) -> dict[str, str]:
    """Show a process the one GPU it is to use, or none.

    A list that is already set (by a batch system, say) is what our numbers count in.
    """
    if device.kind != "gpu":
        return {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": "-1"}
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": _nth_of("CUDA_VISIBLE_DEVICES", device.index),
        "HIP_VISIBLE_DEVICES": _nth_of("HIP_VISIBLE_DEVICES", device.index),
    }


def _nth_of(variable: str, index: int) -> str:
    listed = os.environ.get(variable)
    if listed is None:
        return str(index)
    names = [name for name in listed.split(",") if name]
    return names[index] if index < len(names) else ""


def _torch_environment(device: Device, mode: str) -> Mapping[str, str]:
    chosen = _visible(device)
    if device.kind == "xpu":
        chosen["ZE_AFFINITY_MASK"] = str(device.index)
    if mode == "compile":
        chosen |= {
            # A pool of compiling processes would outlive the compilation and disturb what is timed.
            "TORCHINDUCTOR_COMPILE_THREADS": "1",
            # Built into the user's temporary folder, outside the worker's fresh cache: a first call
            # would cost 8 s on a new machine and 2 s afterwards. Without: always 3.4 s.
            "TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS": "0",
            # Believe what the processor says of its vector units, without six test compilations:
            # 7 s saved in each process, the same unit chosen, the same code generated.
            "TORCHINDUCTOR_VEC_ISA_OK": "1",
        }
    return chosen


def _jax_environment(device: Device, mode: str) -> Mapping[str, str]:
    del mode
    return {
        **_visible(device),
        "JAX_PLATFORMS": {"gpu": _gpu_platform()}.get(device.kind, device.kind),
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def _gpu_platform() -> str:
    """JAX insists on every platform that is named, and its alias "gpu" names CUDA and ROCm both."""
    return "rocm" if Path("/dev/kfd").exists() and not Path("/dev/nvidiactl").exists() else "cuda"


def _tensorflow_environment(device: Device, mode: str) -> Mapping[str, str]:
    del mode
    return {
        **_visible(device),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "KERAS_BACKEND": "tensorflow",  # whatever a configuration file in the user's home says
    }


# -- what a machine may lack ---------------------------------------------------------------------


def _torch_lacks(mode: str, device: Device) -> Remedy | None:
    if mode != "compile":
        return None
    # For a GPU, Triton builds a small C launcher; for a CPU, every kernel is C++.
    known = ("g++", "clang++", "c++") if device.kind == "cpu" else ("gcc", "clang", "cc")
    chosen = os.environ.get("CXX" if device.kind == "cpu" else "CC", "")
    if any(shutil.which(name) for name in (chosen, *known) if name):
        return None
    return Remedy(
        reason=f"torch.compile needs a {'C++' if device.kind == 'cpu' else 'C'} compiler, and none is here",
        command="sudo apt-get install --yes g++ python3-dev",
    )


# -- the catalogue -------------------------------------------------------------------------------

NUMPY = BackendInfo(
    name="numpy",
    modes=(Mode(name="reference", mode_class=UNRANKED),),
    implementation="harness.backends.numpy:NumPy",
    requires=("numpy",),
    devices=("cpu",),
    install={"cpu": f"{PIP} numpy"},
    environment=lambda device, _: _visible(device),
    refuses=_refuses("numpy", ("reference",), ("cpu",), _numpy_gaps),
)

TORCH = BackendInfo(
    name="torch",
    modes=(Mode(name="eager", mode_class=AS_WRITTEN), Mode(name="compile", mode_class=COMPILED)),
    implementation="harness.backends.torch.backend:Torch",
    requires=("torch",),
    devices=("cpu", "gpu", "xpu", "mps"),
    install={
        "cpu": f"{PIP} torch --index-url https://download.pytorch.org/whl/cpu",
        "gpu": f"{PIP} torch",
        "xpu": f"{PIP} torch --index-url https://download.pytorch.org/whl/xpu",
        "mps": f"{PIP} torch",
    },
    environment=_torch_environment,
    refuses=_refuses("torch", ("eager", "compile"), ("cpu", "gpu", "xpu", "mps"), _torch_gaps),
    lacks=_torch_lacks,
)

JAX = BackendInfo(
    name="jax",
    modes=(Mode(name="jit", mode_class=BOTH),),
    implementation="harness.backends.jax.backend:Jax",
    requires=("jax", "jaxlib"),
    devices=("cpu", "gpu", "tpu"),
    install={
        "cpu": f"{PIP} jax optax",
        "gpu": f"{PIP} 'jax[cuda13]' optax",
        "tpu": f"{PIP} 'jax[tpu]' optax",
    },
    environment=_jax_environment,
    refuses=_refuses("jax", ("jit",), ("cpu", "gpu", "tpu"), _nothing),
)

TENSORFLOW = BackendInfo(
    name="tensorflow",
    modes=(
        Mode(name="function", mode_class=AS_WRITTEN),
        Mode(name="xla", mode_class=COMPILED),
        Mode(name=KERAS_FIT, mode_class=AS_WRITTEN),
    ),
    implementation="harness.backends.tensorflow.backend:TensorFlow",
    requires=("tensorflow",),
    devices=("cpu", "gpu", "tpu"),
    install={
        "cpu": f"{PIP} tensorflow",
        "gpu": f"{PIP} 'tensorflow[and-cuda]'",
        "tpu": f"{PIP} tensorflow-tpu",
    },
    environment=_tensorflow_environment,
    refuses=_refuses("tensorflow", ("function", "xla", KERAS_FIT), ("cpu", "gpu", "tpu"), _tensorflow_gaps),
)
