"""The arithmetic that a float32 product may use, named once for all frameworks."""

from __future__ import annotations

from enum import StrEnum


class MathMode(StrEnum):
    """How products are computed.

    ``ieee``: products and sums in the element type or better (16-bit floats and int8 are summed in
    32 bits). ``tf32``: float32 operands rounded to 11 significant bits, on GPUs. ``default``: what
    the framework does when it is left alone; never ranked.
    """

    IEEE = "ieee"
    TF32 = "tf32"
    DEFAULT = "default"
