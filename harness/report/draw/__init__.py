"""From a picture to a drawing: one layout, whatever it becomes.

`scene_of` lays a picture out as lines, shapes, boxes and words; `svg` and `raster` write a scene down. Only
`raster` needs a library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.report.draw.curves import curves_scene
from harness.report.draw.frame import Say
from harness.report.draw.lanes import lanes_scene
from harness.report.draw.lines import lines_scene
from harness.report.draw.map import map_scene
from harness.report.draw.reached import reached_scene
from harness.report.draw.roofline import roofline_scene
from harness.report.draw.scene import Scene
from harness.report.draw.stacks import stacks_scene
from harness.report.draw.tradeoff import tradeoff_scene
from harness.report.escape import visible
from harness.report.picture import Curves, Lanes, Lines, Map, Picture, Reached, Roofline, Stacks, Tradeoff

WIDTH = 800.0

_LAYOUTS: Mapping[type[Picture], Callable[[Any, float, Say], Scene]] = {
    Lanes: lanes_scene,
    Lines: lines_scene,
    Curves: curves_scene,
    Map: map_scene,
    Roofline: roofline_scene,
    Stacks: stacks_scene,
    Tradeoff: tradeoff_scene,
    Reached: reached_scene,
}


def scene_of(picture: Picture, *, width: float = WIDTH, say: Say = visible) -> Scene:
    """Return a picture laid out; `say` makes names and words from elsewhere harmless for where they are drawn."""
    return _LAYOUTS[type(picture)](picture, width, say)
