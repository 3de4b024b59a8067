"""Observers see every recorded value as it is made."""

import pytest

from statestore import Action, Commit, Milestone, Patch, Slice, Span, Store, apply_patches


@pytest.fixture
def jobs():
    jobs = Slice("jobs", initial={"tasks": {}})

    @jobs.action
    def added(draft, id):
        draft["tasks"][id] = "planned"

    @jobs.action
    def failed(draft):
        raise ValueError("mine")

    jobs.added, jobs.failed = added, failed
    return jobs


def test_a_commit_tells_what_an_action_changed(jobs):
    """It has the action, its place in the order, and patches that lead there and back."""
    store, commits = Store(jobs), []
    store.observe(commits.append, Commit)
    before = store.state
    action = jobs.added("T1")
    store.dispatch(action)
    (commit,) = commits
    assert (commit.seq, commit.parent, commit.action) == (1, 0, action)
    assert commit.patches == (Patch("add", ("tasks", "T1"), "planned"),)
    assert commit.inverse == (Patch("remove", ("tasks", "T1")),)
    assert apply_patches(before, commit.patches) == store.state
    assert apply_patches(store.state, commit.inverse) == before
    assert commit.elapsed_ns >= 0
    assert commit.started_ns >= 0


def test_an_action_without_effect_is_a_commit_too(jobs):
    """It is recorded with no patches."""
    store, commits = Store(jobs), []
    store.observe(commits.append, Commit)
    store.dispatch(Action("nobody listens"))
    assert [(commit.seq, commit.patches) for commit in commits] == [(1, ())]


def test_a_reducer_by_hand_is_recorded_with_patches():
    """Without a draft the patches come from comparing, and lead there and back all the same."""

    def by_hand(state, action):
        return state.set("count", state["count"] + 1)

    store, commits = Store(by_hand, initial={"count": 0, "rest": [1, 2]}), []
    store.observe(commits.append, Commit)
    before = store.state
    store.dispatch(Action("go"))
    assert commits[0].patches == (Patch("replace", ("count",), 1),)
    assert apply_patches(store.state, commits[0].inverse) == before


def test_observers_run_before_listeners(jobs):
    """When listeners are called, the commit has been seen, and the state was the new one for both."""
    store, log = Store(jobs), []
    store.subscribe(lambda _: log.append(("listener", len(store.state["tasks"]))))
    store.observe(lambda commit: log.append(("observer", len(store.state["tasks"]))), Commit)
    store.dispatch(jobs.added("T1"))
    assert log == [("observer", 1), ("listener", 1)]


def test_a_failed_action_is_no_commit(jobs):
    """A reducer's error leaves nothing for observers of commits, and the next commit is the first."""
    store, commits = Store(jobs), []
    store.observe(commits.append, Commit)
    with pytest.raises(ValueError, match="mine"):
        store.dispatch(jobs.failed())
    assert commits == []
    store.dispatch(jobs.added("T1"))
    assert commits[0].seq == 1


def test_an_observer_gets_the_types_it_asked_for(jobs):
    """Values of other types pass it by; `publish` is how recorders hand theirs in."""
    store, milestones, both, everything = Store(jobs), [], [], []
    store.observe(milestones.append, Milestone)
    store.observe(both.append, Commit, Milestone)
    store.observe(everything.append)
    milestone = Milestone("parsed", 5)
    store.dispatch(jobs.added("T1"))
    store.publish(milestone)
    assert milestones == [milestone]
    assert [type(value) for value in both] == [Commit, Milestone]
    assert [type(value) for value in everything if type(value) is not Span] == [Commit, Milestone]


def test_an_observer_can_leave(jobs):
    """After unsubscribing it gets nothing more, and unsubscribing twice does nothing."""
    store, commits = Store(jobs), []
    stop = store.observe(commits.append, Commit)
    store.dispatch(jobs.added("T1"))
    stop()
    stop()
    store.dispatch(jobs.added("T2"))
    assert len(commits) == 1


def test_an_observer_that_raises_is_detached_and_reported(jobs):
    """The dispatch succeeds with a warning that names the error, the others get the value, and it gets no more."""
    store, calls, commits = Store(jobs), [], []

    def broken(commit):
        calls.append(commit)
        raise RuntimeError("disk full")

    store.observe(broken, Commit)
    store.observe(commits.append, Commit)
    with pytest.warns(RuntimeWarning, match="disk full"):
        store.dispatch(jobs.added("T1"))
    store.dispatch(jobs.added("T2"))
    assert len(calls) == 1
    assert len(commits) == 2
    assert len(store.state["tasks"]) == 2


def test_commits_begin_with_the_first_observer(jobs):
    """What happened before anybody looked made no commit, so the first one that an observer gets is the first."""
    store, commits = Store(jobs), []
    store.dispatch(jobs.added("T1"))
    store.observe(commits.append, Commit)
    store.dispatch(jobs.added("T2"))
    assert [(commit.seq, commit.parent) for commit in commits] == [(1, 0)]


def test_an_interrupt_in_one_observer_reaches_the_caller_after_the_others(jobs):
    """A Ctrl-C that lands in one observer leaves no gap in what another one records."""
    store, commits = Store(jobs), []
    interrupts = [KeyboardInterrupt()]

    def interrupted(commit):
        if interrupts:
            raise interrupts.pop()

    store.observe(interrupted, Commit)
    store.observe(commits.append, Commit)
    with pytest.raises(KeyboardInterrupt):
        store.dispatch(jobs.added("T1"))
    store.dispatch(jobs.added("T2"))
    assert [commit.seq for commit in commits] == [1, 2]
    assert len(store.state["tasks"]) == 2


def test_times_are_relative_to_the_start_of_the_run(jobs):
    """A commit's start is what the store's clock says now minus what it said when the store was made."""
    from statestore.testing import FakeClock

    clock = FakeClock()
    clock.advance(1_000)
    store, commits = Store(jobs, clock=clock), []
    store.observe(commits.append, Commit)
    clock.advance(500)
    store.dispatch(jobs.added("T1"))
    assert (commits[0].started_ns, commits[0].elapsed_ns) == (500, 0)
    assert store.now_ns() == 500


def test_an_observer_may_not_dispatch(jobs):
    """Others have not seen the commit yet, so an observer that dispatches is detached, with a warning that says so."""
    store, commits = Store(jobs), []
    store.observe(lambda commit: store.dispatch(jobs.added("again")), Commit)
    store.observe(commits.append, Commit)
    with pytest.warns(RuntimeWarning, match="observer"):
        store.dispatch(jobs.added("T1"))
    assert [commit.seq for commit in commits] == [1]
    assert list(store.state["tasks"]) == ["T1"]
