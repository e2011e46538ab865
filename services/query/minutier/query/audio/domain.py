"""What there is to be heard of a recording, and which bytes of it are asked for (RFC 9110, 14)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from minutier.query.domain import Entry, Kind
from minutier.query.erasures.domain import audible
from minutier.schemas.documents import Participant
from minutier.schemas.events import Ingested

_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Track:
    """What was recorded of one participant, from ``offset`` seconds into the recording on.

    ``name`` is what they are called, as long as that is known.
    """

    id: str
    name: str | None
    offset: float
    duration: float


def media(entry: Entry) -> Ingested | None:
    """What ingestion told of the recording's media; nothing of a text, or of what was not taken in.

    Nothing while one person is being erased: what is heard of it is being made.
    """
    fact = entry.newest(Kind.INGESTED)
    if fact is None or fact.ingested is None or entry.newest(Kind.RECEIVED) is not None:
        return None
    lies = audible(entry, fact.ingested)
    return Ingested.model_validate(lies) if lies else None


def tracks(ingested: Ingested, participants: Iterable[Participant]) -> tuple[Track, ...]:
    names = {participant.id: participant.name for participant in participants}
    return tuple(
        Track(track.participant_id, names.get(track.participant_id), track.offset, track.duration)
        for track in ingested.tracks
    )


class Unsatisfiable(Exception):
    """The bytes that are asked for are not there."""


@dataclass(frozen=True)
class Span:
    """``length`` bytes from ``start`` on."""

    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length

    def of(self, size: int) -> str:
        """As `Content-Range` says it."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


def asked(header: str | None, size: int) -> Span | None:
    """The part of ``size`` bytes that ``header`` asks for; ``None`` where it is all of them.

    What is malformed, in other units or several parts is answered with all, as the standard allows. Raises
    `Unsatisfiable`.
    """
    parts = _ONE_RANGE.fullmatch(header or "")
    if parts is None or not any(parts.groups()):
        return None
    first, last = parts.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return Span(size - length, length)
    start, end = int(first), min(int(last or size), size - 1)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, end - start + 1)
