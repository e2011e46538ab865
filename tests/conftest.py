"""What all tests have in common."""

from hypothesis import settings

# A busy machine is no reason to fail.
settings.register_profile("minutier", deadline=None)
settings.load_profile("minutier")
