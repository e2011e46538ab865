"""The use case: a recording is announced whose files came with the request."""

from collections.abc import Awaitable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import structlog

from minutier.ingestion.domain import Announced
from minutier.ingestion.ports import Announcer
from minutier.schemas.events import Announcement
from minutier.schemas.references import Location, ObjectRef
from minutier.shared.errors import Purged

log = structlog.get_logger(__name__)


class Objects(Protocol):
    async def upload(self, bucket: str, key: str, file: Path, content_type: str) -> ObjectRef: ...

    async def remove(self, location: Location) -> None: ...


class HandIn:
    """Hands recordings in for those who send them."""

    def __init__(self, objects: Objects, announcer: Announcer) -> None:
        self._objects = objects
        self._announcer = announcer

    async def announce(
        self, tenant: str, announcement: Announcement, files: Mapping[Location, Path]
    ) -> Announced:
        """Put the files where the announcement says that they are, and make it.

        Nothing of them stays where the recording was taken in before, or where this fails. Raises `Purged`.
        """
        try:
            for location, file in files.items():
                await self._objects.upload(location.bucket, location.key, file, "application/octet-stream")
            announced = await self._announcer.announce(tenant, announcement)
        except Exception:
            await self._discard(files)
            raise
        if not announced.new:
            await self._discard(files)
        return announced

    async def _discard(self, locations: Iterable[Location]) -> None:
        for location in locations:
            try:
                await self._objects.remove(location)
            except Exception as error:
                log.warning("upload not removed", bucket=location.bucket, key=location.key, exc_info=error)


async def each_of(handed_in: Iterable[Awaitable[Announced]]) -> tuple[list[Announced], int]:
    """What those came to that are handed in together, and how many are purged. Raises `Purged` if all are."""
    announced: list[Announced] = []
    purged = 0
    for one in handed_in:
        try:
            announced.append(await one)
        except Purged:
            purged += 1
    if purged and not announced:
        raise Purged
    return announced, purged


def numbered(external_id: str, number: int) -> str:
    """The id of a meeting's recording with this number, from 0; most meetings have one."""
    return f"{external_id}/{number + 1}" if number else external_id
