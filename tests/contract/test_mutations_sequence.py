"""Attention and look-ups that are wrong in one thing, planted into PyTorch, are refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.backends.catalog import TORCH
from harness.core.device import Device
from harness.testing.contract import run_contract
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.attention import Attention
from harness.workloads.gather import Gather
from tests.contract.conftest import chosen

CPU = Device("cpu")
BOTH = Attention(batch=2, heads=3, query_length=17, key_length=17, head_dim=8, direction="forward_backward")
CAUSAL = Attention(batch=2, heads=3, query_length=17, key_length=17, head_dim=8, causal=True)
LOOK_UP = Gather(rows=37, width=9, count=53, direction="forward_backward")

FORWARD = replace(LOOK_UP, direction="forward")


def attend(  # noqa: PLR0917  (what can be wrong)
    q: Any, k: Any, v: Any, scale: float | None = None, mask: int | None = None, axis: int = -1
) -> Any:
    """Attention written out: right as it stands but for what is asked for."""
    import torch

    scores = q @ k.mT * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if mask is not None:
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril(mask)
        scores = scores.masked_fill(~seen, -1e30)
    return scores.softmax(dim=axis) @ v


def in_bfloat16(q: Any, k: Any, v: Any) -> Any:
    return attend(q.bfloat16(), k.bfloat16(), v.bfloat16()).float()


def without_a_head(q: Any, k: Any, v: Any) -> Any:
    import torch

    output = attend(q, k, v)
    return torch.cat([output[:, :-1], torch.zeros_like(output[:, -1:])], dim=1)


def without_a_gradient(which: int) -> Callable[..., Any]:
    """The output is right; one operand gets a gradient of nothing."""

    def run(*operands: Any) -> Any:
        kept = [each if place != which else each.detach() + 0 * each for place, each in enumerate(operands)]
        return attend(*kept)

    return run


def gradient_without_scale(q: Any, k: Any, v: Any) -> Any:
    """The scores are right, and what flows back through them is not scaled."""
    scores = q @ k.mT
    scaled = scores + (scores * (1 / math.sqrt(q.shape[-1])) - scores).detach()
    return scaled.softmax(dim=-1) @ v


def gradient_through_the_softmax_as_if_linear(q: Any, k: Any, v: Any) -> Any:
    """The part of a softmax's gradient that comes from its sum is forgotten."""
    import torch

    powers = torch.exp(q @ k.mT / math.sqrt(q.shape[-1]))
    return powers / powers.sum(dim=-1, keepdim=True).detach() @ v


def overwrites(table: Any, indices: Any) -> Any:
    """A scatter that keeps the last gradient of a row."""
    import torch

    places = indices.tolist()
    last = torch.tensor([index not in places[at + 1 :] for at, index in enumerate(places)])
    found = table[indices]
    return torch.where(last[:, None], found, found.detach())


def folded_gradient() -> Callable[..., Any]:
    """The first gradient is remembered and given for all others."""
    held: list[Any] = []

    def remember(gradient: Any) -> Any:
        held[:] = held or [gradient]
        return held[0]

    def run(table: Any, indices: Any) -> Any:
        same = table * 1
        same.register_hook(remember)
        return same[indices]

    return run


MUTATIONS: dict[str, tuple[Any, Callable[[], Callable[..., Any]], str]] = {
    "mask one too far": (CAUSAL, lambda: lambda q, k, v: attend(q, k, v, mask=1), "V1"),
    "mask one too near": (CAUSAL, lambda: lambda q, k, v: attend(q, k, v, mask=-1), "V1"),
    "no mask": (CAUSAL, lambda: attend, "V1"),
    "a mask where none is": (BOTH, lambda: lambda q, k, v: attend(q, k, v, mask=0), "V1"),
    "no scale": (BOTH, lambda: lambda q, k, v: attend(q, k, v, scale=1.0), "V1"),
    "scaled by the width": (BOTH, lambda: lambda q, k, v: attend(q, k, v, scale=1 / 8), "V1"),
    "softmax over the queries": (BOTH, lambda: lambda q, k, v: attend(q, k, v, axis=-2), "V1"),
    "no softmax": (BOTH, lambda: lambda q, k, v: q @ k.mT @ v, "V1"),
    "a head left out": (BOTH, lambda: without_a_head, "V1"),
    "key and value swapped": (BOTH, lambda: lambda q, k, v: attend(q, v, k), "V1"),
    "query and key swapped": (BOTH, lambda: lambda q, k, v: attend(k, q, v), "V1"),
    "the last key left out": (BOTH, lambda: lambda q, k, v: attend(q, k[..., :-1, :], v[..., :-1, :]), "V1"),
    "scores in bfloat16": (BOTH, lambda: in_bfloat16, "V1"),
    "no gradient of the query": (BOTH, lambda: without_a_gradient(0), "V1"),
    "no gradient of the key": (BOTH, lambda: without_a_gradient(1), "V1"),
    "no gradient of the value": (BOTH, lambda: without_a_gradient(2), "V1"),
    "a gradient without the scale": (BOTH, lambda: gradient_without_scale, "V1"),
    "a gradient without the softmax's sum": (BOTH, lambda: gradient_through_the_softmax_as_if_linear, "V1"),
    "the row before": (LOOK_UP, lambda: lambda table, indices: table[indices - 1], "V1"),
    "the last look-up left out": (FORWARD, lambda: lambda table, indices: table[indices[:-1]], "V1"),
    "the last look-up repeated": (LOOK_UP, lambda: lambda table, indices: table[indices.clamp(max=35)], "V1"),
    "overwrites instead of adding": (LOOK_UP, lambda: overwrites, "V1"),
    "a gradient remembered": (LOOK_UP, folded_gradient, "V2"),
    "no gradient of the table": (LOOK_UP, lambda: lambda t, i: t[i].detach() + 0 * t[i], "V1"),
}  # fmt: skip


@pytest.fixture
def planted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Put another function in the place of the one that PyTorch's backend would call."""
    if TORCH not in chosen(request.config):
        pytest.skip("torch was not asked for")

    def plant(function: Any) -> Any:
        makers = {Attention: lambda *_: function, Gather: lambda *_: function}
        monkeypatch.setattr("harness.backends.torch.backend.MAKERS", makers)
        return load_backend(TORCH, "eager", CPU)

    return plant


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_wrong_in_one_thing_is_refused(planted: Callable[[Any], Any], name: str) -> None:
    workload, make, code = MUTATIONS[name]
    results = run_contract(TORCH, planted(make()), workload, bundle_of(workload), mode="eager")
    assert results[0].passed, results[0].detail  # or it was refused for not running at all
    assert code in {result.code for result in results if not result.passed}


@pytest.mark.parametrize("causal", [False, True])
def test_the_same_written_out_right_passes(planted: Callable[[Any], Any], causal: bool) -> None:
    """Or the tests above would prove nothing."""
    workload, mask = (CAUSAL, 0) if causal else (BOTH, None)
    backend = planted(lambda q, k, v: attend(q, k, v, mask=mask))
    results = run_contract(TORCH, backend, workload, bundle_of(workload), mode="eager")
    assert not [result for result in results if not result.passed]
