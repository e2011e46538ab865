"""Jibri, which records Jitsi Meet, and whose finalize script sends a film and its ``metadata.json``."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from minutier.ingestion.access import Access
from minutier.ingestion.accounts.domain import display_name
from minutier.ingestion.domain import Announced
from minutier.ingestion.hand_in import HandIn, each_of, numbered
from minutier.ingestion.sources import multipart
from minutier.ingestion.sources.forms import Forms, files_in, id_in
from minutier.ingestion.sources.multipart import Form
from minutier.schemas.events import Announcement
from minutier.shared.objects import upload_location
from minutier.shared.problems import described

SOURCE = "jibri"

_METADATA_BYTES = 1024**2
_PARTICIPANTS = 500


class HandedIn(BaseModel):
    """What became of a session."""

    recordings: list[UUID] = Field(description="ids of its recordings, those known before included")
    purged: int = Field(description="films that a purge has destroyed, which are not taken in again")


@dataclass(frozen=True)
class Session:
    """What ``metadata.json`` tells: the room, and who was there; not who spoke."""

    room: str | None = None
    participants: tuple[str, ...] = ()


def read_session(metadata: str | bytes) -> Session:
    """What can be understood of it: however odd it is, the recording is no worse for it."""
    try:
        told = json.loads(metadata)
    except (ValueError, RecursionError):
        return Session()
    if not isinstance(told, dict):
        return Session()
    participants = told.get("participants")
    names = (_name(entry) for entry in participants) if isinstance(participants, list) else ()
    return Session(_room(told.get("meeting_url")), tuple(dict.fromkeys(filter(None, names)))[:_PARTICIPANTS])


@dataclass(frozen=True)
class Sessions:
    """The use case: the films of a session are announced, with who was there."""

    hand_in: HandIn

    async def take(self, tenant: str, form: Form) -> HandedIn:
        """Answers 422 where the form is not what the finalize script sends."""
        session_id = id_in(form, "session")
        films = files_in(form, "recording")
        session = await asyncio.to_thread(_told_in, [file.path for file in form.files.get("metadata", ())])
        announced, purged = await each_of(
            self._announce(tenant, session, numbered(session_id, number), film.path)
            for number, film in enumerate(films)
        )
        return HandedIn(recordings=[each.recording_id for each in announced], purged=purged)

    async def _announce(self, tenant: str, session: Session, external_id: str, film: Path) -> Announced:
        location = upload_location()
        announcement = Announcement(
            source=SOURCE,
            external_id=external_id,
            title=session.room,
            participants=session.participants,
            mix=location,
        )
        return await self.hand_in.announce(tenant, announcement, {location: film})


def router(access: Access, forms: Forms, sessions: Sessions) -> APIRouter:
    routes = APIRouter(tags=["sources"])

    async def take(request: Request, tenant: Annotated[str, Depends(access.tenant)]) -> HandedIn:
        """Take a session of Jibri: its film, and `metadata.json` where there is one."""
        async with forms.sent(request, tenant) as form:
            return await sessions.take(tenant, form)

    routes.post("/webhooks/jibri", openapi_extra=_FORM, responses=described(410))(take)
    return routes


def _told_in(files: Iterable[Path]) -> Session:
    file = next(iter(files), None)
    if file is None or file.stat().st_size > _METADATA_BYTES:
        return Session()
    return read_session(file.read_bytes())


def _room(url: Any) -> str | None:
    """The last part of the meeting's address."""
    try:
        path = urlsplit(url).path if isinstance(url, str) else ""
    except ValueError:
        return None
    return display_name(unquote(path.rstrip("/").rpartition("/")[2]))


def _name(entry: Any) -> str | None:
    """A participant's display name, which Jibri has from their token."""
    user = entry.get("user") if isinstance(entry, dict) else None
    name = user.get("name") if isinstance(user, dict) else None
    return display_name(name) if isinstance(name, str) else None


_FORM = multipart.described(
    {
        "session": {"type": "string", "maxLength": 200, "description": "its folder's name"},
        "recording": multipart.FILE,
        "metadata": multipart.FILE | {"description": "metadata.json"},
    },
    required=["session", "recording"],
)
