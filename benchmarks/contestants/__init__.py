"""The contestants by name, in the order of the tables."""

from benchmarks.contestants import floors, habits, libraries, ours
from benchmarks.contestants.contestant import Contestant

CONTESTANTS: dict[str, type[Contestant]] = {
    contestant.name: contestant for module in (floors, habits, libraries, ours) for contestant in module.CONTESTANTS
}
