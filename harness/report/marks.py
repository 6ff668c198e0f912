"""What is marked on an arm: things that a reader of its number should know, and what they mean in plain words."""

from __future__ import annotations

from harness.store.record import Measurement

NOTHING_COMPILED = "nothing-compiled"

_LAYOUT = "layout="
_MEANINGS = {
    NOTHING_COMPILED: "the compiler leaves all of this to the framework: it is what users of that mode get, but says "
    "nothing of the compiler",
    "winograd-possible": "a library may need a quarter of the operations that are counted, so more of them a second "
    "than the ceiling allows",
    "written-out": "the framework's own function does not do this in this type; it is written out in simpler ones",
    "keras-jit": "Keras decides by itself whether to compile a model, and compiled this one",
    "keras-no-jit": "Keras decides by itself whether to compile a model, and did not compile this one",
    "dense-table-gradients": "gradients of a table's row that was looked up twice are added up before they are used, "
    "where Keras by itself uses each",
    "adam-eps-hat": "Adam's epsilon stands beside a root that is not corrected: this framework corrects the step",
    "variance-unbiased": "running variances divide by one less than the count, as this framework has it",
}


def marks_of(arm: Measurement) -> tuple[str, ...]:
    """Return what an arm is marked with."""
    return tuple(arm.tags or ())


def meaning(mark: str) -> str:
    """Say what a mark means; what a stranger's backend says of itself is not known here."""
    if mark.startswith(_LAYOUT):
        return "arrays have their axes in this order, as users of the framework have them, before any clock starts"
    return _MEANINGS.get(mark, "said by its backend")


def is_left_alone(arm: Measurement) -> bool:
    """Whether a compiled arm is compiled in name only."""
    return NOTHING_COMPILED in marks_of(arm)
