"""speedscope's own form: evented profiles, one a track, for https://www.speedscope.app."""

from collections.abc import Iterator
from itertools import chain
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, Self

import msgspec

from statestore.exporters.chunks import gather
from statestore.exporters.lanes import Lanes, Slice, Track, edges
from statestore.ports import Source

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"
# What is known of frames here is bounded. After so many different names the table begins anew; a name that comes
# again then is a second frame, which the picture does not show.
_NAMES: Final = 50_000
_text = msgspec.json.encode


def speedscope(source: Source) -> Iterator[bytes]:
    """Evented profiles in nanoseconds. Streams: about 10 µs and 80 bytes a span, and what reading it takes.

    A profile for each thread, each asyncio task, and each row of spans that overlap others of their thread without
    lying in them. Frames are the names of spans, without arguments, so that those of one name add up.
    """
    yield b'{"$schema":%b,"exporter":%b,"name":%b,"profiles":[\n' % (
        _text(_SCHEMA), _text(f"statestore {source.header.statestore}".strip()), _text(source.header.store),
    )  # fmt: skip
    with Lanes(source) as lanes, _Frames() as frames:
        yield from gather(_profiles(lanes, frames))
        yield b'\n],"shared":{"frames":[\n'
        yield from frames.chunks()
    yield b"\n]}}\n"


def _profiles(lanes: Lanes, frames: "_Frames") -> Iterator[bytes]:
    separator = b""
    for track, slices in lanes.tracks():
        yield separator
        yield from _profile(track, lanes, slices, frames)
        separator = b",\n"
    if not separator:  # the page takes no file without a profile
        yield b'{"type":"evented","name":"no spans","unit":"nanoseconds","startValue":0,"endValue":0,"events":[]}'


def _profile(track: Track, lanes: Lanes, slices: Iterator[Slice], frames: "_Frames") -> Iterator[bytes]:
    first = next(slices)
    start_ns = end_ns = first.started_ns - lanes.first_ns
    yield b'{"type":"evented","name":%b,"unit":"nanoseconds","startValue":%d,"events":[\n' % (
        _text(lanes.title(track)), start_ns,
    )  # fmt: skip
    separator = b""
    for at_ns, opens, piece in edges(chain([first], slices)):
        end_ns = at_ns - lanes.first_ns
        yield b'%b{"type":"%b","frame":%d,"at":%d}' % (separator, b"O" if opens else b"C", frames.of(piece), end_ns)
        separator = b",\n"
    yield b'\n],"endValue":%d}' % end_ns


class _Frames:
    """The table of names, which comes last in the file and waits in a temporary one; for a `with` block."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._count = 0
        self._file = TemporaryFile()  # noqa: SIM115  # closed with the block that this is for

    def of(self, piece: Slice) -> int:
        """The place of its name in the table."""
        number = self._numbers.get(piece.name)
        return self._add(piece.name) if number is None else number

    def _add(self, name: str) -> int:
        if len(self._numbers) >= _NAMES:
            self._numbers.clear()
        number = self._numbers[name] = self._count
        self._count += 1
        self._file.write(b'%b{"name":%b}' % (b",\n" if number else b"", _text(name)))
        return number

    def chunks(self) -> Iterator[bytes]:
        """The table."""
        self._file.seek(0)
        yield from iter(lambda: self._file.read(1 << 16), b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
