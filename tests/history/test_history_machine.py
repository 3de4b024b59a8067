"""The history against a naive model that deep-copies everything: random use, every claim checked after each step."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from statestore import Action, DispatchError, HistoryError, Patch, PatchError, apply_patches
from statestore.history import live, log, replay, states, verify_replay
from statestore.values import FAILED
from tests.conftest import THOROUGH
from tests.history import boards
from tests.history.boards import BrokenError, make_reducer, make_store, plain
from tests.history.model import PATCHED, RESUMED, SQUASHED, Model

KEYS = st.sampled_from(["a", "b", "c"])
ACTIONS = st.one_of(
    st.builds(boards.put, KEYS, st.sampled_from(["open", "done"])),
    st.builds(boards.drop, KEYS),
    st.builds(boards.insert, st.integers(0, 4), KEYS),
    st.builds(boards.remove, st.integers(0, 4)),
    st.builds(boards.lane, st.integers(0, 3)),
    st.builds(boards.fill, st.integers(0, 3)),
    st.builds(boards.move, st.integers(0, 3), st.integers(0, 3)),
    st.builds(boards.count),
    st.builds(boards.select, KEYS),
    st.builds(boards.fail, st.integers(0, 1)),
)


PATCHES = st.one_of(
    st.builds(Patch, st.just("replace"), st.just(("count",)), st.integers(0, 3)),
    st.builds(Patch, st.just("replace"), st.tuples(st.just("tasks"), KEYS, st.just("status")), st.just("patched")),
    st.builds(Patch, st.just("remove"), st.tuples(st.just("tasks"), KEYS)),
)
CARRIED = (RESUMED, SQUASHED)
"""What the history recorded itself: no reducer knows it, and a rewrite applies it as it was."""


def is_no_selection(action: Action) -> bool:
    """What the machines that have an `undoable` give."""
    return action.type != "board/select"


class HistoryMachine(RuleBasedStateMachine):
    """Every rule does the same to the history and to the model; the invariants compare the two."""

    @initialize(
        style=st.sampled_from(boards.STYLES),
        limit=st.sampled_from([None, None, 1, 4, 9]),
        filtered=st.booleans(),
        small=st.booleans(),
    )
    def begin(self, style: str, limit: int | None, filtered: bool, small: bool) -> None:
        self.style = style
        # With small constants, what else takes thousands of commits happens here after a few.
        self.constants = pytest.MonkeyPatch()
        if small:
            self.constants.setattr(log, "SEGMENT_BYTES", 300)
            self.constants.setattr(states, "SPACING_BYTES", 300)
            self.constants.setattr(states, "KEYFRAMES_AT_MOST", 3)
            self.constants.setattr(live, "EVICTED_AT_ONCE", 2)
        undoable = is_no_selection if filtered else None
        self.store, self.history = make_store(style, limit=limit, undoable=undoable, max_snapshots=3)
        self.model = Model(plain(self.store.state), limit, undoable)
        self.heard = 0
        self.store.subscribe(self.hear)

    def hear(self, store: Any) -> None:
        self.heard += 1

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.constants.undo()

    # Actions

    def dispatch_both(self, action: Action, group: int | None = None) -> bool:
        worked = self.model.dispatch(action, group)
        if worked:
            self.store.dispatch(action)
        else:
            with pytest.raises(BrokenError):
                self.store.dispatch(action)
        return worked

    @rule(action=ACTIONS)
    def dispatch(self, action: Action) -> None:
        heard, before = self.heard, self.model.state
        self.dispatch_both(action)
        # What a reducer returns by hand is compared with what was there only while somebody records it.
        if self.model.paused is None or self.style != "by hand":
            assert (self.heard > heard) == (self.model.state != before)

    @rule(actions=st.lists(ACTIONS, min_size=2, max_size=40))
    def dispatch_many(self, actions: list[Action]) -> None:
        for action in actions:
            self.dispatch_both(action)

    @rule(actions=st.lists(ACTIONS, max_size=4))
    def group(self, actions: list[Action]) -> None:
        first = self.model.seq + 1
        with self.history.group("together"):
            for action in actions:
                self.dispatch_both(action, first)

    @precondition(lambda self: self.model.paused is None)
    @rule(actions=st.lists(ACTIONS, max_size=4), breaks=st.booleans())
    def transaction(self, actions: list[Action], breaks: bool) -> None:
        model, first = self.model, self.model.seq + 1
        applied, state, worked = [], model.state, True
        for action in actions:
            new, failed = model.run(state, action)
            worked = not failed
            if failed:
                break
            applied.append((action, new, new is not state))
            state = new
        with suppress(BrokenError), self.store.transaction("all or nothing"):
            for action in actions:
                self.store.dispatch(action)
            with pytest.raises(DispatchError):
                self.history.undo()
            if breaks:
                raise BrokenError
        if worked and not breaks:
            for action, new, changed in applied:
                model.visit(model.add(model.head, action, new, changed, first))
                if changed:
                    model.undone.clear()

    @rule(patch=PATCHES, label=st.sampled_from(["sent", "typed"]))
    def apply(self, patch: Patch, label: str) -> None:
        action = Action(PATCHED, {"patches": [[patch.op, list(patch.path), patch.value]], "label": label})
        if self.model.dispatch(action):
            self.store.apply([patch], label)
        else:
            with pytest.raises(PatchError):
                self.store.apply([patch], label)

    # Moves

    @precondition(lambda self: self.model.paused is None)
    @rule(steps=st.integers(1, 3))
    def undo(self, steps: int) -> None:
        assert self.history.undo(steps) is self.model.undo(steps)

    @precondition(lambda self: self.model.paused is None)
    @rule(steps=st.integers(1, 3))
    def redo(self, steps: int) -> None:
        assert self.history.redo(steps) is self.model.redo(steps)

    @precondition(lambda self: self.model.paused is None)
    @rule()
    def undo_and_redo(self) -> None:
        state, head = self.store.state, self.store.head
        if self.history.undo():
            assert self.history.redo()
        assert self.store.state == state
        assert self.store.head == head
        if self.model.undo(1):
            self.model.redo(1)

    @precondition(lambda self: self.model.paused is None)
    @rule(data=st.data())
    def goto(self, data: Any) -> None:
        ref, position = data.draw(self.refs())
        self.history.goto(ref)
        self.model.travel(position, [])

    def refs(self) -> Any:
        model, past = self.model, self.history
        known = [("root", model.root_of(model.head)), (0, model.root_of(model.head)), ("head", model.head)]
        known += [(seq, seq) for seq in range(model.first, model.seq + 1)]
        known += [(past.commit(seq), seq) for seq in range(model.first, model.seq + 1)[-2:]]
        known += [(name, seq) for _, name, seq, _ in model.snapshots]
        line = [model.root_of(model.head), *model.lineage(model.head)]
        known += [(f"head~{back}", seq) for back, seq in enumerate(reversed(line))]
        return st.sampled_from(known)

    @rule(data=st.data())
    def ask_for_what_is_not_there(self, data: Any) -> None:
        model = self.model
        bad = [model.seq + 1, -1, "nothing", f"head~{len(model.lineage(model.head)) + 1}", None, 1.5, True, "", "~1"]
        pinned = {seq for _, _, seq, _ in model.snapshots}
        bad += [seq for seq in range(1, model.first) if seq not in pinned]
        ref = data.draw(st.sampled_from(bad))
        for ask in (self.history.goto, self.history.state_at, self.history.commit, self.history.lineage):
            if ask != self.history.goto or model.paused is None:
                with pytest.raises(HistoryError):
                    ask(ref)

    # Snapshots

    @precondition(lambda self: self.model.paused is None)
    @rule(named=st.booleans())
    def snapshot(self, named: bool) -> None:
        name = f"mark {self.model.made}" if named else f"snapshot-{self.model.made + 1}"
        taken = self.history.snapshot(name if named else None, by="machine")
        self.model.snapshot(name)
        assert (taken.id, taken.name, taken.seq) == self.model.snapshots[-1][:3]

    @precondition(lambda self: self.model.paused is None and self.model.snapshots)
    @rule(data=st.data(), by_name=st.booleans())
    def restore(self, data: Any, by_name: bool) -> None:
        id_, name, seq, state = data.draw(st.sampled_from(self.model.snapshots))
        self.history.restore(name if by_name else id_)
        assert plain(self.store.state) == state
        self.model.travel(seq, [])

    # Other pasts

    @precondition(lambda self: self.model.paused is None)
    @rule(data=st.data())
    def rewrite(self, data: Any) -> None:
        model = self.model
        line = model.lineage(model.head)
        carried = [i for i, seq in enumerate(line) if model.nodes[seq].action.type in CARRIED]
        free = line[carried[-1] + 1 :] if carried else line
        if not free:
            return
        skip = data.draw(st.lists(st.sampled_from(free), max_size=2, unique=True))
        order = data.draw(st.none() | st.lists(st.sampled_from(free), max_size=3, unique=True))
        replace = data.draw(st.dictionaries(st.sampled_from(free), ACTIONS, max_size=2))
        changed = self.history.rewrite(skip=skip, order=order, replace=replace)

        new = list(line)
        for place, seq in zip(sorted(order or [], key=line.index), order or [], strict=True):
            new[line.index(place)] = seq
        touched = [i for i, seq in enumerate(line) if seq in skip or seq in replace or new[i] != seq]
        if touched:
            first = min(touched)
            entries = [(replace.get(seq, model.nodes[seq].action), seq) for seq in new[first:] if seq not in skip]
            model.rewrite(line[first - 1] if first else model.root_of(model.head), entries)
        assert (changed.seq if changed else None) == (model.head if model.head >= model.first else None)

    @precondition(lambda self: self.model.paused is None)
    @rule(actions=st.lists(ACTIONS, max_size=4))
    def load(self, actions: list[Action]) -> None:
        self.history.load(actions)
        self.model.rewrite(self.model.root_of(self.model.head), [(action, None) for action in actions])

    @precondition(lambda self: self.model.paused is None)
    @rule(version=st.integers(1, 2))
    def recompute(self, version: int) -> None:
        model = self.model
        line = model.lineage(model.head)
        if any(model.nodes[seq].action.type in CARRIED for seq in line):
            return
        self.store.replace_reducer(make_reducer(self.style, version))
        model.version = version
        self.history.recompute()
        state = model.at(model.root_of(model.head))
        for i, seq in enumerate(line):
            state, _ = model.run(state, model.nodes[seq].action)
            if state != model.at(seq):
                model.rewrite(model.nodes[seq].parent, [(model.nodes[later].action, later) for later in line[i:]])
                break

    @precondition(lambda self: self.model.paused is None)
    @rule()
    def squash(self) -> None:
        self.history.squash()
        self.model.squash()

    @precondition(lambda self: self.model.paused is None and self.model.seq > 8)
    @rule()
    def clear(self) -> None:
        self.history.clear()
        self.model.clear()

    # Switches

    @precondition(lambda self: self.model.paused is None)
    @rule()
    def pause(self) -> None:
        self.history.pause()
        self.model.paused = self.model.state
        with pytest.raises(DispatchError):
            self.history.undo()

    @precondition(lambda self: self.model.paused is not None)
    @rule()
    def resume(self) -> None:
        model = self.model
        bridge = self.history.resume()
        before, model.paused = model.paused, None
        assert (bridge is not None) == (before != model.state)
        if bridge is not None:
            model.travel(model.add(model.head, Action(RESUMED), model.state, True), [])

    @rule(action=ACTIONS)
    def locked(self, action: Action) -> None:
        self.history.lock()
        for deed in (
            lambda: self.store.dispatch(action), self.history.undo, self.history.redo, self.history.squash,
            lambda: self.history.goto("root"), self.history.rewrite, self.history.snapshot,
        ):  # fmt: skip
            with pytest.raises(DispatchError):
                deed()
        self.history.unlock()

    # Claims

    @invariant()
    def shape_agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        past, model = self.history, self.model
        assert plain(self.store.state) == model.state
        assert self.store.head == model.head
        assert self.store.seq == model.seq
        assert (past.head.seq if past.head else None) == (model.head if model.head >= model.first else None)
        assert [commit.seq for commit in past.commits] == list(range(model.first, model.seq + 1))
        assert len(past) == len(past.commits)
        assert [commit.seq for commit in past.tips] == model.tips()
        assert [commit.seq for commit in past.lineage()] == model.lineage(model.head)
        assert past.can_undo is (model.stop_before(model.head) is not None)
        assert past.can_redo is (model.stop_after(model.head, model.undone) is not None)
        kept = [(snapshot.id, snapshot.name, snapshot.seq) for snapshot in past.snapshots]
        assert kept == [snapshot[:3] for snapshot in model.snapshots]

    @invariant()
    def states_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        past, model = self.history, self.model
        for seq in range(model.first, model.seq + 1):
            commit, state = past.commit(seq), past.state_at(seq)
            assert plain(state) == model.at(seq)
            assert commit.parent == model.nodes[seq].parent
            assert commit.group == model.nodes[seq].group
            assert commit.action.type == model.nodes[seq].action.type
            assert commit.action.type in CARRIED or commit.action == model.nodes[seq].action
            assert bool(commit.changes) == model.nodes[seq].changed or (commit.label or "").startswith(FAILED)
            before = past.state_of(commit.parent)
            assert apply_patches(before, commit.patches) == state
            assert apply_patches(state, commit.inverse) == before
        assert plain(past.state_at("root")) == model.at(model.root_of(model.head))
        for _, name, _, state in model.snapshots:
            assert plain(past.state_at(name)) == state

    @invariant()
    def replaying_agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        past, model = self.history, self.model
        if all(model.nodes[seq].version == model.version for seq in model.lineage(model.head)):
            reducer = make_reducer(self.style, model.version)
            assert plain(replay(past, reducer)) == model.at(model.head)
            assert verify_replay(past, reducer).ok


TestHistory = HistoryMachine.TestCase
TestHistory.settings = settings(
    max_examples=2_000 if THOROUGH else 40,
    stateful_step_count=50 if THOROUGH else 25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # explaining a failure takes minutes here
)
