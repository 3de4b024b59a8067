"""The shape of the history against a dict of parents."""

from hypothesis import given
from hypothesis import strategies as st

from statestore.history.branches import Branches

# Mostly straight on, as histories are, with a jump now and then.
JUMPS = st.lists(st.none() | st.integers(0, 60), max_size=60)


def grown(jumps, root=0, newest=0):
    """Branches, and the parent of each seq; a number is a jump back to one of the positions so far."""
    branches, parents, head = Branches(root, newest), {}, root
    for seq, jump in enumerate(jumps, newest + 1):
        if jump is not None:
            head = [root, *parents][jump % (len(parents) + 1)]
        parents[seq] = head
        branches.add(seq, head)
        head = seq
    return branches, parents


def lineage_of(position, parents):
    """The seqs from the root to a position."""
    line = []
    while position in parents:
        line.append(position)
        position = parents[position]
    return position, line[::-1]


def flat(lineage):
    """The root, and the seqs without their runs."""
    root, runs = lineage
    return root, [seq for run in runs for seq in run]


@given(JUMPS, st.sampled_from([(0, 0), (3, 7), (7, 7)]))
def test_every_question_about_one_position(jumps, begin):
    """Parent, depth, children, lineage, tips and steps back are those of the naive tree."""
    branches, parents = grown(jumps, *begin)
    assert branches.tips() == [seq for seq in parents if seq not in parents.values()]
    for position in [begin[0], *parents]:
        root, line = lineage_of(position, parents)
        assert flat(branches.lineage(position)) == (root, line)
        assert branches.depth(position) == len(line)
        assert branches.children(position) == [seq for seq, parent in parents.items() if parent == position]
        assert (position in branches) == (position in parents)
        for steps, expected in enumerate([*line[::-1], root]):
            assert branches.back(position, steps) == expected
        assert branches.back(position, len(line) + 1) is None
        if position in parents:
            assert branches.parent(position) == parents[position]


@given(JUMPS, st.data())
def test_the_way_between_two_positions(jumps, data):
    """It goes up from the one to where the lineages part, and down to the other; too long a way is none."""
    branches, parents = grown(jumps)
    start, end = (data.draw(st.sampled_from([0, *parents])) for _ in range(2))
    here, there = lineage_of(start, parents)[1], lineage_of(end, parents)[1]
    common = sum(a == b for a, b in zip(here, there, strict=False))
    up, down = branches.route(start, end)
    assert [seq for run in up for seq in run] == here[common:][::-1]
    assert [seq for run in down for seq in run] == there[common:]
    length = len(here) + len(there) - 2 * common
    assert branches.route(start, end, length) == (up, down)
    if length:
        assert branches.route(start, end, length - 1) is None
    assert branches.descends(end, start) == (common == len(here))


@given(JUMPS, st.data())
def test_forgetting_leaves_the_rest_as_it_was(jumps, data):
    """After the oldest are forgotten, the others have the same parents, and begin at roots."""
    branches, parents = grown(jumps)
    first = data.draw(st.integers(1, len(parents) + 1))
    roots = branches.roots(first)
    branches.forget(first)
    left = {seq: parent for seq, parent in parents.items() if seq >= first}
    assert roots == {parent for parent in left.values() if parent < first}
    assert branches.tips() == [seq for seq in left if seq not in left.values()]
    for seq in left:
        assert branches.parent(seq) == left[seq]
        root, line = lineage_of(seq, left)
        assert flat(branches.lineage(seq)) == (root, line)


def test_a_straight_history_costs_nothing():
    """A million commits in a row are one run, and the way through them is found at once."""
    branches = Branches()
    for seq in range(1, 1_000_001):
        branches.add(seq, seq - 1)
    assert len(branches._runs) == 1
    assert branches.route(1_000_000, 1) == ([range(1_000_000, 1, -1)], [])


def test_lost_commits_leave_roots():
    """Where seqs are missing, what comes after them begins anew, and what comes before them is a tip."""
    branches = Branches()
    for seq, parent in [(1, 0), (2, 1), (7, 6), (8, 7)]:
        branches.add(seq, parent)
    assert flat(branches.lineage(8)) == (6, [7, 8])
    assert flat(branches.lineage(2)) == (0, [1, 2])
    assert branches.tips() == [2, 8]


def test_adding_twice_is_adding_once():
    """A commit that is handed over again, after an interrupt, changes nothing."""
    branches = Branches()
    for seq, parent in [(1, 0), (2, 1), (2, 1), (3, 1), (3, 1)]:
        branches.add(seq, parent)
    assert branches.children(1) == [2, 3]
    assert branches.tips() == [2, 3]
