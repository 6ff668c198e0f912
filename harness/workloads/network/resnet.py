"""Residual networks with batch normalisation: the basic block of ResNet-18, the bottleneck of ResNet-50.

Where a block strides, its 3 x 3 convolution does (the form known as v1.5). Images of 32 x 32 have a stem
of one 3 x 3 convolution, larger ones 7 x 7 with stride 2 and a 3 x 3 max-pooling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.workloads.network.spec import Feature, Network, Normaliser, Weight, convolution, dense, norm, running

if TYPE_CHECKING:
    from harness.workloads.network.tape import Array, Node

EXPANSION = 4  # of a bottleneck
SMALL = 64  # images that the stem leaves as large as they are


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """One convolution and the normalisation after it: ``NAME.conv`` and ``NAME.norm``."""

    name: str
    size: int
    width_in: int
    width_out: int
    stride: int
    side: int  # of what it gives

    @property
    def padding(self) -> int:
        """On every side; as much as keeps the size where the stride is one."""
        return self.size // 2

    @property
    def flops(self) -> int:
        """As a direct one, padding counted."""
        return 2 * self.size**2 * self.width_in * self.width_out * self.side**2


@dataclass(frozen=True, kw_only=True)
class Block:
    """A residual block: convolutions in a row, relu between them, and what goes past them."""

    name: str
    path: tuple[Convolution, ...]
    shortcut: Convolution | None  # nothing: the input itself


@dataclass(frozen=True, kw_only=True)
class ResNet(Network):
    """``stem``, blocks ``stageI.blockJ`` with ``convK`` and ``shortcut``, and ``head``."""

    losses: ClassVar[tuple[str, ...]] = ("sparse", "categorical")
    items_name: ClassVar[str] = "images"

    side: int
    blocks: tuple[int, ...]
    bottleneck: bool
    width: int = 64
    classes: int = 10

    @property
    def large(self) -> bool:
        """Whether the stem makes the image four times smaller first."""
        return self.side > SMALL

    def stem(self) -> Convolution:
        """The first convolution."""
        size, stride = (7, 2) if self.large else (3, 1)
        return Convolution(
            name="stem", size=size, width_in=3, width_out=self.width, stride=stride, side=self.side // stride
        )

    def residual_blocks(self) -> Iterator[Block]:
        """Yield the blocks in order."""
        side, width_in = self.side // (4 if self.large else 1), self.width
        for stage, count in enumerate(self.blocks, start=1):
            width = self.width * 2 ** (stage - 1)
            for number in range(1, count + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                side //= stride
                block = self._block(f"stage{stage}.block{number}", width_in, width, stride, side)
                yield block
                width_in = block.path[-1].width_out

    def _block(self, name: str, width_in: int, width: int, stride: int, side: int) -> Block:
        width_out = EXPANSION * width if self.bottleneck else width
        # Of each convolution: its place, its size, what it takes and gives, and whether it is the one that strides.
        planned: tuple[tuple[str, int, int, int, bool], ...] = (
            ("conv1", 3, width_in, width, True),
            ("conv2", 3, width, width, False),
        )
        if self.bottleneck:
            planned = (
                ("conv1", 1, width_in, width, False),
                ("conv2", 3, width, width, True),
                ("conv3", 1, width, width_out, False),
            )
        path, before = [], side * stride
        for place, size, a, b, strides in planned:
            step = stride if strides else 1
            before //= step
            path.append(
                Convolution(name=f"{name}.{place}", size=size, width_in=a, width_out=b, stride=step, side=before)
            )
        past = Convolution(
            name=f"{name}.shortcut", size=1, width_in=width_in, width_out=width_out, stride=stride, side=side
        )
        same = stride == 1 and width_in == width_out
        return Block(name=name, path=tuple(path), shortcut=None if same else past)

    def convolutions(self) -> Iterator[Convolution]:
        """Yield all convolutions, in the order in which their weights are named."""
        yield self.stem()
        for block in self.residual_blocks():
            yield from block.path
            if block.shortcut is not None:
                yield block.shortcut

    def head_width(self) -> int:
        """What the last dense layer takes."""
        return max(part.width_out for part in self.convolutions())

    def features(self) -> tuple[Feature, ...]:
        """An image in colour."""
        return (Feature(name="x", shape=(self.side, self.side, 3)),)

    def outputs(self) -> tuple[int, ...]:
        """One number a class."""
        return (self.classes,)

    def weights(self) -> tuple[Weight, ...]:
        """Of each convolution, then of the head."""
        found: list[Weight] = []
        for part in self.convolutions():
            found += convolution(f"{part.name}.conv", part.size, part.width_in, part.width_out)
            found += norm(f"{part.name}.norm", part.width_out)
        return (*found, *dense("head", self.head_width(), self.classes, gain=1.0))

    def statistics(self) -> tuple[Weight, ...]:
        """Running mean and variance of each normalisation."""
        return tuple(kept for part in self.convolutions() for kept in running(f"{part.name}.norm", part.width_out))

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """Stem, blocks, mean over the image, head."""
        from harness.workloads.network import layers, tape

        def convolved(part: Convolution, values: Node) -> Node:
            made = layers.convolution(w, f"{part.name}.conv", values, stride=part.stride, padding=part.padding)
            return normalise(f"{part.name}.norm", made, w)

        values = tape.relu(convolved(self.stem(), tape.Node(x["x"])))
        if self.large:
            values = tape.max_pool(values, size=3, stride=2, padding=1)
        for block in self.residual_blocks():
            past = values if block.shortcut is None else convolved(block.shortcut, values)
            for part in block.path[:-1]:
                values = tape.relu(convolved(part, values))
            values = tape.relu(convolved(block.path[-1], values) + past)
        return layers.dense(w, "head", tape.mean(values, (1, 2)))

    def forward_flops(self) -> int:
        """Convolutions and the head."""
        return sum(part.flops for part in self.convolutions()) + 2 * self.head_width() * self.classes

    def unneeded_flops(self) -> int:
        """The stem's input is data."""
        return self.stem().flops

    def depth(self) -> int:
        """The longest way through."""
        return 2 + sum(len(block.path) for block in self.residual_blocks())

    def winograd(self) -> bool:
        """Its 3 x 3 convolutions may be."""
        return True
