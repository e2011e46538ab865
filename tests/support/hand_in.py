"""Ingestion's endpoints for forms with files, with what is behind them in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr

from minutier.ingestion import api
from minutier.ingestion.access import Access
from minutier.ingestion.accounts.bigbluebutton import Meeting
from minutier.ingestion.accounts.reader import read_archive
from minutier.ingestion.domain import Announced, Limits
from minutier.ingestion.sources.forms import Forms
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.events import Announcement, recording_id
from minutier.schemas.references import Location, ObjectRef
from minutier.shared.worker import ignore

TENANT = "acme"
KEY = "a key of sixteen characters or more"
ACCESS = Access(Tenants({TENANT: Tenant(api_key=SecretStr(KEY))}), operator_key=None)


def forms(workspace: Path, *, size: int = 10_000_000) -> Forms:
    """Forms of at most ``size`` bytes."""
    limits = Limits(seconds=60, size=size)
    return Forms(limits_of=lambda _: limits, workspace=workspace)


class Uploads:
    """Objects in memory, by bucket and key."""

    def __init__(self) -> None:
        self.bodies: dict[tuple[str, str], bytes] = {}

    def at(self, location: object) -> bytes:
        assert isinstance(location, Location)
        return self.bodies[location.bucket, location.key]

    async def upload(self, bucket: str, key: str, file: Path, content_type: str) -> ObjectRef:
        body = await asyncio.to_thread(file.read_bytes)
        self.bodies[bucket, key] = body
        return ObjectRef(bucket=bucket, key=key, sha256="0" * 64, size=len(body))

    async def remove(self, location: Location) -> None:
        del self.bodies[location.bucket, location.key]


class Announcements:
    """Announcements in memory; each recording is taken in at once, after as many ``failures``."""

    def __init__(self) -> None:
        self.made: list[Announcement] = []
        self.failures = 0

    async def announce(
        self, tenant: str, announcement: Announcement, *, etag: str | None = None
    ) -> Announced:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database does not answer")
        new = all(announcement.external_id != made.external_id for made in self.made)
        if new:
            self.made.append(announcement)
        return Announced(recording_id(tenant, announcement.source, announcement.external_id), new=new)


class Archives:
    """Reads BigBlueButton's events here, and in no child."""

    async def read(self, events: Path, into: Path) -> Meeting:
        return await asyncio.to_thread(read_archive, events, into, report=ignore)


@asynccontextmanager
async def client_of(router: APIRouter, *, key: str = KEY) -> AsyncIterator[AsyncClient]:
    """A client of a tenant's."""
    async with AsyncClient(
        transport=ASGITransport(app=api.build([router])),
        base_url="http://ingestion",
        headers={"Authorization": f"Bearer {key}"},
    ) as client:
        yield client
