"""What announcing a recording, and taking it in, need from outside."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol
from uuid import UUID

from minutier.ingestion.accounts.domain import Account
from minutier.ingestion.domain import Announced, Held, Limits, Taken
from minutier.ingestion.spans import Span
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import Announcement, MetadataKind
from minutier.schemas.references import Link, Location, ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared.worker import Report


class Unreachable(Exception):
    """Who has the media does not answer now."""


class NotThereYet(Exception):
    """What was announced is missing, and may be on its way."""


class Normaliser(Protocol):
    async def normalise(
        self,
        source: Path,
        target: Path,
        limits: Limits,
        *,
        recorded: Sequence[Span] | None,
        report: Report,
    ) -> float | RejectionReason:
        """Decode all of ``source`` into 16 kHz mono FLAC; the duration in seconds, or why not.

        Outside ``recorded``, in seconds of the result, it is silent.
        """
        ...


class Silencer(Protocol):
    async def silence(self, source: Path, target: Path, spans: Sequence[Span]) -> None:
        """Write normalised audio once more, with silence within ``spans``, in seconds of it."""
        ...


class Media(Protocol):
    async def take(
        self, media: Location | Link, into: Path, *, tenant: str, limit: int
    ) -> Taken | RejectionReason:
        """Stream what was announced into a file, where the tenant may name it. Raises `Unreachable`."""
        ...

    def allows(self, media: Location | Link, *, tenant: str) -> bool:
        """Whether the tenant may name it, whether or not it is there."""
        ...


class Accounts(Protocol):
    async def read(self, kind: MetadataKind, file: Path) -> Account:
        """What the meeting server tells. Raises `UnreadableAccount`."""
        ...


class Store(Protocol):
    async def keep(self, file: Path, key: str, content_type: str) -> ObjectRef:
        """Keep a file among the recordings; the same bytes under the same key once only."""
        ...

    async def describe(self, document: RecordingDocument, *, tenant: str, version: str) -> ObjectRef:
        """Keep what the meeting server told."""
        ...


class Recordings(Protocol):
    """Audio that was taken in."""

    async def known(self, key: str) -> ObjectRef | None:
        """What is kept under a key; ``None`` where nothing is."""
        ...

    async def fetch(self, ref: ObjectRef, into: Path) -> None:
        """Stream it into a file. Raises `Permanent` where it is missing or was changed."""
        ...

    async def keep(self, file: Path, key: str, content_type: str) -> ObjectRef: ...


class Uploads(Protocol):
    async def discard(self, location: Location | Link) -> None:
        """Remove what was uploaded for an announcement; nothing where it lies in a bucket of others."""
        ...


class Register(Protocol):
    async def holds(self, recording_id: UUID) -> bool:
        """Whether this recording was taken in; one that was rejected may be announced again."""
        ...


class Announcer(Protocol):
    async def announce(
        self, tenant: str, announcement: Announcement, *, etag: str | None = None
    ) -> Announced:
        """Announce a recording, unless it has been; ``etag`` is that of its object, where it is known.

        Raises `Purged` where the recording was.
        """
        ...


class Announcements(Protocol):
    def of(self, recording_id: UUID) -> AsyncIterator[Held]:
        """The recording's announcements that the stream still has, oldest first."""
        ...

    async def remove(self, held: Held) -> None:
        """Remove one from the stream; nothing where it is gone."""
        ...

    async def remove_undelivered(self, recording_id: UUID) -> None:
        """Remove those of the recording's that any service has given up on."""
        ...
