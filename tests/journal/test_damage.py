"""Files that were cut, flipped and shuffled: never a wrong commit, never a silent gap, never an error from below."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from statestore import CorruptHistoryError, HistoryError, JournalError
from statestore.journal import JournalFile, scan
from statestore.journal.blocks import Block
from statestore.journal.format import HEAD, BlockKind
from statestore.journal.repairing import LOST, repair
from statestore.journal.tracing import state_at
from statestore.journal.verifying import verify
from tests.journal.runs import check_prefix, record, step

Scaled = Callable[[int, int], int]


class Original:
    """A sound file, and what it says."""

    def __init__(self, path: Path, steps: int, **options: Any) -> None:
        self.states = record(path, steps, **options)
        self.data = path.read_bytes()
        with JournalFile(path) as file:
            self.blocks: list[Block] = list(file.blocks)
            self.commits = list(file.commits)
            self.others = self.list_others(file)

    def is_cut_between_blocks(self, file: JournalFile) -> bool:
        """Whether the file just ends earlier, as that of a run that was killed would."""
        return file.path.stat().st_size in [block.end for block in self.blocks] and not file.closed and not file.gaps

    def number_of(self, seq: int) -> int:
        """The block that begins with that commit."""
        heads = [block.head for block in self.blocks]
        return next(n for n, head in enumerate(heads) if head.kind == BlockKind.HISTORY and head.first == seq)

    @staticmethod
    def list_others(file: JournalFile) -> list[Any]:
        """Everything but the commits."""
        return [*file.spans, *file.milestones, *file.snapshots, *file.moves, *file.samples]

    def check(self, file: JournalFile) -> None:
        """What is read is the whole, or a beginning of it that is called torn or not closed."""
        commits = list(file.commits)
        assert commits == self.commits[: len(commits)]
        others = self.list_others(file)
        assert all(value in self.others for value in others)
        if not file.torn and not self.is_cut_between_blocks(file):
            assert (len(commits), len(others)) == (len(self.commits), len(self.others))

    def check_salvaged(self, file: JournalFile) -> None:
        """What is salvaged is right, and what is missing is said to be."""
        present = {commit.seq: commit for commit in file.commits}
        assert all(commit == self.commits[seq - 1] for seq, commit in present.items())
        missing = {commit.seq for commit in self.commits} - present.keys()
        named = {seq for gap in file.gaps for seq in range(gap.first, gap.last + 1)}
        is_cut = file.torn or self.is_cut_between_blocks(file)
        behind_the_end = set(range(file.last_seq + 1, len(self.commits) + 1)) if is_cut else set()
        assert missing <= named | behind_the_end
        assert not named & present.keys()


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory, scaled: Scaled) -> list[Original]:
    """Files with many small blocks, one with a single batch, an unclosed one, and one with keyframes in it."""
    folder = tmp_path_factory.mktemp("originals")
    return [
        Original(folder / "closed.history", scaled(60, 300)),
        Original(folder / "batch.history", scaled(60, 1_500), flush_every=10_000),
        Original(folder / "open.history", scaled(60, 300), close=False),
        Original(folder / "long.history", scaled(700, 1_500), flush_every=100),
    ]


def test_a_file_cut_anywhere_opens_to_its_longest_valid_prefix(
    originals: list[Original], tmp_path: Path, scaled: Scaled
) -> None:
    """All whole blocks before the cut, none behind, and `torn` unless the cut lies between two blocks."""
    path, cuts = tmp_path / "cut.history", 0
    every = scaled(41, 1)
    for original in originals:
        path.write_bytes(original.data)
        for size in range(len(original.data) - 1, 0, -every):
            os.truncate(path, size)
            cuts += 1
            whole = [block for block in original.blocks if block.end <= size]
            if not whole:
                with pytest.raises(JournalError, match="header"):
                    JournalFile(path)
                continue
            with JournalFile(path) as file:
                assert file.torn == (size != whole[-1].end)
                assert file.closed == (not file.torn and whole[-1].head.kind == BlockKind.END)
                assert len(file.commits) == whole[-1].head.last
                assert file.commits[-1:] == original.commits[len(file.commits) - 1 : len(file.commits)]
                if cuts % 50 == 0:
                    check_prefix(file, original.states)
    assert cuts > scaled(300, 100_000)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> list[Original]:
    """Like the first three, and so short that every bit of them can have its turn."""
    folder = tmp_path_factory.mktemp("short")
    originals = [
        Original(folder / "closed.history", 20),
        Original(folder / "batch.history", 20, flush_every=10_000),
        Original(folder / "open.history", 20, close=False),
    ]
    ways = 2 * 3  # in which each bit is flipped below
    assert ways * sum(len(original.data) * 8 for original in originals) > 200_000
    return originals


@pytest.mark.parametrize("bits", [1, 2, 3])
@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("eager", [True, False])
def test_flipped_bits_are_noticed(
    short: list[Original], tmp_path: Path, scaled: Scaled, eager: bool, which: int, bits: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each bit alone, and with one or two others, also where bodies are verified only when they are read.

    Thoroughly these are more than 200,000 damaged files.
    """
    monkeypatch.setattr(scan, "_EAGER_BYTES", 1 << 30 if eager else 0)
    path, chance, original = tmp_path / "flipped.history", random.Random(bits), short[which]
    every = range(len(original.data) * 8)
    for bit in every if scaled(0, 1) else chance.sample(every, 40):
        damaged = bytearray(original.data)
        flipped = [bit, *chance.sample(every, bits - 1)]
        for at in flipped:
            damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        try:
            with JournalFile(path) as file:
                original.check(file)
        except JournalError:
            pass  # refused, by name
        try:
            with JournalFile(path, salvage=True) as file:
                original.check_salvaged(file)
        except JournalError:
            assert min(flipped) // 8 < original.blocks[0].end, "only a damaged header makes salvage impossible"


def shuffles(original: Original, chance: random.Random) -> Iterator[list[bytes]]:
    """Blocks dropped, doubled and swapped, and bytes inserted and taken out between them."""
    pieces = [original.data[block.offset : block.end] for block in original.blocks]
    while True:
        shuffled = list(pieces)
        for _ in range(chance.randrange(1, 3)):
            one, other = chance.randrange(len(shuffled)), chance.randrange(len(shuffled))
            match chance.randrange(5):
                case 0:
                    del shuffled[one]
                case 1:
                    shuffled.insert(other, shuffled[one])
                case 2:
                    shuffled[one], shuffled[other] = shuffled[other], shuffled[one]
                case 3:
                    shuffled.insert(one, chance.randbytes(chance.randrange(1, 200)))
                case 4:
                    shuffled[one] = shuffled[one][: chance.randrange(len(shuffled[one]))]
        yield [original.data[:16], *shuffled]


def test_shuffled_blocks_are_noticed(originals: list[Original], tmp_path: Path, scaled: Scaled) -> None:
    """Nothing is read twice, in another order, or as if what was dropped had never been."""
    path, chance = tmp_path / "shuffled.history", random.Random(2)
    for original in originals:
        for _, pieces in zip(range(scaled(40, 250)), shuffles(original, chance), strict=False):
            path.write_bytes(b"".join(pieces))
            try:
                with JournalFile(path) as file:
                    original.check(file)
            except JournalError:
                pass
            try:
                with JournalFile(path, salvage=True) as file:
                    original.check_salvaged(file)
            except JournalError:
                header = original.data[original.blocks[0].offset : original.blocks[0].end]
                assert header not in pieces, "only a file without its header cannot be salvaged"


def test_blocks_of_another_file_are_not_taken_for_ones_of_this(originals: list[Original], tmp_path: Path) -> None:
    """Also where they would fit: each file's checksums start from a number of its own."""
    path = tmp_path / "spliced.history"
    one, other = originals[0], originals[2]
    half = len(one.blocks) // 2
    path.write_bytes(one.data[: one.blocks[half].offset] + other.data[other.blocks[half].offset :])

    with JournalFile(path, salvage=True) as file:
        assert len(file.commits) == one.blocks[half - 1].head.last


def test_a_journal_inside_a_payload_is_not_taken_for_the_file(originals: list[Original], tmp_path: Path) -> None:
    """Blocks that lie in a body, uncompressed, are no blocks, also when the file is torn there."""
    from statestore import Action, Store

    path = tmp_path / "nested.history"
    from statestore.journal import Journal

    store = Store(lambda state, action: state, 0, middleware=[Journal(path)])
    store.dispatch(Action("kept", originals[1].data))
    store.close()
    with JournalFile(path) as file:
        body = next(block for block in file.blocks if block.head.kind == BlockKind.HISTORY)
    os.truncate(path, body.end - 1)

    with JournalFile(path) as file:
        assert (file.torn, len(file.commits)) == (True, 0)
    with JournalFile(path, salvage=True) as file:
        assert (file.gaps, len(file.commits)) == ([], 0)


# Damage in the middle, against a torn end


def break_block(original: Original, number: int) -> bytes:
    """The file with one byte of that block's body changed."""
    damaged = bytearray(original.data)
    damaged[original.blocks[number].end - 1] ^= 0xFF
    return bytes(damaged)


def test_damage_in_the_middle_names_the_commits_that_are_lost(originals: list[Original], tmp_path: Path) -> None:
    """It is no torn end: blocks behind it say that it had been on disk."""
    path, original = tmp_path / "damaged.history", originals[0]
    number = original.number_of(11)
    path.write_bytes(break_block(original, number))

    with pytest.raises(CorruptHistoryError, match=r"commits 11 to 20 are lost.*salvage=True"):
        JournalFile(path)
    with JournalFile(path, salvage=True) as file:
        assert [commit.seq for commit in file.commits] == [*range(1, 11), *range(21, len(original.commits) + 1)]
        assert [(gap.first, gap.last) for gap in file.gaps] == [(11, 20)]
        assert file.commit(21) == original.commits[20]
        with pytest.raises(HistoryError, match=r"no commit 15.*without 11 to 20"):
            file.commit(15)


def test_what_a_crash_tore_is_no_damage(originals: list[Original], tmp_path: Path) -> None:
    """A power loss may keep a later block of the last write and not an earlier: nobody was told that it was on disk."""
    path, original = tmp_path / "torn.history", originals[2]
    path.write_bytes(break_block(original, len(original.blocks) - 2))

    with JournalFile(path) as file:
        assert file.torn
        original.check(file)
    found = verify(path)
    assert (found.ok, found.torn) == (True, True)


def test_a_large_file_is_verified_where_it_is_read(
    originals: list[Original], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening it costs no more; what is damaged raises when it is asked for, and the rest can be read."""
    monkeypatch.setattr(scan, "_EAGER_BYTES", 0)
    path, original = tmp_path / "damaged.history", originals[0]
    number = original.number_of(11)
    path.write_bytes(break_block(original, number))

    with JournalFile(path) as file:
        assert file.commits[0] == original.commits[0]
        assert file.commits[-1] == original.commits[-1]
        with pytest.raises(CorruptHistoryError, match="commits 11 to 20 are lost"):
            _ = file.commits[10]


# The tools


def test_verify_passes_sound_and_torn_files(originals: list[Original], tmp_path: Path) -> None:
    """A torn end is told, and is no problem; keyframes and references are checked."""
    for name, original in enumerate(originals):
        path = tmp_path / f"{name}.history"
        path.write_bytes(original.data)
        found = verify(path)
        assert (found.ok, found.problems, found.torn) == (True, (), False)
        assert found.commits == len(original.commits)
        path.write_bytes(original.data[:-5])
        assert (verify(path).ok, verify(path).torn) == (True, True)
    assert verify(path).keyframes > 1


def test_verify_finds_what_checksums_cannot(tmp_path: Path) -> None:
    """A keyframe that the patches do not lead to, a reference to a commit that is not there, an index that lies."""
    from statestore.journal.codec import Keyframe, encode_keyframe, encode_value
    from statestore.journal.copying import begin_copy, copy_records, writing
    from statestore.journal.format import RecordKind
    from statestore.journal.packing import Packing
    from statestore.values import Move

    record(tmp_path / "sound.history", 20)
    path = tmp_path / "wrong.history"
    with JournalFile(tmp_path / "sound.history") as file, writing(path) as disk:
        writer = begin_copy(file, disk, "test")
        for number in file.numbers(BlockKind.HISTORY):
            copy_records(file, number, writer)
        writer.add_keyframe(encode_keyframe(Keyframe(20, {"tasks": {}}), Packing()))
        writer.add(RecordKind.MOVE, [encode_value(Move("goto", 20, 99, 1), Packing())])
        writer.flush()
        writer._heads = writer._heads[HEAD.size :] + writer._heads[: HEAD.size]
        writer.finish()
    problems = verify(path).problems

    assert any("keyframe after commit 20" in problem for problem in problems)
    assert any("commit 99" in problem for problem in problems)
    assert any("index in block" in problem for problem in problems)


def test_repair_proves_what_is_left(originals: list[Original], tmp_path: Path, scaled: Scaled) -> None:
    """Whichever block is lost: the repaired file is sound, its commits are right or said to be lost, its states too."""
    original = originals[3]
    for number in range(1, len(original.blocks), scaled(7, 1)):
        damaged, repaired = tmp_path / "damaged.history", tmp_path / f"{number}.history"
        damaged.write_bytes(break_block(original, number))
        result = repair(damaged, repaired)

        assert verify(repaired).ok
        missing = {*result.lost, *result.unproved}
        head = original.blocks[number].head
        assert set(result.lost) <= set(range(head.first, head.last + 1))
        with JournalFile(repaired) as file:
            assert file.last_seq == result.commits
            for commit in file.commits:
                if commit.seq in missing:
                    assert commit.action.type == LOST
                else:
                    assert commit.action == step(commit.seq - 1)
            sound = [seq for seq in range(result.commits + 1) if seq not in missing]
            for seq in sound[:: scaled(50, 40)]:
                assert state_at(file, seq) == original.states[seq]


def test_repair_of_a_torn_file_is_its_longest_valid_prefix(originals: list[Original], tmp_path: Path) -> None:
    """Nothing is lost but what the crash took."""
    torn, repaired = tmp_path / "torn.history", tmp_path / "repaired.history"
    torn.write_bytes(originals[2].data[:-5])

    result = repair(torn, repaired)

    assert (result.lost, result.unproved) == ((), ())
    assert result.cut_bytes > 0
    with JournalFile(repaired) as file:
        assert not file.torn
        assert check_prefix(file, originals[2].states) == result.commits


def test_tools_do_not_write_over_anything(originals: list[Original], tmp_path: Path) -> None:
    """A name that is taken is refused, and a tool that fails leaves no part of a file."""
    damaged, taken = tmp_path / "damaged.history", tmp_path / "taken"
    damaged.write_bytes(break_block(originals[0], 2))
    taken.write_text("precious")

    with pytest.raises(JournalError, match="has content"):
        repair(damaged, taken)
    damaged.write_bytes(b"no history")
    with pytest.raises(JournalError):
        repair(damaged, tmp_path / "new")

    assert taken.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.history", "taken"]
