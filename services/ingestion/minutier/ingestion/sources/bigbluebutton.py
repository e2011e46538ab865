"""BigBlueButton, whose post-archive hook sends a meeting's events and audio."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from minutier.ingestion.access import Access
from minutier.ingestion.accounts.bigbluebutton import AudioFile, Meeting
from minutier.ingestion.accounts.domain import UnreadableAccount
from minutier.ingestion.domain import Announced
from minutier.ingestion.hand_in import HandIn, each_of, numbered
from minutier.ingestion.people import owned_by
from minutier.ingestion.sources import multipart
from minutier.ingestion.sources.forms import Forms, files_in, id_in
from minutier.ingestion.sources.multipart import Form, Sent
from minutier.schemas.base import ID_CHARACTERS, NAME_CHARACTERS, TITLE_CHARACTERS
from minutier.schemas.events import AnnouncedMetadata, AnnouncedTrack, Announcement, MetadataKind
from minutier.schemas.references import Location
from minutier.shared.objects import upload_location
from minutier.shared.problems import described

SOURCE = "bigbluebutton"

_EVENTS_BYTES = 512 * 1024**2
_TRACKS = 200


class HandedIn(BaseModel):
    """What became of a meeting."""

    recordings: list[UUID] = Field(description="ids of its recordings, those known before included")
    purged: int = Field(0, description="recordings that a purge has destroyed, which are not taken in again")
    left_out: int = Field(description="audio files that lie outside the recording marks, or in no event")
    detail: str = Field(description="the same in words")


@dataclass(frozen=True)
class Part:
    """An audio file that was sent, and what the events tell of it."""

    told: AudioFile
    path: Path


@dataclass(frozen=True)
class Recording:
    """What is announced as one recording: a mix, or the files of single participants.

    ``number`` is its place among the recordings that the events tell of, sent or not.
    """

    number: int
    parts: Sequence[Part]


def recordings(meeting: Meeting, audio: Iterable[Sent]) -> list[Recording]:
    """What is to be taken in: what was sent, and lies at least partly within the recording marks.

    Every file that FreeSWITCH mixed is a recording; those that LiveKit wrote, one of each participant,
    are one together.
    """
    sent = {told: file.path for file in audio if (told := meeting.file_named(file.name)) is not None}
    mixes = [[told] for told in meeting.audio.values() if told.participant is None]
    tracks = [told for told in meeting.audio.values() if told.participant is not None]
    parts = [
        [Part(told, sent[told]) for told in files if told in sent and meeting.was_recording(told)]
        for files in sorted([*mixes, *([tracks] if tracks else [])], key=lambda files: files[0].start)
    ]
    return [Recording(number, found) for number, found in enumerate(parts) if found]


class Archives(Protocol):
    async def read(self, events: Path, into: Path) -> Meeting:
        """What an ``events.xml`` tells, and what is needed of it later in a file of its own.

        Raises `UnreadableAccount`.
        """
        ...


@dataclass(frozen=True)
class Meetings:
    """The use case: what was recorded of a meeting is announced, with the meeting server's account of it."""

    hand_in: HandIn
    archives: Archives

    async def take(self, tenant: str, form: Form) -> HandedIn:
        """Answers 422 where the form is not what the hook sends."""
        meeting_id = id_in(form, "meeting_id")
        events = files_in(form, "events")[0].path
        if events.stat().st_size > _EVENTS_BYTES:
            detail = f"'events' has more than the {_EVENTS_BYTES} bytes that are taken here."
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        account = events.with_name("account")
        try:
            meeting = await self.archives.read(events, account)
        except UnreadableAccount:
            raise _refused("'events' is no events.xml of BigBlueButton's raw archive.") from None
        if not meeting.account.recorded:
            return HandedIn(
                recordings=[],
                left_out=len(form.files.get("audio", ())),
                detail="Nobody started the recording of this meeting, so nothing of it is taken in.",
            )
        audio = files_in(form, "audio")
        if not any(meeting.file_named(file.name) for file in audio):
            raise _refused("'events' tells of none of the files in 'audio'. Send both of the same meeting.")
        found = recordings(meeting, audio)
        if any(len(recording.parts) > _TRACKS for recording in found):
            raise _refused(f"The meeting has more than {_TRACKS} audio files of single participants.")
        announced, purged = await each_of(
            self._announce(tenant, meeting, recording, numbered(meeting_id, recording.number), account)
            for recording in found
        )
        left_out = len(audio) - sum(len(recording.parts) for recording in found)
        detail = f"Recordings: {len(announced)}. Audio files left out: {left_out}."
        if purged:
            detail += f" Purged, and not taken in again: {purged}."
        return HandedIn(
            recordings=[each.recording_id for each in announced],
            purged=purged,
            left_out=left_out,
            detail=detail,
        )

    async def _announce(
        self, tenant: str, meeting: Meeting, recording: Recording, external_id: str, account: Path
    ) -> Announced:
        told, locations = upload_location(), [upload_location() for _ in recording.parts]
        announcement = _announcement(meeting, recording, locations, external_id=external_id, account=told)
        files = {location: part.path for location, part in zip(locations, recording.parts, strict=True)}
        return await self.hand_in.announce(tenant, announcement, files | {told: account})


def router(access: Access, forms: Forms, meetings: Meetings) -> APIRouter:
    routes = APIRouter(tags=["sources"])

    async def take(request: Request, tenant: Annotated[str, Depends(access.tenant)]) -> HandedIn:
        """Take a meeting of BigBlueButton: its `events.xml`, and the files of its raw archive's `audio`."""
        async with forms.sent(request, tenant) as form:
            return await meetings.take(tenant, form)

    routes.post("/webhooks/bigbluebutton", openapi_extra=_FORM, responses=described(410))(take)
    return routes


def _announcement(
    meeting: Meeting,
    recording: Recording,
    locations: Sequence[Location],
    *,
    external_id: str,
    account: Location,
) -> Announcement:
    start = min(part.told.start for part in recording.parts)
    tracks = tuple(
        AnnouncedTrack(
            participant=_name(meeting, part.told.participant, screen=part.told.screen),
            # The voices in what somebody shares are not theirs.
            external_id=None if part.told.screen else part.told.participant[:ID_CHARACTERS],
            location=location,
            offset=part.told.start - start,
        )
        for part, location in zip(recording.parts, locations, strict=True)
        if part.told.participant is not None
    )
    return Announcement(
        source=SOURCE,
        external_id=external_id,
        title=meeting.title and meeting.title[:TITLE_CHARACTERS],
        started_at=datetime.fromtimestamp(start, UTC),
        ended_at=datetime.fromtimestamp(max(part.told.end for part in recording.parts), UTC),
        mix=None if tracks else locations[0],
        tracks=tracks,
        people=owned_by(meeting.owner),
        metadata=AnnouncedMetadata(kind=MetadataKind.BIGBLUEBUTTON, location=account),
    )


def _name(meeting: Meeting, participant: str, *, screen: bool) -> str:
    """Whose track it is; of whom no name is known, the id."""
    name = meeting.account.names.get(participant, participant)
    suffix = " · screen" if screen else ""
    return name[: NAME_CHARACTERS - len(suffix)] + suffix


def _refused(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


_FORM = multipart.described(
    {
        "meeting_id": {"type": "string", "maxLength": 200, "description": "the internal one"},
        "events": multipart.FILE | {"description": "events.xml"},
        "audio": {"type": "array", "items": multipart.FILE, "description": "under their own names"},
    },
    required=["meeting_id", "events", "audio"],
)
