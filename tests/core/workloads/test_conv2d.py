"""A convolution is stated right: its answer and gradients, its work, and how far another answer may lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.testing.fake import round_to_tf32
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.conv2d import FULL_REFERENCE_FLOPS, Conv2d

PLAIN = Conv2d(batch=2, height=5, width=6, in_channels=3, out_channels=4, kernel=(3, 3))
ODD: list[dict[str, Any]] = [
    {},
    {"padding": "same"},
    {"padding": (2, 1), "stride": 2},
    {"dilation": 2, "padding": (3, 0), "kernel": (2, 3)},
    {"groups": 2, "in_channels": 4, "out_channels": 6},
    {"groups": 3, "out_channels": 6, "stride": 3, "padding": (1, 1)},
    {"kernel": (2, 4), "padding": "same"},
    {"kernel": (1, 1), "stride": 2},
]


def naive(case: Conv2d, x: Any, w: Any) -> Any:
    """Convolve as it is defined, a term at a time."""
    (top, _), (left, _) = case.pads
    result = np.zeros(case.result_shape())
    ins, outs = case.in_channels // case.groups, case.out_channels // case.groups
    for n, p, q, o in np.ndindex(result.shape):
        for i, j, c in np.ndindex(*case.kernel, ins):
            row, column = p * case.stride + i * case.dilation - top, q * case.stride + j * case.dilation - left
            if 0 <= row < case.height and 0 <= column < case.width:
                result[n, p, q, o] += float(x[n, row, column, o // outs * ins + c]) * float(w[i, j, c, o])
    return result


@st.composite
def cases(draw: st.DrawFn) -> Conv2d:
    groups = draw(st.integers(1, 3))
    values: dict[str, Any] = {
        "batch": draw(st.integers(1, 2)),
        "height": draw(st.integers(1, 5)),
        "width": draw(st.integers(1, 5)),
        "in_channels": groups * draw(st.integers(1, 2)),
        "out_channels": groups * draw(st.integers(1, 2)),
        "kernel": [draw(st.integers(1, 3)), draw(st.integers(1, 3))],
        "stride": draw(st.integers(1, 3)),
        "padding": [draw(st.integers(0, 2)), draw(st.integers(0, 2))],
        "dilation": draw(st.integers(1, 2)),
        "groups": groups,
        "dtype": "float64",
    }
    if values["stride"] == 1 and draw(st.booleans()):
        values["padding"] = "same"
    try:
        return Conv2d.make(values)
    except ParameterError as error:
        assume("does not fit" not in str(error))
        raise


@given(case=cases())
@settings(max_examples=60)
def test_the_reference_is_the_definition(case: Conv2d) -> None:
    bundle = make_bundle(case, 1)
    x, w = bundle.inputs["x"], bundle.inputs["w"]
    np.testing.assert_allclose(bundle.reference["output0"], naive(case, x, w), rtol=1e-12, atol=1e-12)


@given(case=cases())
@settings(max_examples=30)
def test_gradients_turn_the_same_sum_round(case: Conv2d) -> None:
    """<y(x, w), u> is linear in x and in w, so its gradients give it back."""
    backward = replace(case, direction="forward_backward")
    inputs = make_bundle(backward, 1).inputs
    output, image, kernel = backward.compute(inputs)
    total = np.sum(output * inputs["upstream"])
    assert np.sum(image * inputs["x"]) == pytest.approx(total, abs=1e-9)
    assert np.sum(kernel * inputs["w"]) == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("changes", ODD, ids=str)
def test_gradients_agree_with_small_steps(changes: dict[str, Any]) -> None:
    case = replace(PLAIN, dtype="float64", direction="forward_backward", **changes)
    inputs = make_bundle(case, 1).inputs
    _, *gradients = case.compute(inputs)
    rng = np.random.default_rng(0)
    for name, gradient in zip(("x", "w"), gradients, strict=True):
        for _ in range(12):
            place = tuple(rng.integers(0, gradient.shape))
            nudged = {**inputs, name: np.array(inputs[name])}
            nudged[name][place] += 1e-3
            change = np.sum((case.forward(nudged) - case.forward(inputs)) * inputs["upstream"])
            assert change / 1e-3 == pytest.approx(gradient[place], rel=1e-6, abs=1e-8)


def test_a_batch_that_goes_through_in_parts_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    case = replace(PLAIN, batch=5, padding=(1, 1), dtype="float64", direction="forward_backward")
    inputs = make_bundle(case, 1).inputs
    whole = case.compute(inputs)
    monkeypatch.setattr("harness.workloads.convolving.PART_ELEMENTS", 240)  # two images
    for expected, found in zip(whole, case.compute(inputs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


# -- work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "shape", "flops", "elements"),
    [
        (PLAIN, (2, 3, 4, 4), 2 * 96 * 27, 180 + 108 + 96),
        (replace(PLAIN, padding="same"), (2, 5, 6, 4), 2 * 240 * 27, 180 + 108 + 240),
        (replace(PLAIN, stride=2), (2, 2, 2, 4), 2 * 32 * 27, 180 + 108 + 32),
        (replace(PLAIN, dilation=2), (2, 1, 2, 4), 2 * 16 * 27, 180 + 108 + 16),
        (replace(PLAIN, groups=3, out_channels=3), (2, 3, 4, 3), 2 * 72 * 9, 180 + 27 + 72),
        (replace(PLAIN, direction="forward_backward"), (2, 3, 4, 4), 6 * 96 * 27, 2 * (180 + 108 + 96)),
    ],
)
def test_work_is_counted_by_hand(case: Conv2d, shape: tuple[int, ...], flops: int, elements: int) -> None:
    """Directly, padding counted; each array once."""
    assert (case.result_shape(), case.flops()) == (shape, flops)
    assert case.input_bytes() + case.output_bytes() == 4 * elements


def test_the_first_layer_of_resnet_is_that_of_the_literature() -> None:
    case = Conv2d(
        batch=1, height=224, width=224, in_channels=3, out_channels=64, kernel=(7, 7), stride=2, padding=(3, 3)
    )
    assert case.flops() == 2 * 118_013_952
    assert case.items() == (1, "images")


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 0.25),
        ({"padding": "same"}, 0.25),
        ({"direction": "forward_backward"}, 0.25),
        ({"stride": 2}, 1.0),
        ({"dilation": 2}, 1.0),
        ({"kernel": (5, 5)}, 1.0),
        ({"kernel": (1, 3)}, 1.0),
        ({"groups": 3, "out_channels": 3}, 1.0),
    ],
    ids=str,
)
def test_a_transform_can_save_products_of_plain_three_by_three_only(changes: dict[str, Any], share: float) -> None:
    case = replace(PLAIN, **changes)
    assert case.least_flops_share() == share
    assert case.tags == (("winograd-possible",) if share < 1 else ())


# -- what is impossible --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kernel": [3]}, "kernel needs two lengths"),
        ({"kernel": [7, 3]}, "a kernel that reaches over 7 does not fit a padded height of 5"),
        ({"dilation": 3}, "a kernel that reaches over 7 does not fit"),
        ({"padding": [1]}, "padding needs two numbers"),
        ({"padding": [1, 1, 1, 1]}, "padding needs two numbers"),
        ({"padding": "same", "stride": 2}, "same is defined at stride 1"),
        ({"padding": "valid"}, "padding must be a list of whole numbers or same"),
        ({"padding": 1}, "padding must be a list of whole numbers or same"),
        ({"groups": 2}, "in_channels of 3 in 2 equal groups"),
        ({"groups": 3}, "out_channels of 4 in 3 equal groups"),
        ({"groups": 0}, "groups must lie between 1"),
        ({"batch": 2**31 - 1, "height": 2**15}, "more than any device holds"),
    ],
    ids=str,
)
def test_an_impossible_convolution_is_refused_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Conv2d.make({**PLAIN.params(), **changes})


def test_same_and_its_numbers_are_two_cases_with_one_answer() -> None:
    """A key is of what was asked for; frameworks have a way of their own for either."""
    same, numbers = replace(PLAIN, padding="same"), replace(PLAIN, padding=(1, 1))
    assert same.key != numbers.key
    assert same.pads == numbers.pads
    assert Conv2d.make(same.params()) == same


# -- tolerance -----------------------------------------------------------------------------------


def verdict(case: Conv2d, bundle: Bundle, outputs: Any) -> str | None:
    observed = case.observe(tuple(outputs), bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


@pytest.mark.parametrize("channels", [1, 16, 256])
def test_float32_passes_and_tf32_does_not(channels: int) -> None:
    case = Conv2d(batch=1, height=8, width=8, in_channels=channels, out_channels=8, kernel=(3, 3))
    bundle = make_bundle(case, 3)
    assert verdict(case, bundle, case.compute(bundle.inputs)) is None
    assert verdict(case, bundle, case.compute({n: round_to_tf32(a) for n, a in bundle.inputs.items()})) is not None


@pytest.mark.parametrize("channels", [1, 16, 256])
def test_winograd_in_float32_passes(channels: int) -> None:
    """Tiles of 4 x 4 by Lavin's matrices, all of it in float32: the most that a library loses."""
    case = Conv2d(batch=1, height=10, width=10, in_channels=channels, out_channels=8, kernel=(3, 3))
    bundle = make_bundle(case, 3)
    outside = np.array(
        [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
         [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]], dtype=np.float32,
    )  # fmt: skip
    kernels = np.array(
        [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
         [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]], dtype=np.float32,
    )  # fmt: skip
    inside = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float32)
    x, w = bundle.inputs["x"][0], bundle.inputs["w"]
    turned = np.einsum("ai,ijco,bj->abco", kernels, w, kernels)
    answer = np.empty((1, 8, 8, 8), dtype=np.float32)
    for row, column in np.ndindex(2, 2):
        tile = np.einsum("ai,ijc,bj->abc", outside, x[4 * row : 4 * row + 6, 4 * column : 4 * column + 6], outside)
        product = np.einsum("abc,abco->abo", tile, turned)
        answer[0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = np.einsum(
            "ia,abo,jb->ijo", inside, product, inside
        )
    assert verdict(case, bundle, (answer,)) is None


# -- large convolutions are sampled --------------------------------------------------------------

SMALL: dict[str, Any] = {
    "batch": 3, "height": 9, "width": 8, "in_channels": 12, "out_channels": 20, "kernel": (3, 3), "padding": (1, 1),
    "direction": "forward_backward",
}  # fmt: skip
THINNED = {"dense": Conv2d(**SMALL), "grouped": Conv2d(**SMALL, groups=2), "strided": Conv2d(**SMALL, stride=2)}


@pytest.fixture
def thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small convolutions be judged as large ones are."""
    monkeypatch.setattr("harness.workloads.conv2d.FULL_REFERENCE_FLOPS", 1)


@pytest.mark.usefixtures("thinned")
@pytest.mark.parametrize("name", THINNED)
def test_the_thinned_answer_is_the_thinned_whole(name: str) -> None:
    case = THINNED[name]
    bundle = make_bundle(case, 4)
    whole = case.compute(case.widened(bundle.inputs))
    for part, values in case.observe(whole, bundle.probe).items():
        np.testing.assert_allclose(values, bundle.reference[part], rtol=1e-10, atol=1e-10)
    assert verdict(case, bundle, case.compute(bundle.inputs)) is None


@pytest.mark.usefixtures("thinned")
@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("name", THINNED)
def test_one_wrong_element_anywhere_is_seen_by_the_mixture(name: str, part: int) -> None:
    case = THINNED[name]
    bundle = make_bundle(case, 4)
    outputs = list(case.compute(bundle.inputs))
    outputs[part][..., -1].reshape(-1)[0] += 0.2 * np.std(outputs[part])
    assert verdict(case, bundle, outputs) is not None


def test_what_is_large_is_sampled_and_what_is_not_is_not() -> None:
    large = Conv2d(batch=32, height=56, width=56, in_channels=64, out_channels=64, kernel=(3, 3))
    assert large.forward_flops() > FULL_REFERENCE_FLOPS
    assert large.is_sampled
    assert set(large.probe(np.random.default_rng(0))) == {"output0"}
    assert not replace(large, batch=1).is_sampled
