"""Holds, and a store in memory that keeps what is held."""

from collections.abc import AsyncIterator, Sequence, Set
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from minutier.retention.holds.domain import Hold
from minutier.schemas.references import Location
from tests.support.retention_policies import TENANT

# By schema and table: the column that names the recording.
GUARDED = {
    "retention": {"recordings": "id", "schedules": "recording_id"},
    "ingestion": {"recordings": "id", "announced_objects": "recording_id", "jobs": "recording_id"},
    "attribution": {"parts": "recording_id"},
    "query": {
        "register": "id",
        "recordings": "id",
        "layers": "recording_id",
        "access_log": "recording_id",
        "searched": "recording_id",
        "passages": "recording_id",
    },
}


def hold(**known: Any) -> Hold:
    given: dict[str, Any] = {
        "id": uuid4(),
        "tenant": TENANT,
        "matter": "Tribunal administratif, 2026-117",
        "reason": "The records of the meetings were asked for.",
        "placed_by": "acme/officer",
        "placed_at": datetime.now(UTC),
    }
    return Hold(**{**given, **known})


class Store:
    """Only the buckets that are ``locking`` keep what is held; the others say that they do."""

    def __init__(self, locking: Set[str]) -> None:
        self._locking = locking
        self._kept: list[tuple[str, str, str]] = []
        self.held: set[tuple[str, str, str]] = set()

    def put(self, bucket: str, key: str, version: str) -> None:
        self._kept.append((bucket, key, version))

    async def locks(self, bucket: str) -> bool:
        return bucket in self._locking

    async def versions(self, bucket: str, prefix: str) -> AsyncIterator[Sequence[Location]]:
        for there, key, version in self._kept:
            if there == bucket and key.startswith(prefix):
                yield [Location(bucket=bucket, key=key, version_id=version)]

    async def set_hold(self, location: Location, held: bool) -> None:
        named = (location.bucket, location.key, str(location.version_id))
        if held:
            self.held.add(named)
        else:
            self.held.discard(named)
