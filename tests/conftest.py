"""How long the tests run: small counts by default, the full ones with STATESTORE_THOROUGH=1."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("STATESTORE_THOROUGH") == "1"

# No deadlines: machines under load are slow now and then, and a law is no less true there.
_shared = {"deadline": None, "report_multiple_bugs": False, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=40, stateful_step_count=20, **_shared)
settings.register_profile("thorough", max_examples=400, stateful_step_count=50, **_shared)
settings.load_profile("thorough" if THOROUGH else "quick")


@pytest.fixture(scope="session")
def scaled() -> Callable[[int, int], int]:
    """Picks between a quick count and the thorough one."""
    return lambda quick, thorough: thorough if THOROUGH else quick
