"""Devices and targets: what is written, what is meant, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.device import COMPILE_ONLY, INDEXED, KINDS, Device
from harness.core.target import Target
from harness.errors import UsageError

DEVICES = st.one_of(
    st.builds(Device, st.sampled_from(INDEXED), st.integers(0, 999)),
    st.builds(Device, st.sampled_from([kind for kind in KINDS if kind not in INDEXED])),
)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cpu", Device("cpu")),
        ("gpu", Device("gpu", 0)),
        ("gpu:1", Device("gpu", 1)),
        ("cuda:1", Device("gpu", 1)),
        ("cuda", Device("gpu", 0)),
        ("tpu:3", Device("tpu", 3)),
        ("mps", Device("mps")),
        ("tpu-v5e", Device("tpu-v5e")),
    ],
)
def test_a_device_is_read_in_one_vocabulary(written: str, meant: Device) -> None:
    assert Device.parse(written) == meant


@pytest.mark.parametrize("text", ["", "gpu:", "gpu:x", "gpu:-1", "gpu:1000", "GPU", "npu", "gpu 1", "gpu:1:2", "cpu\n"])
def test_what_is_no_device_is_refused_with_the_list_of_those_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="no such device") as caught:
        Device.parse(text)
    assert "cpu" in str(caught.value.remedy)
    assert "tpu" in str(caught.value.remedy)


@pytest.mark.parametrize("text", ["cpu:0", "mps:1", "tpu-v4:0"])
def test_a_number_where_there_is_only_one_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="has no number"):
        Device.parse(text)


def test_only_topologies_are_for_compiling_alone() -> None:
    assert [kind for kind in KINDS if Device(kind).compile_only] == list(COMPILE_ONLY)


@given(DEVICES)
def test_a_device_reads_back_as_it_is_written(device: Device) -> None:
    assert Device.parse(str(device)) == device


@given(st.text(max_size=12))
def test_any_text_is_a_device_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert Device.parse(text).kind in KINDS


@given(NAMES, NAMES | st.just(""), DEVICES)
def test_a_target_reads_back_as_it_is_written(backend: str, mode: str, device: Device) -> None:
    target = Target(backend=backend, mode=mode, device=device)
    assert Target.parse(str(target)) == target


def test_a_target_on_the_command_line_takes_an_interpreter_and_a_label() -> None:
    target = Target.parse_option("torch.compile@cuda:1,python=/usr/bin/python3,label=nightly")
    assert (target.backend, target.mode, target.device) == ("torch", "compile", Device("gpu", 1))
    assert (target.python, target.label) == ("/usr/bin/python3", "nightly")
    assert str(target) == "torch.compile@gpu:1"
    assert target.name == "nightly"


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("torch", "not a target"),
        ("@cpu", "not a target"),
        ("Torch@cpu", "not a target"),
        ("torch.@cpu", "not a target"),
        ("torch@abacus", "no such device"),
        ("torch@cpu,colour=red", "not a target option"),
        ("torch@cpu,label", "not a target option"),
        ("torch@cpu,label=", "not a target option"),
        ("torch@cpu,label=../x", "not a label"),
        ("torch@cpu,label=" + "a" * 65, "not a label"),
    ],
)
def test_what_is_no_target_is_refused_with_the_part_that_offends(text: str, offence: str) -> None:
    with pytest.raises(UsageError, match=offence):
        Target.parse_option(text)


def test_a_default_mode_fills_a_gap_and_nothing_else() -> None:
    bare = Target.parse("jax@cpu")
    assert str(bare.resolved("jit")) == "jax.jit@cpu"
    assert str(bare.resolved("jit").resolved("aot")) == "jax.jit@cpu"
    assert bare.name == "jax@cpu"
