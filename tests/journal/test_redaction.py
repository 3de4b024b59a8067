"""What must not reach the disk does not, wherever in the run it stands, and the rest can still be read."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import freeze

from statestore import Action, Milestone, Slice, Snapshot, Span, Store
from statestore.errors import JournalError
from statestore.history import open_history, resume
from statestore.journal import REDACTED, SENSITIVE, Journal, JournalFile, is_redacted
from statestore.journal.names import Names
from statestore.journal.tracing import state_at
from statestore.journal.verifying import verify

SECRET = "hunter2-0123456789"


class Login(NamedTuple):
    """A record with a field that gives itself away."""

    user: str
    password: str


@dataclasses.dataclass(frozen=True)
class Service:
    """A record that holds another."""

    login: Any
    name: str = "db"


accounts = Slice("accounts", initial={"by_name": {}, "settings": {"api_key": SECRET, "colour": "red"}})


@accounts.action
def opened(draft: Any, name: str, password: str, note: str = "") -> None:
    draft["by_name"][name] = {"password": password, "note": note, "tries": 0}


@accounts.action
def password_changed(draft: Any, name: str, new_password: str) -> None:
    draft["by_name"][name]["password"] = new_password


@accounts.action
def tried(draft: Any, name: str) -> None:
    draft["by_name"][name]["tries"] += 1


@accounts.action
def closed(draft: Any, name: str) -> None:
    del draft["by_name"][name]


def run(path: Path, *actions: Action, **options: Any) -> tuple[bytes, Store]:
    """Records these actions; gives what is on the disk, decompressed, and the store."""
    store = Store(accounts, middleware=[Journal(path, **options)])
    for action in actions:
        store.dispatch(action)
    store.close()
    return content_of(path), store


def content_of(path: Path) -> bytes:
    """All records of a file, decompressed."""
    with JournalFile(path) as file:
        return b"".join(record for number in range(len(file.blocks)) for _, record in file.split(number))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file goes."""
    return tmp_path / "run.history"


def test_usual_names_are_redacted_without_a_word(path: Path) -> None:
    """In payloads, patches, inverses and keyframes; everything else is there."""
    content, store = run(
        path, opened("ada", SECRET, note="kept"), password_changed("ada", SECRET + "new"), tried("ada"), closed("ada")
    )

    assert b"hunter2" not in content
    assert b"kept" in content
    assert store.state["settings"]["api_key"] == SECRET
    with JournalFile(path) as file:
        first, second, third, fourth = file.commits
        assert first.action.payload == {"name": "ada", "password": REDACTED, "note": "kept"}
        assert second.changes == (("replace", ("by_name", "ada", "password"), REDACTED, REDACTED),)
        assert third.changes == (("replace", ("by_name", "ada", "tries"), 1, 0),)
        assert fourth.changes[0][3]["password"] is REDACTED
        assert [is_redacted(commit.action.payload) for commit in file.commits] == [True, True, False, False]
        assert file.redacted


def test_a_redacted_file_is_sound(path: Path) -> None:
    """Its patches lead from keyframe to keyframe, with marks where something was."""
    actions = [opened("ada", SECRET)]
    actions += [tried("ada") if n % 3 else password_changed("ada", f"{SECRET}{n}") for n in range(2_000)]
    content, _ = run(path, *actions)

    assert b"hunter2" not in content
    assert verify(path).ok
    with JournalFile(path) as file:
        assert len(file.keyframes) > 1
        state = state_at(file, 2_001)
        assert state["by_name"]["ada"] == freeze({"password": REDACTED, "note": "", "tries": 1_333})
        assert state["settings"] == freeze({"api_key": REDACTED, "colour": "red"})


def test_patches_below_a_hidden_value_end_there(path: Path) -> None:
    """A mark takes no patches: they become a mark for a mark, and apply."""
    vault = Slice("vault", initial={"secret": {"code": SECRET, "list": [1]}})

    @vault.action
    def changed(draft: Any, to: str) -> None:
        draft["secret"]["code"] = to
        draft["secret"]["list"].append(2)

    store = Store(vault, middleware=[Journal(path)])
    store.dispatch(changed("hunter3"))
    store.close()

    with JournalFile(path) as file:
        assert file.commits[0].changes == (("replace", ("secret",), REDACTED, REDACTED),) * 2
        assert state_at(file, 1) == freeze({"secret": REDACTED})
    assert verify(path).ok


def test_records_are_redacted_by_their_fields(path: Path) -> None:
    """At any depth, whatever kind of record; also when the reader does not know the class."""
    service = Service(Login("ada", SECRET))
    store = Store(lambda state, action: (*state, action.payload), (service,), middleware=[Journal(path)])
    store.dispatch(Action("a", service))
    store.close()

    assert b"hunter2" not in content_of(path)
    assert b"ada" in content_of(path)
    with JournalFile(path) as file:
        payload = file.commits[0].action.payload
        assert (payload.name, payload.login.user, payload.login.password) == ("db", "ada", REDACTED)
        assert is_redacted(payload)


def test_spans_milestones_and_snapshots_are_redacted(path: Path) -> None:
    """Their data and metadata are looked through like payloads; so is an action's meta."""
    store = Store(accounts, middleware=[Journal(path)])
    store.dispatch(Action("noted", None, {"auth": {"Authorization": SECRET}, "by": "ada"}))
    store.publish(Span(1, None, "s", "block", 1, 2, metadata={"token": SECRET, "worker": "w0"}))
    store.publish(Milestone("m", 3, {"deep": [{"passwd": SECRET}]}, {"cookie": SECRET}))
    store.publish(Snapshot(1, "before", 0, 4, {"client_secret": SECRET}))
    store.close()

    with JournalFile(path) as file:
        assert file.commits[0].action.meta == {"auth": {"Authorization": REDACTED}, "by": "ada"}
        assert file.spans[0].metadata == {"token": REDACTED, "worker": "w0"}
        assert (file.milestones[0].data, file.milestones[0].metadata) == (
            {"deep": [{"passwd": REDACTED}]},
            {"cookie": REDACTED},
        )
        assert file.snapshots[0].metadata == {"client_secret": REDACTED}
        assert all(is_redacted(value) for value in (file.spans[0].metadata, file.milestones[0].data))


def test_redaction_can_be_switched_off(path: Path) -> None:
    """With no rules everything is stored, and nothing is marked."""
    content, _ = run(path, opened("ada", SECRET), redact=())

    assert content.count(SECRET.encode()) >= 3
    with JournalFile(path) as file:
        assert not file.redacted


def test_own_names_take_the_place_of_the_usual_ones(path: Path) -> None:
    """Or join them, where both are given."""
    content, _ = run(path, opened("ada", SECRET, note="private"), redact=["note"])
    assert (b"private" in content, b"hunter2" in content) == (False, True)

    path.unlink()
    content, _ = run(path, opened("ada", SECRET, note="private"), redact=[*SENSITIVE, "note"])
    assert (b"private" in content, b"hunter2" in content) == (False, False)


@pytest.mark.parametrize(
    "pattern", [("by_name", "*", "password"), ("**", "password"), ("by_name", "**", "password"), ("by_name", "ada")]
)
def test_paths_are_redacted_by_pattern(path: Path, pattern: tuple[str, ...]) -> None:
    """One star is one key, two are any number; the same pattern looks at payloads from their own root."""
    content, _ = run(path, opened("ada", SECRET), tried("ada"), redact=[pattern, ("password",)])

    assert content.count(SECRET.encode()) == 1, "only the key in the settings is left"
    assert verify(path).ok


def test_values_are_redacted_by_predicate(path: Path) -> None:
    """It sees path and value; one that raises hides, because it cannot tell."""

    def looks_secret(where: tuple[Any, ...], value: Any) -> bool:
        if where[-1:] == ("tries",):
            raise ValueError("cannot tell")
        return isinstance(value, str) and value.startswith("hunter2")

    content, _ = run(path, opened("ada", SECRET), tried("ada"), redact=[looks_secret])

    assert b"hunter2" not in content
    with JournalFile(path) as file:
        assert file.commits[0].action.payload["password"] is REDACTED
        assert file.commits[1].changes == (("replace", ("by_name", "ada", "tries"), REDACTED, REDACTED),)


def test_what_is_in_memory_is_not_redacted(path: Path) -> None:
    """The store, its history and their bytes keep what they have: only the file is without."""
    from statestore.history import History

    history = History()
    store = Store(accounts, middleware=[history, Journal(path)])
    store.dispatch(opened("ada", SECRET))
    store.dispatch(password_changed("ada", "new"))
    assert history.commits[0].action.payload["password"] == SECRET
    history.undo()
    assert store.state["by_name"]["ada"]["password"] == SECRET
    store.close()

    assert b"hunter2" not in content_of(path)


def test_redaction_does_not_fill_the_queue(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is hidden is shorter than what was recorded, but the count of what waits does not drift with it."""
    monkeypatch.setattr("statestore.journal.pump._QUEUED_BYTES", 20_000)
    store = Store(accounts, middleware=[journal := Journal(path)])
    for _ in range(100):
        store.dispatch(Action("noted", {"password": SECRET * 100}))
    journal.flush()

    assert journal._pump._taken == journal._pump._written  # type: ignore[union-attr]
    store.close()


def test_a_redacted_file_is_resumed_only_when_that_was_asked_for(path: Path) -> None:
    """Marks would stand in the state where something was."""
    run(path, opened("ada", SECRET))
    with pytest.raises(JournalError, match="allow_redacted=True"):
        resume(path, accounts)

    store = resume(path, accounts, allow_redacted=True)
    assert store.state["by_name"]["ada"]["password"] is REDACTED
    store.close()
    with open_history(path) as past:
        assert past.redacted


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "PASSWORD",
        "db_password",
        "dbPassword",
        "X-Api-Key",
        "apiKey",
        "api key",
        "GITHUB_TOKEN",
        "Set-Cookie",
    ],
)
def test_a_name_is_found_however_it_is_written(key: str) -> None:
    """As the last words of a key, in any case, with any separators."""
    assert Names(SENSITIVE).match(key)


@pytest.mark.parametrize(
    "key", ["token_count", "max_tokens", "passwords_checked", "secretary", "keyboard", "monkey", "", "🔑"]
)
def test_what_only_sounds_like_a_name_is_not_taken(key: str) -> None:
    """Words that contain a name, and names that are not at the end."""
    assert not Names(SENSITIVE).match(key)


@given(st.text(max_size=30) | st.sampled_from(SENSITIVE), st.sampled_from(SENSITIVE))
def test_the_quick_look_misses_nothing(key: str, name: str) -> None:
    """Whatever key matches, its encoded form is found to be suspicious first."""
    for candidate in (key, f"{key}_{name}", f"{key}{name.title()}", name.upper()):
        if Names(SENSITIVE).match(candidate):
            assert Names(SENSITIVE).may_be_in(b"\x81" + candidate.encode("utf-8", "surrogatepass") + b"\x01")


def test_keys_that_are_data_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of keys has an end."""
    monkeypatch.setattr("statestore.journal.names._REMEMBERED", 100)
    names = Names(["secret"])
    for number in range(1_000):
        assert not names.match(f"task {number}")
        assert names.match(f"{number} secret")

    assert len(names.others) <= 100
    assert len(names._matches) <= 100
