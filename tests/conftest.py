"""What all tests have in common."""

import os

import pytest
import structlog
from hypothesis import settings

# Tests ask more often than people do, also of the services that they start.
os.environ |= {
    "MINUTIER_QUERY_REQUESTS_PER_MINUTE": "1000000",
    "MINUTIER_QUERY_SEARCHES_PER_MINUTE": "1000000",
    "MINUTIER_QUERY_FAILURES_PER_MINUTE": "1000000",
}

# A busy machine is no reason to fail.
settings.register_profile("minutier", deadline=None)
settings.load_profile("minutier")

# What structlog does unconfigured takes seconds for an exception: it shows every variable on the way.
structlog.configure(processors=[structlog.processors.KeyValueRenderer()])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes one runs a file, and all that share the system with models."""
    for item in items:
        file = item.path.relative_to(config.rootpath)
        shared = file.parent if file.parent.name == "e2e" else file
        item.add_marker(pytest.mark.xdist_group(str(shared)))
