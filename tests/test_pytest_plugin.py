"""The pytest plugin, in test runs of its own."""

import textwrap

import pytest

from statestore import open_history

pytest_plugins = ["pytester"]

BACKLOG = """
    import pytest
    from statestore import History, Slice, Store

    backlog = Slice("backlog", initial={"tasks": {}})

    @backlog.action
    def added(draft, id, title="t"):
        draft["tasks"][id] = title

    @backlog.action
    def dropped(draft, id):
        del draft["tasks"][id]
"""

# Plugins that these runs have no use for.
QUICK = [part for name in ("cacheprovider", "hypothesispytest", "xdist") for part in ("-p", f"no:{name}")]


@pytest.fixture
def ran(pytester):
    """Runs pytest on a file of tests, with the plugin as it is installed; gives the result and its whole output."""

    def run(tests: str, *arguments: str):
        pytester.makepyfile(textwrap.dedent(BACKLOG) + textwrap.dedent(tests))
        result = pytester.runpytest_subprocess(*QUICK, *arguments)
        return result, result.stdout.str()

    return run


def test_a_failed_test_shows_its_store(ran):
    """The section has the last commits, where the head is, what raised, and what the head's commit changed."""
    result, text = ran("""
        def test_it():
            with Store(backlog, name="shop") as store:
                store.dispatch(added("T1"))
                store.dispatch(added("T2", title="two"))
                store.dispatch(dropped("T9"))
    """)
    result.assert_outcomes(failed=1)
    assert "- statestore: shop -" in text
    assert "    1   backlog/added {'id': 'T1', 'title': 't'}  1 changes" in text
    assert "    2 * backlog/added {'id': 'T2', 'title': 'two'}  1 changes" in text
    assert "      ! backlog/dropped {'id': 'T9'} raised" in text
    assert "What commit 2, backlog/added, changed:" in text
    assert "  + root['tasks']['T2']: 'two'" in text


def test_a_test_that_passes_shows_nothing(ran):
    """Only failures have a section, whatever was done before in other tests."""
    result, text = ran("""
        def test_passes():
            Store(backlog).dispatch(added("T1"))

        def test_fails_without_a_store():
            assert False
    """)
    result.assert_outcomes(passed=1, failed=1)
    assert "statestore:" not in text


def test_stores_of_fixtures_and_of_several(ran):
    """Stores of fixtures of any scope are shown when they did something in the test that failed; each has a section."""
    result, text = ran("""
        @pytest.fixture(scope="module")
        def shared():
            with Store(backlog, name="shared") as store:
                yield store

        @pytest.fixture
        def own():
            with Store(backlog, name="own") as store:
                yield store

        def test_passes(shared):
            shared.dispatch(added("T1"))

        def test_fails_elsewhere(shared):
            assert False

        def test_fails(shared, own):
            shared.dispatch(added("T2"))
            assert own.state["tasks"]
    """)
    result.assert_outcomes(passed=1, failed=2)
    assert text.count("- statestore: shared -") == 1
    assert text.count("- statestore: own -") == 1
    assert "    2 * backlog/added {'id': 'T2', 'title': 't'}" in text
    assert "no commits" in text


def test_the_own_history_of_a_store_is_taken(ran):
    """A store with a history gets no second one, and what was undone is shown as such."""
    result, text = ran("""
        def test_it():
            history = History()
            store = Store(backlog, middleware=[history])
            assert store.middleware == (history,)
            store.dispatch(added("T1"))
            store.dispatch(added("T2"))
            assert history.undo()
            assert False
    """)
    result.assert_outcomes(failed=1)
    assert "    1 * backlog/added {'id': 'T1'" in text
    assert "    2   backlog/added {'id': 'T2'" in text


def test_long_runs_are_short_in_the_report(ran):
    """Of many commits the last twenty are shown, of long payloads and changes the beginning."""
    result, text = ran("""
        def test_it():
            store = Store(backlog)
            for n in range(100):
                store.dispatch(added(f"T{n}", title="x" * 10_000))
            assert False
    """)
    result.assert_outcomes(failed=1)
    assert "(80 earlier commits)" in text
    assert "   80 * " not in text
    assert text.count("backlog/added {") == 20
    assert max(map(len, text.splitlines())) < 200


def test_written_to_files(ran, pytester):
    """With --statestore-dir each history of a failed test becomes a file, which the section names."""
    result, text = ran(
        """
        @pytest.mark.parametrize("n", [1, 2])
        def test_it(n):
            store = Store(backlog, name="a/b")
            store.dispatch(added(f"T{n}"))
            assert n == 1
    """,
        "--statestore-dir=kept",
    )
    result.assert_outcomes(passed=1, failed=1)
    (path,) = (pytester.path / "kept").glob("*.history")
    assert f"written to kept/{path.name}" in text
    with open_history(path) as file:
        assert [commit.action.payload["id"] for commit in file.commits] == ["T2"]


def test_what_cannot_be_shown_is_no_second_failure(ran):
    """A payload whose repr raises costs its section alone."""
    result, text = ran("""
        class Bad:
            def __repr__(self):
                raise RuntimeError("no repr")

        def test_it():
            store = Store(lambda state, action: state, 0)
            store.dispatch({"type": "x", "payload": [Bad()]})
            assert False, "the failure itself"
    """)
    result.assert_outcomes(failed=1)
    assert "the failure itself" in text
    assert "cannot be shown: RuntimeError: no repr" in text


def test_left_away(ran):
    """With -p no:statestore nothing is added, to stores or to reports."""
    result, text = ran(
        """
        def test_it():
            store = Store(backlog)
            store.dispatch(added("T1"))
            assert store.seq == 1
    """,
        "-p",
        "no:statestore",
    )
    result.assert_outcomes(failed=1)
    assert "- statestore:" not in text


def test_light_for_tests_that_make_no_store(pytester):
    """A test run that makes no store loads neither the store, the history nor the journal."""
    pytester.makepyfile("""
        import sys

        def test_it():
            heavy = {f"statestore.{name}" for name in ("core.store", "history.history", "journal", "tree.kinds")}
            assert "statestore.core.installing" in sys.modules
            assert not heavy & set(sys.modules)
    """)
    pytester.runpytest_subprocess(*QUICK).assert_outcomes(passed=1)
