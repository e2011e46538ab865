"""The plumbing every service uses, each concern in one module."""
