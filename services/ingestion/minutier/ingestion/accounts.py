"""What a meeting server's own account of a meeting comes to, whoever wrote it and how."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Talk:
    """A participant talking, as the server noticed; seconds since 1970 by the server's clock."""

    participant: str
    start: float
    end: float


@dataclass(frozen=True)
class Account:
    """Who was there and who spoke when.

    ``names`` gives each participant of the server's own ids a display name. Outside ``recorded``, in
    seconds since 1970, the meeting was not being recorded; ``None`` says that the server has no marks.
    """

    names: Mapping[str, str]
    talks: tuple[Talk, ...] = ()
    recorded: tuple[tuple[float, float], ...] | None = None


class UnreadableAccount(ValueError):
    """The file is not what its kind says; nothing of it is quoted."""
