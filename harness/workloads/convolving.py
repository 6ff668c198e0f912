"""The mathematics of a convolution in NumPy: one product of matrices for each tap of the kernel.

A tap sees the whole image, shifted; so the answer is a sum of as many products as the kernel has
taps, and nothing larger than the image is ever made. The gradients are the same products turned
round. Images go through in parts, for the copies that a product needs of a large batch would not fit.

All three are linear in the channels of either end. So what a large answer is judged by, a few of its
channels and a random mixture of all, is the answer to a problem with that few channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PART_ELEMENTS = 2**23  # of an image and of what comes out of it, held at a time

Pads = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How a kernel moves over an image."""

    stride: int
    dilation: int
    groups: int
    pads: Pads

    def positions(self, lengths: Sequence[int], kernel: Sequence[int]) -> tuple[int, int]:
        """Return at how many places the kernel lies, down and across."""
        down, across = (
            (length + sum(pad) - self.dilation * (taps - 1) - 1) // self.stride + 1
            for length, taps, pad in zip(lengths, kernel, self.pads, strict=True)
        )
        return down, across

    def seen(self, padded: Any, tap: tuple[int, int], positions: tuple[int, int]) -> Any:
        """Return what a tap sees of padded images, at every place of the kernel: a view."""
        rows, columns = (
            slice(first * self.dilation, first * self.dilation + (count - 1) * self.stride + 1, self.stride)
            for first, count in zip(tap, positions, strict=True)
        )
        return padded[:, rows, columns]


def convolve(x: NDArray[Any], w: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """Return the convolution of images N H W C with kernels H W I O."""
    import numpy as np

    positions = geometry.positions(x.shape[1:3], w.shape[:2])
    result = np.zeros((x.shape[0], *positions, w.shape[3]), dtype=x.dtype)
    factors = _by_group(w, geometry.groups)
    for part in _parts(x.shape, result.shape):
        padded, into = _padded(x[part], geometry), result[part]
        for tap in np.ndindex(w.shape[:2]):
            seen = _grouped(geometry.seen(padded, tap, positions), geometry.groups)
            into += _whole(seen @ factors[tap], into.shape)
    return result


def image_gradient(upstream: NDArray[Any], w: NDArray[Any], shape: tuple[int, ...], geometry: Geometry) -> NDArray[Any]:
    """Return the gradient of images of `shape`: what each tap passed on is given back to where it came from."""
    import numpy as np

    result = np.empty(shape, dtype=upstream.dtype)
    factors = _by_group(w, geometry.groups).swapaxes(-1, -2)
    (top, _), (left, _) = geometry.pads
    for part in _parts(shape, upstream.shape):
        above = _grouped(upstream[part], geometry.groups)
        padded = _padded(np.zeros_like(result[part]), geometry)
        for tap in np.ndindex(w.shape[:2]):
            into = geometry.seen(padded, tap, upstream.shape[1:3])
            into += _whole(above @ factors[tap], into.shape)
        result[part] = padded[:, top : top + shape[1], left : left + shape[2]]
    return result


def kernel_gradient(
    x: NDArray[Any], upstream: NDArray[Any], shape: tuple[int, ...], geometry: Geometry
) -> NDArray[Any]:
    """Return the gradient of kernels of `shape`: how what each tap saw goes with what came from above."""
    import numpy as np

    *taps, ins, outs = shape
    result = np.zeros((*taps, geometry.groups, ins, outs // geometry.groups), dtype=upstream.dtype)
    for part in _parts(x.shape, upstream.shape):
        padded, above = _padded(x[part], geometry), _grouped(upstream[part], geometry.groups)
        for tap in np.ndindex(*taps):
            seen = _grouped(geometry.seen(padded, tap, upstream.shape[1:3]), geometry.groups)
            result[tap] += seen.swapaxes(-1, -2) @ above
    return np.moveaxis(result, 2, 3).reshape(shape)


# -- a few channels in the place of many -----------------------------------------------------------


def thinning(rng: np.random.Generator, groups: int, channels: int, samples: int) -> NDArray[np.float64]:
    """Draw for each group a matrix of `channels` by few: some channels themselves, and a mixture of all."""
    import numpy as np

    chosen = rng.choice(channels, min(samples, channels), replace=False)
    columns = np.zeros((groups, channels, len(chosen) + 1))
    columns[:, chosen, range(len(chosen))] = 1.0
    columns[..., -1] = rng.standard_normal((groups, channels))
    return columns


def thin(array: NDArray[Any], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an array whose last axis is channels, thinned out."""
    import numpy as np

    groups, channels, few = columns.shape
    rows = array.reshape(-1, groups, channels)
    thinned = np.empty((rows.shape[0], groups, few))
    step = max(1, PART_ELEMENTS // (groups * channels))
    for start in range(0, rows.shape[0], step):
        part = rows[start : start + step].astype(np.float64).swapaxes(0, 1)
        thinned[start : start + step] = (part @ columns).swapaxes(0, 1)
    return thinned.reshape(*array.shape[:-1], groups * few)


def thin_inputs(w: NDArray[Any], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return kernels H W I O whose input channels are thinned out, each group's in its own way."""
    import numpy as np

    height, width, ins, outs = w.shape
    split = w.reshape(height, width, ins, columns.shape[0], -1)
    mixed: NDArray[np.float64] = np.einsum("hwigo,gif->hwfgo", split, columns, optimize=True)
    return mixed.reshape(height, width, columns.shape[2], outs)


# -- shapes ----------------------------------------------------------------------------------------


def _parts(x: Sequence[int], y: Sequence[int]) -> Iterator[slice]:
    """Yield slices of the batch of which the work fits into memory."""
    step = max(1, PART_ELEMENTS // max(math.prod(x[1:]), math.prod(y[1:])))
    return (slice(start, start + step) for start in range(0, x[0], step))


def _padded(x: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    import numpy as np

    return np.pad(x, ((0, 0), *geometry.pads, (0, 0)))


def _by_group(w: NDArray[Any], groups: int) -> NDArray[Any]:
    """Return kernels H W I O as H W G I O/G."""
    import numpy as np

    split = w.reshape(*w.shape[:3], groups, -1)
    return np.ascontiguousarray(np.moveaxis(split, 3, 2))


def _grouped(array: NDArray[Any], groups: int) -> NDArray[Any]:
    """Return N H W C as G (N H W) C/G: a matrix for each group."""
    rows = array.reshape(-1, groups, array.shape[-1] // groups)
    return rows.swapaxes(0, 1)


def _whole(matrices: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return what `_grouped` made, as it was."""
    return matrices.swapaxes(0, 1).reshape(shape)
