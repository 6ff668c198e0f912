"""What JAX's own attention cannot do is written out; the day it can, that has to go."""

from __future__ import annotations

from typing import Any

import pytest

from harness.backends.catalog import JAX
from harness.core.device import Device
from harness.testing.contract import run_contract
from harness.testing.plugin import bundle_of, load_backend
from harness.workloads.attention import Attention
from tests.contract.conftest import chosen

CPU = Device("cpu")


@pytest.fixture
def jax_backend(request: pytest.FixtureRequest) -> Any:
    if JAX not in chosen(request.config):
        pytest.skip("jax was not asked for")
    return load_backend(JAX, "jit", CPU)


def case(dtype: str) -> Attention:
    return Attention(batch=1, heads=2, query_length=9, key_length=9, head_dim=8, causal=True, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64", "float16"])
def test_what_is_written_out_is_tagged(jax_backend: Any, dtype: str) -> None:
    prepared = jax_backend.prepare(case(dtype), bundle_of(case(dtype)).inputs)
    assert prepared.tags == (("written-out",) if dtype in ("float64", "float16") else ())
    assert prepared.layout.name == "BTNH"
    assert prepared.arguments[0].shape == (1, 9, 2, 8)


@pytest.mark.parametrize(("dtype", "fails"), [("float64", "right-answer"), ("float16", "works")])
def test_what_is_written_out_still_has_to_be(
    jax_backend: Any, monkeypatch: pytest.MonkeyPatch, dtype: str, fails: str
) -> None:
    from jax import nn

    monkeypatch.setattr("harness.backends.jax.sequence._written_out", nn.dot_product_attention)
    results = run_contract(JAX, jax_backend, case(dtype), bundle_of(case(dtype)), mode="jit")
    assert fails in {result.name for result in results if not result.passed}
