"""What all tests have in common."""

import structlog
from hypothesis import settings

# A busy machine is no reason to fail.
settings.register_profile("minutier", deadline=None)
settings.load_profile("minutier")

# What structlog does unconfigured takes seconds for an exception: it shows every variable on the way.
structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
