"""What is kept of a recording: one fact for each event."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from minutier.schemas import records


class Kind(StrEnum):
    """What a fact tells."""

    ANNOUNCED = "announced"
    INGESTED = "ingested"
    RECEIVED = "received"
    DESCRIBED = "described"
    REJECTED = "rejected"
    DIARIZED = "diarized"
    TRANSCRIBED = "transcribed"
    ATTRIBUTED = "attributed"
    EDITED = "edited"
    WRITTEN = "written"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REQUESTED = "requested"
    RESTRICTED = "restricted"
    ERASING = "erasing"
    ERASED = "erased"


@dataclass(frozen=True)
class Erasure:
    """One person is erased: what is ``instead``, or, once that is done, what was ``made``.

    ``made`` has references by the digests of the media whose place they take. ``participants`` are ids of
    those whose tracks are gone.
    """

    purge_id: UUID
    instead: dict[str, Any] = field(default_factory=dict)
    participants: tuple[str, ...] = ()
    made: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """What one event told: figures, codes and references; title, names and people are what a meeting has.

    ``people`` and ``by_default`` are levels by principal; ``ingested`` is where the recording's media lies.
    ``asked_at`` is when what it follows from was told, and ``wanted_since`` when somebody asked for it all,
    if before ``at``. ``restricted`` is all that is from then on. ``erasure`` is of one person who is erased.
    """

    kind: Kind
    at: datetime
    announced_at: datetime | None = None
    asked_at: datetime | None = None
    wanted_since: datetime | None = None
    source: str | None = None
    title: str | None = None
    duration: float | None = None
    language: str | None = None
    seconds: float | None = None
    document: dict[str, Any] | None = None
    stage: str | None = None
    reason: str | None = None
    explanation: str | None = None
    started_at: datetime | None = None
    names: tuple[str, ...] = ()
    people: dict[str, int] = field(default_factory=dict)
    by_default: dict[str, int] = field(default_factory=dict)
    ingested: dict[str, Any] | None = None
    restricted: tuple[records.Kind, ...] = ()
    erasure: Erasure | None = None

    @property
    def wanted(self) -> datetime:
        """When somebody asked for the work that it tells of."""
        return self.wanted_since or self.at
