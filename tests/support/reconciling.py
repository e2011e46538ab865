"""Buckets, and the register they are compared with, in memory."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime

from minutier.ingestion.domain import Announced, Identity
from minutier.schemas.events import Announcement
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.errors import ObjectMissing
from minutier.shared.objects import Listed


class Shelves:
    """Buckets by name; ``page`` objects are told at a time."""

    def __init__(self, buckets: Mapping[str, list[Listed]], *, page: int = 2) -> None:
        self._buckets = buckets
        self._page = page

    async def pages(self, bucket: str) -> AsyncIterator[list[Listed]]:
        if bucket not in self._buckets:
            raise ObjectMissing
        listed = self._buckets[bucket]
        for start in range(0, len(listed), self._page):
            yield listed[start : start + self._page]


class Book:
    """What was announced, what is expected, and what was given up."""

    def __init__(self, *overdue: Identity) -> None:
        self.announced: list[tuple[str, Announcement]] = []
        self.given_up: list[tuple[Identity, RejectionReason]] = []
        self.expected = list(overdue)
        self._etags: dict[tuple[str, str, str], set[str]] = {}

    def knows(self, tenant: str, bucket: str, key: str, etag: str = "") -> None:
        self._etags.setdefault((tenant, bucket, key), set()).add(etag)

    async def announced_among(
        self, tenant: str, bucket: str, keys: Collection[str]
    ) -> Mapping[str, frozenset[str]]:
        found = {key: self._etags.get((tenant, bucket, key)) for key in keys}
        return {key: frozenset(etags) for key, etags in found.items() if etags}

    async def overdue(self, *, limit: int) -> list[Identity]:
        return self.expected[:limit]

    async def announce(
        self, tenant: str, announcement: Announcement, *, etag: str | None = None
    ) -> Announced:
        location = announcement.mix
        assert isinstance(location, Location)
        self.knows(tenant, location.bucket, location.key, etag or "")
        self.announced.append((tenant, announcement))
        return Announced(
            Identity(tenant, announcement.source, announcement.external_id).recording_id, new=True
        )

    async def give_up(self, identity: Identity, reason: RejectionReason) -> bool:
        if identity not in self.expected:
            return False
        self.expected.remove(identity)
        self.given_up.append((identity, reason))
        return True


def listed(key: str, modified: datetime, *, etag: str | None = "e1", size: int = 1000) -> Listed:
    return Listed(key, etag, size, modified)
