"""What all tests have in common."""

import os
from typing import Any

import pytest
import structlog
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# Tests ask more often than people do, also of the services that they start.
os.environ |= {
    "MINUTIER_QUERY_REQUESTS_PER_MINUTE": "1000000",
    "MINUTIER_QUERY_SEARCHES_PER_MINUTE": "1000000",
    "MINUTIER_QUERY_FAILURES_PER_MINUTE": "1000000",
    "MINUTIER_RETENTION_REQUESTS_PER_MINUTE": "1000000",
    "MINUTIER_RETENTION_SEARCHES_PER_MINUTE": "1000000",
    "MINUTIER_RETENTION_FAILURES_PER_MINUTE": "1000000",
}

# A busy machine is no reason to fail.
settings.register_profile("minutier", deadline=None)
settings.load_profile("minutier")

# What structlog does unconfigured takes seconds for an exception: it shows every variable on the way.
structlog.configure(processors=[structlog.processors.KeyValueRenderer()])


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Of several processes one runs a file, and one all that share the system with models."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "tests/e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)
