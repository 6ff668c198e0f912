"""Small convolutional networks in the manner of LeNet: convolution, relu, pooling; then dense layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from harness.workloads.network.spec import Feature, Network, Normaliser, Weight, convolution, dense

if TYPE_CHECKING:
    from harness.workloads.network.tape import Array, Node


@dataclass(frozen=True, kw_only=True)
class Cnn(Network):
    """Convolutions ``conv1``, ... with bias, each followed by relu and 2 x 2 max-pooling; then ``dense1``, ...

    Attributes:
        image: Height and width, and the channels.
        channels: What each convolution gives.
        kernel: Height and width of every kernel.
        paddings: Of each convolution, on every side.
        widths: What each dense layer gives; relu stands between them.

    """

    losses: ClassVar[tuple[str, ...]] = ("sparse", "categorical")
    items_name: ClassVar[str] = "images"

    image: tuple[int, int]
    channels: tuple[int, ...]
    kernel: int
    paddings: tuple[int, ...]
    widths: tuple[int, ...]

    def features(self) -> tuple[Feature, ...]:
        """An image."""
        side, channels = self.image
        return (Feature(name="x", shape=(side, side, channels)),)

    def outputs(self) -> tuple[int, ...]:
        """One number a class."""
        return (self.widths[-1],)

    def convolved(self) -> list[tuple[int, int, int]]:
        """Return of each convolution the channels it takes and gives, and the side of what it gives."""
        side, channels = self.image
        found = []
        for out, padding in zip(self.channels, self.paddings, strict=True):
            side = side + 2 * padding - self.kernel + 1
            found.append((channels, out, side))
            side, channels = side // 2, out
        return found

    def dense_widths(self) -> tuple[int, ...]:
        """Return the widths of the dense layers, beginning with what the flattened image has."""
        _, channels, side = self.convolved()[-1]
        return (channels * (side // 2) ** 2, *self.widths)

    def weights(self) -> tuple[Weight, ...]:
        """Kernels and biases."""
        convolutions = [
            weight
            for number, (a, b, _) in enumerate(self.convolved(), start=1)
            for weight in convolution(f"conv{number}", self.kernel, a, b, bias=True)
        ]
        pairs = enumerate(pairwise(self.dense_widths()), start=1)
        return (*convolutions, *(weight for number, (a, b) in pairs for weight in dense(f"dense{number}", a, b)))

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """The image is flattened row by row, channels last."""
        from harness.workloads.network import layers, tape

        del normalise
        values = tape.Node(x["x"])
        for number, padding in enumerate(self.paddings, start=1):
            values = tape.relu(layers.convolution(w, f"conv{number}", values, padding=padding))
            values = tape.max_pool(values, size=2, stride=2)
        values = tape.reshape(values, (values.value.shape[0], -1))
        for number in range(1, len(self.widths) + 1):
            values = layers.dense(w, f"dense{number}", values)
            if number < len(self.widths):
                values = tape.relu(values)
        return values

    def forward_flops(self) -> int:
        """Convolutions as direct ones, padding counted, and the products."""
        convolutions = sum(2 * self.kernel**2 * a * b * side**2 for a, b, side in self.convolved())
        return convolutions + sum(2 * a * b for a, b in pairwise(self.dense_widths()))

    def unneeded_flops(self) -> int:
        """The first convolution's input is data."""
        a, b, side = self.convolved()[0]
        return 2 * self.kernel**2 * a * b * side**2

    def depth(self) -> int:
        """The layers."""
        return len(self.channels) + len(self.widths)

    def winograd(self) -> bool:
        """Kernels of three or five may be."""
        return True
