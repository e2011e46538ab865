"""What tells a failure that a retry may mend from one that it cannot."""

import re

_CODE = re.compile(r"[a-z][a-z0-9_]*")


class Permanent(Exception):
    """No retry helps. ``reason`` is a code such as ``object_missing``; it holds no content.

    Raises `ValueError` where ``reason`` is anything but a code: others are shown it.
    """

    def __init__(self, reason: str) -> None:
        if not _CODE.fullmatch(reason):
            raise ValueError("a reason is a code in snake case")
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


class Purged(Exception):
    """Nothing is left of the recording, and so the event has no effect."""


class Cancelled(Exception):
    """Nobody wants the recording's result any more, and so the event has no effect."""


def code(error: Exception) -> str:
    """An exception's class as a reason code: ``WorkerDied`` is ``worker_died``. Its text is left out."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(error).__name__)
    name = words.strip("_").lower()
    return name if _CODE.fullmatch(name) else "error"
