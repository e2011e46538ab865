"""Recordings that are handed in over HTTP, and what comes of them, in memory."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from minutier.ingestion.domain import Announced
from minutier.ingestion.speech.domain import Outcome
from minutier.schemas.events import Announcement, recording_id
from minutier.schemas.references import Location, ObjectRef
from minutier.shared.objects import UPLOADS


class Bucket:
    """What was uploaded, by key."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    async def upload(self, bucket: str, key: str, file: Path, content_type: str) -> ObjectRef:
        assert bucket == UPLOADS
        self.held[key] = await asyncio.to_thread(file.read_bytes)
        return ObjectRef(bucket=bucket, key=key, sha256="0" * 64, size=len(self.held[key]))

    async def remove(self, location: Location) -> None:
        del self.held[location.key]


class Announcements:
    """What was announced; a recording that is taken in is not announced again."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Announcement]] = []
        self.taken_in: set[UUID] = set()

    async def announce(
        self, tenant: str, announcement: Announcement, *, etag: str | None = None
    ) -> Announced:
        own_id = recording_id(tenant, announcement.source, announcement.external_id)
        new = own_id not in self.taken_in
        if new:
            self.made.append((tenant, announcement))
        return Announced(own_id, new=new)


class Ends:
    """How every recording ends, once ``told``; ``waiting`` counts those who wait."""

    def __init__(self) -> None:
        self.end: Callable[[UUID], Outcome] | None = None
        self.told = asyncio.Event()
        self.waiting = 0

    def are(self, end: Callable[[UUID], Outcome]) -> None:
        self.end = end
        self.told.set()

    async def wait(self, recording_id: UUID, *, since: datetime) -> Outcome:
        self.waiting += 1
        try:
            await self.told.wait()
        finally:
            self.waiting -= 1
        assert self.end is not None
        return self.end(recording_id)
