"""What a meeting server's own account of a meeting comes to, whoever wrote it and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from minutier.ingestion.spans import Span
from minutier.schemas.base import NAME_CHARACTERS


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
    recorded: tuple[Span, ...] | None = None


class UnreadableAccount(ValueError):
    """The file is not what its kind says; nothing of it is quoted."""


def display_name(text: str) -> str | None:
    """A name as it can be shown, on one line; ``None`` where nothing of it is left."""
    words = "".join(character if character.isprintable() else " " for character in text).split()
    return " ".join(words)[:NAME_CHARACTERS].strip() or None


def seconds_since_1970(moment: datetime) -> float:
    """Without a zone it is UTC, as servers keep it."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
