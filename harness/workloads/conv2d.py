"""Convolutions in two dimensions, stated as images N H W C and kernels H W I O.

Which order a framework keeps its axes in is its backend's business. Stride, dilation and groups are
the same in both directions of the image, as in nearly all networks; `padding` may differ. A speech
model's convolution in one dimension is one of height 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads import convolving
from harness.workloads.base import Arrays, Problem, Tolerance, Workload, parameter
from harness.workloads.convolving import Geometry
from harness.workloads.differentiable import UPSTREAM, Differentiable
from harness.workloads.rounding import product_tolerance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAME = "same"
FULL_REFERENCE_FLOPS = 4_000_000_000  # above this, channels are sampled
SAMPLED_CHANNELS = 3  # of each group
WINOGRAD = 3  # the kernel whose products a transform saves: 4 of 9 for tiles of 2 x 2, 1 of 4 for tiles of 4 x 4
WINOGRAD_SHARE = 0.25
WINOGRAD_LOSS = 4  # its transforms add and subtract before anything is multiplied


@dataclass(frozen=True, kw_only=True)
class Conv2d(Differentiable):
    """``y[n, p, q, o]`` is the sum over the kernel and one group's channels; the kernel is not turned round."""

    name: ClassVar[str] = "conv2d"
    summary: ClassVar[str] = "convolution of images, grouped, dilated or strided"

    batch: int = parameter("images in one call", low=1)
    height: int = parameter("rows of an image", low=1)
    width: int = parameter("columns of an image", low=1)
    in_channels: int = parameter("channels that go in", low=1)
    out_channels: int = parameter("channels that come out", low=1)
    kernel: tuple[int, ...] = parameter("height and width of the kernel", low=1)
    stride: int = parameter("from one position of the kernel to the next", default=1, low=1)
    padding: tuple[int, ...] | str = parameter(
        "zeros above and below, and left and right; same: as many as keep the size, at stride 1",
        default=(0, 0),
        words=(SAME,),
    )
    dilation: int = parameter("from one tap of the kernel to the next", default=1, low=1)
    groups: int = parameter("equal parts of the channels, each by itself; depthwise: in_channels", default=1, low=1)

    @classmethod
    def examples(cls) -> Iterator[Workload]:
        """Every type and direction against every option; sums at which 16 bits would show."""
        plain = cls(batch=2, height=9, width=7, in_channels=5, out_channels=6, kernel=(3, 3))
        wide = replace(plain, width=8, in_channels=6, kernel=(3, 2))
        yield plain
        yield replace(
            wide, stride=2, padding=(2, 1), dilation=2, groups=3, dtype="bfloat16", direction="forward_backward"
        )
        options: tuple[dict[str, Any], ...] = (
            {"stride": 2, "padding": (1, 0)},
            {"dilation": 2, "padding": SAME},
            {"groups": 2},
            {"groups": 6, "out_channels": 12, "kernel": (7, 6), "padding": SAME},  # depthwise, two of each
        )
        for (at, dtype), direction in product(enumerate(map(str, cls.dtypes)), cls.directions):
            if (dtype, direction) != ("float32", "forward"):
                yield replace(plain, dtype=dtype, direction=direction, padding=SAME)
            ours = options if dtype == "float32" else options[(at + (direction != "forward")) % 2 :: 2]
            yield from (replace(wide, dtype=dtype, direction=direction, **chosen) for chosen in ours)
        for dtype in ("bfloat16", "float16"):
            yield cls(batch=1, height=4, width=3, in_channels=512, out_channels=4, kernel=(3, 3), dtype=dtype)
        for dtype in ("bfloat16", "float16"):
            yield cls(
                batch=17, height=12, width=13, in_channels=2, out_channels=3, kernel=(3, 3), dtype=dtype,
                direction="forward_backward",
            )  # fmt: skip
        yield cls(batch=1, height=1, width=30, in_channels=3, out_channels=4, kernel=(1, 5), stride=2, padding=(0, 2))
        yield cls(batch=1, height=8, width=8, in_channels=3, out_channels=4, kernel=(4, 4), stride=4)
        yield cls(batch=1, height=5, width=6, in_channels=7, out_channels=8, kernel=(1, 1), distribution="uniform")
        for mode in (MathMode.TF32, MathMode.DEFAULT):  # large enough for a device to use its matrix units
            yield cls(
                batch=2, height=16, width=16, in_channels=64, out_channels=64, kernel=(3, 3), padding=SAME,
                math=str(mode),
            )  # fmt: skip

    # -- shapes ----------------------------------------------------------------------------------

    @property
    def pads(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Zeros above and below, and left and right; `same` puts the odd one last, as frameworks do."""
        if isinstance(self.padding, str):
            totals = [self.dilation * (length - 1) for length in self.kernel]
            rows, columns = ((total // 2, total - total // 2) for total in totals)
            return rows, columns
        rows, columns = ((count, count) for count in self.padding)
        return rows, columns

    @property
    def geometry(self) -> Geometry:
        """What the mathematics needs to know."""
        return Geometry(stride=self.stride, dilation=self.dilation, groups=self.groups, pads=self.pads)

    @property
    def is_depthwise(self) -> bool:
        """Whether each input channel is a group of its own."""
        return self.groups == self.in_channels > 1

    def operand_shapes(self) -> dict[str, tuple[int, ...]]:
        """Images, and kernels that each see the channels of one group."""
        return {
            "x": (self.batch, self.height, self.width, self.in_channels),
            "w": (*self.kernel, self.in_channels // self.groups, self.out_channels),
        }

    def result_shape(self) -> tuple[int, ...]:
        """As many positions as the kernel has on the padded image."""
        rows, columns = self.geometry.positions((self.height, self.width), self.kernel)
        return (self.batch, rows, columns, self.out_channels)

    def problems(self) -> list[Problem]:
        """Channels must divide into groups, and the kernel must lie on the padded image."""
        if len(self.kernel) != 2:  # noqa: PLR2004  (height and width)
            return [Problem(parameter="kernel", message="kernel needs two lengths", hint="write [3, 3]")]
        wrong = self._padding_problem() or self._group_problem()
        if wrong is not None:
            return [wrong]
        lengths = zip(("height", "width"), (self.height, self.width), self.kernel, self.pads, strict=True)
        for name, length, taps, (before, after) in lengths:
            reach = self.dilation * (taps - 1) + 1
            if length + before + after < reach:
                message = (
                    f"a kernel that reaches over {reach} does not fit a padded {name} of {length + before + after}"
                )
                return [Problem(parameter="kernel", message=message)]
        if max(map(math.prod, (*self.operand_shapes().values(), self.result_shape()))) >= 2**40:
            return [Problem(parameter="batch", message="those images are more than any device holds")]
        return []

    def _padding_problem(self) -> Problem | None:
        if isinstance(self.padding, str):
            if self.stride == 1:
                return None
            hint = "frameworks disagree about it at other strides: write the numbers"
            return Problem(parameter="padding", message=f"{SAME} is defined at stride 1", hint=hint)
        if len(self.padding) != 2:  # noqa: PLR2004  (rows and columns)
            return Problem(parameter="padding", message="padding needs two numbers", hint=f"write [1, 1], or {SAME}")
        return None

    def _group_problem(self) -> Problem | None:
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                return Problem(
                    parameter="groups", message=f"{name} of {getattr(self, name)} in {self.groups} equal groups"
                )
        return None

    # -- work ------------------------------------------------------------------------------------

    def forward_flops(self) -> int:
        """A multiplication and an addition for each tap, directly; those on padding are counted too."""
        return 2 * math.prod(self.result_shape()) * math.prod(self.kernel) * (self.in_channels // self.groups)

    def least_flops_share(self) -> float:
        """A quarter where Winograd's transform applies: 36 products do the work of 144 on tiles of 4 x 4."""
        return WINOGRAD_SHARE if self.may_be_winograd else 1.0

    @property
    def may_be_winograd(self) -> bool:
        """Whether a known algorithm needs fewer products than `flops` counts."""
        plain = self.stride == self.dilation == self.groups == 1
        return plain and self.kernel == (WINOGRAD, WINOGRAD) and self.element is not DType.FLOAT64

    @property
    def tags(self) -> tuple[str, ...]:
        """What a reader of a rate should know: it may lie above what the direct count allows."""
        return ("winograd-possible",) if self.may_be_winograd else ()

    def items(self) -> tuple[int, str]:
        """The images."""
        return self.batch, "images"

    # -- answers ---------------------------------------------------------------------------------

    def forward(self, inputs: Arrays) -> NDArray[Any]:
        """The convolution."""
        return convolving.convolve(inputs["x"], inputs["w"], self.geometry)

    def gradients(self, inputs: Arrays, upstream: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Those of the images and of the kernels."""
        x, w = inputs["x"], inputs["w"]
        return (
            convolving.image_gradient(upstream, w, x.shape, self.geometry),
            convolving.kernel_gradient(x, upstream, w.shape, self.geometry),
        )

    @property
    def is_sampled(self) -> bool:
        """Whether the full answer would cost too much."""
        return self.forward_flops() > FULL_REFERENCE_FLOPS

    def probe(self, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """For large ones: how the channels of each part are thinned out, see `convolving.thinning`."""
        if not self.is_sampled:
            return {}
        ins, outs = self.in_channels // self.groups, self.out_channels // self.groups
        channels = (outs, ins, outs) if self.is_backward else (outs,)
        return {
            f"output{index}": convolving.thinning(rng, self.groups, count, SAMPLED_CHANNELS)
            for index, count in enumerate(channels)
        }

    def reference(self, inputs: Arrays, probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The whole answer, or that of the thinned problem: thinning one end commutes with all that is done."""
        if not probe:
            return super().reference(inputs, probe)
        geometry, x, w = self.geometry, inputs["x"], inputs["w"]
        answers = [convolving.convolve(x, convolving.thin(w, probe["output0"]), geometry)]
        if self.is_backward:
            above = inputs[UPSTREAM]
            ours = convolving.thin_inputs(w, probe["output1"])
            thinned = convolving.thin(above, probe["output2"])
            channels = ours.shape[2] * self.groups
            answers += [
                convolving.image_gradient(above, ours, (*x.shape[:3], channels), geometry),
                convolving.kernel_gradient(x, thinned, (*w.shape[:3], thinned.shape[-1]), geometry),
            ]
        return {name: part for index, answer in enumerate(answers) for name, part in self._parts(index, answer)}

    def observe(self, outputs: tuple[NDArray[Any], ...], probe: Arrays) -> dict[str, NDArray[np.float64]]:
        """The same of an answer."""
        if not probe:
            return super().observe(outputs, probe)
        answers = [convolving.thin(output, probe[f"output{index}"]) for index, output in enumerate(outputs)]
        return {name: part for index, answer in enumerate(answers) for name, part in self._parts(index, answer)}

    def _parts(self, index: int, thinned: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Yield the sampled channels and the projection apart, for they differ in size."""
        split = thinned.reshape(*thinned.shape[:-1], self.groups, -1)
        yield f"output{index}.channels", split[..., :-1]
        yield f"output{index}.projection", split[..., -1]

    @property
    def sums(self) -> tuple[int, ...]:
        """How many terms go into an element of each output."""
        batch, rows, columns, outs = self.result_shape()
        taps = math.prod(self.kernel)
        forward = taps * self.in_channels // self.groups
        backward = (max(1, taps // self.stride**2) * outs // self.groups, batch * rows * columns)
        return (forward, *backward) if self.is_backward else (forward,)

    def scales(self, inputs: Arrays, reference: Arrays) -> dict[str, Any]:
        """Few elements may cancel to nearly nothing, so an element's usual size counts too."""
        import numpy as np

        names = ("x", "w", UPSTREAM)
        power = {name: float(np.mean(np.square(inputs[name]))) for name in names if name in inputs}
        pairs = (("x", "w"), (UPSTREAM, "w"), ("x", UPSTREAM))
        usual = [math.sqrt(terms * power[a] * power[b]) for terms, (a, b) in zip(self.sums, pairs, strict=False)]
        return {
            name: max(scale, usual[int(name.partition(".")[0].removeprefix("output"))])
            for name, scale in super().scales(inputs, reference).items()
        }

    def tolerance(self, reference: Arrays, scales: Mapping[str, Any]) -> Tolerance:
        """As for a product of matrices with sums of that length; Winograd's transforms may lose some of it."""
        del reference, scales
        loss = WINOGRAD_LOSS if self.may_be_winograd else 1
        return product_tolerance(self, terms=max(self.sums), elements=math.prod(self.result_shape()), loss=loss)
