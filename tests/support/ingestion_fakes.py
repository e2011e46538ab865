"""Announcements, and what taking them in needs, in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from minutier.ingestion.accounts.domain import Account, UnreadableAccount
from minutier.ingestion.domain import Held, Limits, Taken
from minutier.ingestion.ports import Unreachable
from minutier.ingestion.spans import Span
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import (
    AnnouncedTrack,
    Announcement,
    Ingested,
    MetadataKind,
    RecordingAnnounced,
    recording_id,
)
from minutier.schemas.references import Link, Location, ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared.objects import ARTEFACTS, RECORDINGS, UPLOADS
from minutier.shared.worker import Report

LIMITS = Limits(seconds=3600.0, size=1000)

_REASONS = {reason.value for reason in RejectionReason}


def upload(key: str = "one/media") -> Location:
    return Location(bucket=UPLOADS, key=key)


def track(
    participant: str, key: str, offset: float = 0.0, *, external_id: str | None = None
) -> AnnouncedTrack:
    return AnnouncedTrack(
        participant=participant, external_id=external_id, location=upload(key), offset=offset
    )


def announced(
    external_id: str = "meeting-1",
    *,
    subject: UUID | None = None,
    tenant: str = "acme",
    by: str = "minutier/tests",
    **announcement: Any,
) -> RecordingAnnounced:
    """An announcement of a mix, unless tracks are given, under the id that it has to have."""
    media = {} if announcement.get("tracks") else {"mix": upload()}
    data = Announcement(source="livekit", external_id=external_id, **(media | announcement))
    return RecordingAnnounced.of(
        subject or recording_id(tenant, data.source, data.external_id),
        tenant=tenant,
        source=by,
        data=data,
    )


def taken_in(event: RecordingAnnounced) -> Ingested:
    """As the outcome of taking ``event`` in; its objects are nowhere."""
    ref = _ref(RECORDINGS, "key", b"")
    return Ingested(
        recording=ref,
        source=event.data.source,
        announced_at=event.time,
        duration=1.0,
        audio=ref,
        processing_seconds=1.0,
    )


class Shelf:
    """Objects in memory, by bucket and key; whoever has what a link leads to does not answer."""

    def __init__(self, uploads: Mapping[str, bytes], *, forbidden: Collection[str] = ()) -> None:
        self.objects = {(UPLOADS, key): body for key, body in uploads.items()}
        self.documents: list[RecordingDocument] = []
        self._forbidden = forbidden

    def allows(self, media: Location | Link, *, tenant: str) -> bool:
        return isinstance(media, Link) or media.bucket not in self._forbidden

    async def take(
        self, media: Location | Link, into: Path, *, tenant: str, limit: int
    ) -> Taken | RejectionReason:
        if isinstance(media, Link):
            raise Unreachable
        body = self.objects.get((media.bucket, media.key))
        if body is None:
            return RejectionReason.NOT_FOUND
        if len(body) > limit:
            return RejectionReason.TOO_LARGE
        await asyncio.to_thread(into.write_bytes, body)
        return Taken(hashlib.sha256(body).hexdigest(), len(body))

    async def keep(self, file: Path, key: str, content_type: str) -> ObjectRef:
        body = await asyncio.to_thread(file.read_bytes)
        self.objects[RECORDINGS, key] = body
        return _ref(RECORDINGS, key, body)

    async def describe(self, document: RecordingDocument, *, tenant: str, version: str) -> ObjectRef:
        self.documents.append(document)
        body = document.model_dump_json().encode()
        return _ref(ARTEFACTS, f"{tenant}/{document.recording_id}/ingestion/{version}.json", body)

    async def discard(self, location: Location | Link) -> None:
        if isinstance(location, Location):
            self.objects.pop((location.bucket, location.key), None)


class Lengths:
    """A normaliser to which a file's text is its length in seconds, or the reason to reject it.

    ``recorded`` is what was recorded of each.
    """

    def __init__(self) -> None:
        self.recorded: list[Sequence[Span] | None] = []

    async def normalise(
        self,
        source: Path,
        target: Path,
        limits: Limits,
        *,
        recorded: Sequence[Span] | None,
        report: Report,
    ) -> float | RejectionReason:
        self.recorded.append(recorded)
        report(0.5)
        text = await asyncio.to_thread(source.read_text)
        if text in _REASONS:
            return RejectionReason(text)
        await asyncio.to_thread(target.write_text, f"normalised {text}")
        return float(text)


class Told:
    """A reader to which every account says ``account``, unless it is unreadable."""

    def __init__(self, account: Account | None) -> None:
        self._account = account

    async def read(self, kind: MetadataKind, file: Path) -> Account:
        if self._account is None:
            raise UnreadableAccount
        return self._account


class Ids:
    """A register that holds these recordings."""

    def __init__(self, *ids: UUID) -> None:
        self._ids = ids

    async def holds(self, recording_id: UUID) -> bool:
        return recording_id in self._ids


class Stream:
    """Announcements in memory."""

    def __init__(self, *events: RecordingAnnounced) -> None:
        self.held = [Held(number, event) for number, event in enumerate(events, start=1)]

    @property
    def events(self) -> list[RecordingAnnounced]:
        return [held.event for held in self.held]

    async def of(self, recording_id: UUID) -> AsyncIterator[Held]:
        for held in list(self.held):
            if held.event.subject == recording_id:
                yield held

    async def remove(self, held: Held) -> None:
        self.held.remove(held)

    async def remove_undelivered(self, recording_id: UUID) -> None:
        """None was given up on."""


def _ref(bucket: str, key: str, body: bytes) -> ObjectRef:
    return ObjectRef(bucket=bucket, key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
