"""The cases of the contract: each workload's own examples.

Sizes are small because the point is what is computed, not how fast; odd because padding and
vector tails are where kernels go wrong; and a few are round because some types demand it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from harness.backends.base import COMPILED
from harness.backends.catalog import WORKLOADS
from harness.core.math_mode import MathMode

if TYPE_CHECKING:
    from harness.backends.base import BackendInfo
    from harness.core.device import Device
    from harness.workloads.base import Workload

FEW = 2  # the plain example, and the one with all that is unusual


def contract_cases(
    info: BackendInfo,
    mode: str,
    device: Device,
    *,
    everything: bool = False,
    workloads: Sequence[type[Workload]] = WORKLOADS,
) -> Iterator[Workload]:
    """Yield what `info` does not refuse; a mode that compiles for seconds gets a few cases unless `everything`."""
    chosen = info.mode(mode)
    short = chosen is not None and chosen.mode_class == COMPILED and not everything
    for workload in few_cases(workloads) if short else all_cases(workloads):
        if info.refuses(workload, mode, device) is None:
            yield workload


def sort_of(workload: Workload) -> str:
    """Return what results of the contract are counted by: ``matmul float32 forward``, and a math that is not ieee."""
    unusual = () if workload.math == MathMode.IEEE else (f"math={workload.math}",)
    return " ".join((workload.name, workload.dtype, workload.direction, *unusual))


def few_cases(workloads: Sequence[type[Workload]] = WORKLOADS) -> tuple[Workload, ...]:
    """Return the first examples of each workload."""
    return tuple(case for workload in workloads for case in islice(workload.examples(), FEW))


def all_cases(workloads: Sequence[type[Workload]] = WORKLOADS) -> Iterator[Workload]:
    """Yield every parameter at every value that it can have, most of them crossed."""
    for workload in workloads:
        yield from workload.examples()
