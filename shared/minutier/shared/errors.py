"""What tells a failure that a retry may mend from one that it cannot."""


class Permanent(Exception):
    """No retry helps. ``reason`` is a code such as ``object_missing``; it holds no content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ObjectMissing(Permanent):
    """The store has no such object, or not that version of it."""

    def __init__(self) -> None:
        super().__init__("object_missing")


class ObjectChanged(Permanent):
    """The object's bytes are not those its reference was made for."""

    def __init__(self) -> None:
        super().__init__("object_changed")


class Superseded(Exception):
    """A newer delivery of the same event has claimed the work; this one must leave no effect."""


class AlreadyDone(Exception):
    """An earlier delivery of the same event has left its effect."""
