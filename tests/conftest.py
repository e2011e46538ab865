"""What all tests have in common."""

import os

import structlog
from hypothesis import settings

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
