"""Perfetto's protobuf form, as far as it can be checked without its reader; see test_trace_processor."""

import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore.exporters import perfetto as module
from statestore.exporters.perfetto import perfetto
from statestore.exporters.protobuf import double, integer, message, text, varint
from tests.exporters.traced import history_of, span, spans


def fields(data):
    """The fields of a message as pairs of number and value: an int, or bytes."""
    at, found = 0, []

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            found.append((tag >> 3, number()))
            continue
        length = number() if tag & 7 == 2 else 8
        found.append((tag >> 3, data[at : at + length]))
        at += length
    return found


def events_of(source):
    """The track events of all packets, each a dict with its time under 0."""
    packets = [dict(fields(packet)) for _, packet in fields(b"".join(perfetto(source)))]
    return [{**dict(fields(packet[11])), 0: packet[8]} for packet in packets if 11 in packet]


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_numbers_come_back(number):
    """Negative ones as two's complement of 64 bits, as protocol buffers have it."""
    assert fields(integer(3, number)) == [(3, number & (1 << 64) - 1)]


def test_the_wire_format_is_that_of_the_specification():
    """The examples of protobuf.dev's page on the encoding."""
    assert varint(150) == b"\x96\x01"
    assert integer(1, 150) == b"\x08\x96\x01"
    assert text(2, "testing") == b"\x12\x07testing"
    assert message(3, integer(1, 150)) == b"\x1a\x03\x08\x96\x01"
    assert integer(1, -2) == b"\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    assert double(1, 0.5) == b"\x09" + struct.pack("<d", 0.5)


@given(spans())
def test_every_span_begins_and_ends_on_its_track(given_spans):
    """As often as there are spans, and each track is closed again."""
    events = events_of(history_of(*given_spans))
    begun = Counter(event[11] for event in events if event[9] == 1)
    assert begun == Counter(event[11] for event in events if event[9] == 2)
    assert begun.total() == len(given_spans)


def test_names_are_written_once(monkeypatch):
    """And in full where there are more than the table takes."""
    source = history_of(*[span(n, n, n + 1, name=f"name {n % 4}") for n in range(1, 100)])
    assert b"".join(perfetto(source)).count(b"name 3") == 1
    monkeypatch.setattr(module, "_WORDS", 3)
    assert b"".join(perfetto(source)).count(b"name 0") == 24


@pytest.mark.parametrize(("task", "row"), [("Task-12", b"tasks"), ("upload", b"upload")])
def test_tasks_without_a_name_of_their_own_share_a_row(task, row):
    """Perfetto draws tracks of one name as one, so that 10,000 requests are no 10,000 rows."""
    trace = b"".join(perfetto(history_of(span(1, 0, 1, task=task))))
    assert text(2, row.decode()) in trace


def test_deep_arguments_are_written_as_text():
    """Readers follow so many levels and no more."""
    nested = "core"
    for _ in range(60):
        nested = [nested]
    assert b"[['core']]" in b"".join(perfetto(history_of(span(1, 0, 1, metadata={"deep": nested}))))
