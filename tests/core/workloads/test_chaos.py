"""A training that no arithmetic can follow is told from a wrong one, and a wrong one from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.backends import learning, proof
from harness.backends.numpy import NumPy
from harness.core.device import Device
from harness.workloads import chaos, sameness
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.training import HAT, MIXED, UNBIASED, Training

BACKEND = NumPy(device=Device("cpu"), mode="reference", threads=1)
CHAOTIC = Training(model="lstm", size="tiny", batch=5, optimiser="adam", learning_rate=1.0)
ENDLESS = Training(model="dlrm", size="tiny", batch=5, learning_rate=10.0)
STEADY = Training(model="mlp", size="tiny", batch=5, learning_rate=0.05)


def seen_of(case: Training, bundle: Bundle, **settings: Any) -> dict[str, Any]:
    """Return what is observed of NumPy's training, by other settings than those it is judged by."""
    prepared = BACKEND.prepare(replace(case, **settings), bundle.inputs)
    return proof.observed(BACKEND, case, bundle, prepared, proof.call(prepared))


@pytest.fixture(scope="module")
def chaotic() -> tuple[Bundle, dict[str, Any]]:
    bundle = make_bundle(CHAOTIC, 1)
    return bundle, seen_of(CHAOTIC, bundle)


def test_where_the_reference_parts_from_itself_nobody_is_called_wrong(chaotic: tuple[Bundle, dict[str, Any]]) -> None:
    bundle, seen = chaotic
    assert sameness.parts_apart(seen, bundle.reference, bundle.scales, (), bundle.tolerance.bound)
    said = chaos.unprovable(CHAOTIC, bundle, seen, ())
    assert said is not None
    assert "it is chaotic, and nothing tells right from wrong; take shorter steps or larger batches" in said


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_training_that_runs_away_in_float64_itself_is_said_to() -> None:
    bundle = make_bundle(ENDLESS, 1)
    assert not np.all(np.isfinite(bundle.reference[sameness.LOSS]))
    seen = seen_of(ENDLESS, bundle)
    said = chaos.unprovable(ENDLESS, bundle, seen, ())
    assert said == "but in float64 itself this training runs away, to losses that are no numbers; take shorter steps"
    wrong = {name: values * (1.1 if name.startswith("gradient.") else 1.0) for name, values in seen.items()}
    assert chaos.unprovable(ENDLESS, bundle, wrong, ()) is None  # its first gradients can be judged


def test_what_is_wrong_before_chaos_sets_in_is_wrong(chaotic: tuple[Bundle, dict[str, Any]]) -> None:
    bundle, seen = chaotic
    wrong = {name: values * (1.1 if name.startswith("gradient.") else 1.0) for name, values in seen.items()}
    assert chaos.unprovable(CHAOTIC, bundle, wrong, ()) is None
    gone = {name: values * (not name.startswith("gradient.")) for name, values in seen.items()}
    assert chaos.unprovable(CHAOTIC, bundle, gone, ()) is None


@pytest.mark.parametrize("form", [{}, {"optimiser": "adam", "learning_rate": 0.002}, {"precision": MIXED}])
def test_a_wrong_training_that_can_be_followed_is_wrong(form: dict[str, Any]) -> None:
    case = replace(STEADY, **form)
    bundle = make_bundle(case, 1)
    seen = seen_of(case, bundle, learning_rate=3 * case.learning_rate)
    assert sameness.parts_apart(seen, bundle.reference, bundle.scales, (), bundle.tolerance.bound)
    assert chaos.unprovable(case, bundle, seen, ()) is None


def test_a_right_training_is_not_asked() -> None:
    bundle = make_bundle(STEADY, 1)
    assert chaos.unprovable(STEADY, bundle, seen_of(STEADY, bundle), ()) is None


def test_the_parts_that_are_off_are_named() -> None:
    bundle = make_bundle(STEADY, 1)
    right = sameness.of_form(bundle.reference, ())
    for part in sameness.PARTS:
        moved = {name: values + (1e3 if name.partition(".")[0] == part else 0.0) for name, values in right.items()}
        named = {part} if any(name.partition(".")[0] == part for name in right) else set()
        assert sameness.parts_apart(moved, bundle.reference, bundle.scales, (), bundle.tolerance.bound) == named
    lost = {name: np.full_like(values, np.nan) for name, values in right.items()}
    assert sameness.LOSS in sameness.parts_apart(lost, bundle.reference, bundle.scales, (), bundle.tolerance.bound)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_the_reference_beside_itself_has_the_form_that_a_backend_declares(optimiser: str) -> None:
    """Without any distance it is the reference to the last bit, in each form."""
    case = Training(model="resnet18", size="tiny", batch=3, optimiser=optimiser, learning_rate=0.002)
    bundle = make_bundle(case, 1)
    for forms in ((), (HAT,), (UNBIASED,)):
        again = chaos.trained_beside(case, bundle.inputs, forms, 0.0)
        wanted = sameness.of_form(bundle.reference, forms)
        assert again.keys() == wanted.keys()
        assert all(np.array_equal(again[name], wanted[name]) for name in wanted)


def test_only_trainings_are_asked() -> None:
    from harness.workloads.matmul import Matmul

    case = Matmul(m=4, n=4, k=4)
    bundle = make_bundle(case, 1)
    prepared = BACKEND.prepare(case, bundle.inputs)
    assert learning.unprovable(case, bundle, prepared, {}) is None
