"""`statestore diagnose`."""

import json

from statestore import open_history
from statestore.recording.diagnosis import Evidence, diagnose


def test_the_findings_of_a_file(ask, job):
    """They are those of the diagnosis of what the file holds, warnings first, with their evidence."""
    found = [json.loads(line) for line in ask("diagnose", job, "--json")[1].splitlines()]
    with open_history(job) as source:
        wanted = diagnose(Evidence.of_source(source))
    assert [finding["sentence"] for finding in found] == [finding.sentence for finding in wanted]
    assert all(finding["evidence"] for finding in found)
    rows = [line.split("\t") for line in ask("diagnose", job)[1].splitlines()]
    assert [row[2] for row in rows] == [finding.sentence for finding in wanted]


def test_of_a_range(ask, job):
    """Only the spans of the range are weighed."""
    found = [json.loads(line) for line in ask("diagnose", job, "--range", "root..3", "--json")[1].splitlines()]
    assert all(finding["kind"] != "dominant" for finding in found if finding["evidence"].get("name") == "work")


def test_nothing_stands_out(ask, recorded):
    """Of a file without spans and readings there is nothing to say."""
    assert ask("diagnose", recorded) == (0, "", "")
