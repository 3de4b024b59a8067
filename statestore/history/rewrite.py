"""Running actions again to make another branch: what would have been, had some of them been left out or changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from statestore.core.middleware import as_action
from statestore.core.reducing import PATCHED
from statestore.errors import HistoryError
from statestore.history.compare import same_changes
from statestore.history.refs import resolve
from statestore.ports import StoreLike
from statestore.tree.diff import diff
from statestore.tree.patches import apply_changes
from statestore.values import FAILED, Action, Change, Commit

if TYPE_CHECKING:
    from statestore.history.past import Past

OWN = "@@statestore/"
"""How the types begin of the actions that the store and its history make themselves."""


class Entry(NamedTuple):
    """An action to run, and the commit that recorded it before, if one did."""

    action: Action
    origin: Commit | None = None


class Outcome(NamedTuple):
    """What came of an entry."""

    entry: Entry
    changes: tuple[Change, ...]
    state: Any
    started_ns: int
    elapsed_ns: int
    label: str | None


def carries_changes(action: Action) -> bool:
    """Whether the action is one of the history's own (squash, resume), which no reducer knows: its changes count."""
    return action.type.startswith(OWN) and action.type != PATCHED


def plan(past: "Past", skip: Any, order: Any, replace: Any) -> tuple[int, list[Entry]] | None:
    """Where the new branch leaves the lineage, and what to run from there; None if nothing is asked to change."""
    seqs = list(past.lineage().seqs())
    index = {seq: i for i, seq in enumerate(seqs)}
    skipped = {index[seq] for seq in _on_lineage(past, skip, index)}
    replaced = {index[_seq_of(past, ref, index)]: as_action(action) for ref, action in dict(replace or {}).items()}
    line = _reorder(seqs, [index[seq] for seq in _on_lineage(past, () if order is None else order, index)])
    changed = [*skipped, *replaced, *[i for i, seq in enumerate(line) if seq != seqs[i]]]
    if not changed:
        return None
    first = min(changed)
    entries = []
    for seq in line[first:]:
        if index[seq] not in skipped:
            commit = past.commit_at(seq)
            entries.append(Entry(replaced.get(index[seq], commit.action), commit))
    return past.branches.parent(seqs[first]), entries


def _reorder(seqs: list[int], listed: list[int]) -> list[int]:
    """The commits that are listed take, in the order of the list, the places that they hold now."""
    if len(set(listed)) < len(listed):
        raise HistoryError("order names a commit twice; each can stand in one place only")
    line = list(seqs)
    for place, source in zip(sorted(listed), listed, strict=True):
        line[place] = seqs[source]
    return line


def _on_lineage(past: "Past", refs: Any, index: Mapping[int, int]) -> list[int]:
    single = isinstance(refs, str | int | Commit) or not isinstance(refs, Iterable)
    return [_seq_of(past, ref, index) for ref in ([refs] if single else refs)]


def _seq_of(past: "Past", ref: Any, index: Mapping[int, int]) -> int:
    seq = resolve(ref, past)
    if seq not in index:
        raise HistoryError(f"{ref!r} is no commit on the lineage of head, which is what a rewrite starts from")
    return seq


def run_all(store: StoreLike, state: Any, entries: Iterable[Entry]) -> list[Outcome]:
    """Runs the entries one after the other; one that raises changes nothing, and the others go on."""
    outcomes = []
    for entry in entries:
        outcome = _run(store, state, entry)
        state = outcome.state
        outcomes.append(outcome)
    return outcomes


def _run(store: StoreLike, state: Any, entry: Entry) -> Outcome:
    label = entry.origin.label if entry.origin is not None else None
    if label is not None and label.startswith(FAILED):
        label = None
    changes: list[Change] = []
    started = store.now_ns()
    try:
        new = _apply(store, state, entry, changes)
    except Exception as error:  # noqa: BLE001  a failing action is part of the answer, not the end of it
        new, changes, label = state, [], f"{FAILED}{type(error).__name__}: {error}"
    return Outcome(entry, tuple(changes), new, started, store.now_ns() - started, label)


def _apply(store: StoreLike, state: Any, entry: Entry, changes: list[Change]) -> Any:
    if entry.origin is None or not carries_changes(entry.action):
        return store.run(state, entry.action, changes)
    new = apply_changes(state, entry.origin.changes)
    changes.extend(diff(state, new).changes)
    return new


def skip_unchanged(store: StoreLike, state: Any, entries: Sequence[Entry]) -> tuple[int, Any]:
    """How many entries, from the first on, come out as they were recorded, and the state after them."""
    for i, entry in enumerate(entries):
        action, origin = entry
        if origin is None or origin.action != action:
            return i, state
        if carries_changes(action):
            state = apply_changes(state, origin.changes)
            continue
        outcome = _run(store, state, entry)
        if not same_changes(origin.changes, outcome.changes):
            return i, state
        state = outcome.state
    return len(entries), state


def graft_all(store: StoreLike, parent: int, outcomes: list[Outcome], keep: Callable[[int, Any], None]) -> int:
    """Records the outcomes as a branch from `parent`, and gives its last seq; `keep` is told each new state."""
    groups: dict[int, int] = {}
    fork = parent
    for outcome in outcomes:
        origin = outcome.entry.origin
        group = origin.group if origin is not None else None
        if group is not None:
            # A group that began before the fork goes on; any other is named anew, by its first commit here.
            group = groups.setdefault(group, group if group <= fork else store.seq + 1)
        commit = store.graft(
            parent,
            outcome.entry.action,
            outcome.changes,
            started_ns=outcome.started_ns,
            elapsed_ns=outcome.elapsed_ns,
            group=group,
            label=outcome.label,
        )
        keep(commit.seq, outcome.state)
        parent = commit.seq
    return parent
