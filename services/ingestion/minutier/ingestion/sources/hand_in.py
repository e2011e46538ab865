"""The use case: a recording is announced whose files came with the request."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import structlog
from fastapi import Request
from starlette.exceptions import HTTPException

from minutier.ingestion.domain import Announced, Limits
from minutier.ingestion.ports import Announcer
from minutier.ingestion.sources.multipart import Form, Sent, receive
from minutier.schemas.events import Announcement
from minutier.schemas.references import Location, ObjectRef

log = structlog.get_logger(__name__)

# An external id has at most 256 characters, and what tells several recordings of one meeting apart is part.
_ID_CHARACTERS = 200


class Objects(Protocol):
    async def upload(self, bucket: str, key: str, file: Path, content_type: str) -> ObjectRef: ...

    async def remove(self, location: Location) -> None: ...


class HandIn:
    """Takes forms with files, and announces the recordings in them."""

    def __init__(
        self,
        objects: Objects,
        announcer: Announcer,
        *,
        limits_of: Callable[[str], Limits],
        workspace: Path,
    ) -> None:
        """``limits_of`` a tenant."""
        self._objects = objects
        self._announcer = announcer
        self._limits_of = limits_of
        self._workspace = workspace

    @asynccontextmanager
    async def form(self, request: Request, tenant: str) -> AsyncIterator[Form]:
        """The form that a request brings; its files are there until it is answered.

        Answers 413 where it has more bytes than the tenant's largest file, and 422 where it is no form.
        """
        with TemporaryDirectory(dir=self._workspace) as folder:
            yield await receive(request, Path(folder), limit=self._limits_of(tenant).size)

    async def announce(
        self, tenant: str, announcement: Announcement, files: Mapping[Location, Path]
    ) -> Announced:
        """Put the files where the announcement says that they are, and make it.

        Nothing of them stays where the recording was taken in before, or where this fails.
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


def id_in(form: Form, field: str) -> str:
    """An id of the meeting server's; answers 422 where it cannot be one."""
    value = next(iter(form.fields.get(field, ())), "")
    if not 0 < len(value) <= _ID_CHARACTERS or not value.isprintable():
        raise _missing(f"Send '{field}', of 1 to {_ID_CHARACTERS} characters.")
    return value


def files_in(form: Form, field: str) -> list[Sent]:
    """The files under a name; answers 422 where there are none."""
    if not (files := form.files.get(field)):
        raise _missing(f"Send at least one file as '{field}'.")
    return list(files)


def numbered(external_id: str, number: int) -> str:
    """The id of a meeting's recording with this number, from 0; most meetings have one."""
    return f"{external_id}/{number + 1}" if number else external_id


def _missing(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
