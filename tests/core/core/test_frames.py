"""What is said on the line arrives whole, or is known not to."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.frames import BrokenFrame, Decoder, encode, receive, send

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
messages = st.dictionaries(st.text(), json_values, max_size=4)


@given(said=st.lists(messages, max_size=4), step=st.integers(1, 64))
def test_messages_arrive_whole_however_they_are_cut(said: list[dict[str, object]], step: int) -> None:
    stream = b"".join(encode(message) for message in said)
    decoder, heard = Decoder(), []
    for start in range(0, len(stream), step):
        decoder.feed(stream[start : start + step])
        while (message := decoder.next()) is not None:
            heard.append(message)
    assert heard == said
    assert decoder.pending == 0


@given(message=messages, data=st.data())
def test_a_flipped_bit_is_noticed(message: dict[str, object], data: st.DataObject) -> None:
    frame = bytearray(encode(message))
    position = data.draw(st.integers(8, len(frame) - 1))
    frame[position] ^= 1 << data.draw(st.integers(0, 7))
    decoder = Decoder()
    decoder.feed(bytes(frame))
    with pytest.raises(BrokenFrame):
        decoder.next()


def test_a_silly_length_is_not_waited_for() -> None:
    decoder = Decoder()
    decoder.feed(b"Traceback (most recent call last)")
    with pytest.raises(BrokenFrame):
        decoder.next()


def test_the_end_of_the_line_is_nothing() -> None:
    reading, writing = os.pipe()
    send(writing, {"a": 1})
    os.close(writing)
    decoder = Decoder()
    assert receive(reading, decoder) == {"a": 1}
    assert receive(reading, decoder) is None
    os.close(reading)
