"""What TensorFlow does of what there is, each as its users write it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.backends.base import Maker
from harness.backends.tensorflow.convolution import conv2d
from harness.backends.tensorflow.normalisation import normalise
from harness.backends.tensorflow.pointwise import dense, elementwise, memory
from harness.backends.tensorflow.products import matmul, reduction
from harness.backends.tensorflow.sequence import attention, gather
from harness.workloads.attention import Attention
from harness.workloads.base import Workload
from harness.workloads.conv2d import Conv2d
from harness.workloads.dense import Dense
from harness.workloads.elementwise import Elementwise
from harness.workloads.gather import Gather
from harness.workloads.matmul import Matmul
from harness.workloads.memory import Memory
from harness.workloads.normalise import Normalise
from harness.workloads.reduction import Reduction

MAKERS: Mapping[type[Workload], Maker] = {
    Matmul: matmul,
    Reduction: reduction,
    Attention: attention,
    Gather: gather,
    Elementwise: elementwise,
    Memory: memory,
    Dense: dense,
    Conv2d: conv2d,
    Normalise: normalise,
}
