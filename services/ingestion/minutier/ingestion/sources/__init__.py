"""How recordings come in over HTTP: one module a meeting server, each with a ``router``."""
