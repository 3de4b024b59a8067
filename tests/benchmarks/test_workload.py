"""The workload that the budgets are measured on."""

from itertools import islice

import pytest

from benchmarks.workload import KINDS, Backlog, changes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [10, 1_000])
def test_every_action_of_the_workload_changes_something(kind, count):
    """What sets a status that is there already would be measured as a dispatch, and cost a fraction of one."""
    backlog = Backlog(KINDS[kind], count=count)
    state = backlog.initial
    for task, status in islice(changes(count), 5_000):
        before, state = state, backlog.slice(state, backlog.status_set(task, status))
        assert state is not before
