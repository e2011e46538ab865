"""Who said what, and the minutes."""

import asyncio
import re
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, Field
from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level
from minutier.query.access.door import Door
from minutier.query.access.log import Action
from minutier.query.access.ports import AccessLog
from minutier.query.correct import UnknownSpeaker, correct
from minutier.query.domain import Entry, Fact, Kind, Recording, State, recording
from minutier.query.etags import etag, headers
from minutier.query.identity.domain import Person
from minutier.query.identity.gate import Gate
from minutier.query.ports import Documents, Transactions
from minutier.query.show import Shown, show
from minutier.schemas.base import NAME_CHARACTERS
from minutier.schemas.documents import Document, MinutesDocument, SpeakerId, TranscriptDocument
from minutier.schemas.references import ObjectRef
from minutier.shared import rendering
from minutier.shared.errors import Permanent
from minutier.shared.problems import described

_ON_ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_NAME = rf"{_ON_ONE_LINE}*[^\s\x00-\x1f\x7f-\x9f]{_ON_ONE_LINE}*"

D = TypeVar("D", bound=Document)


class Cited(BaseModel):
    """Where a cited segment is in the recording, in seconds, and who speaks."""

    start: float
    end: float
    speaker: str


class Minutes(MinutesDocument):
    """The minutes, and the times of the segments they cite."""

    segments: dict[str, Cited] = Field(default_factory=dict)


def _on_one_line(name: str) -> str:
    trimmed = name.strip()
    if not trimmed or len(name) > NAME_CHARACTERS or not re.fullmatch(_NAME, name):
        raise ValueError(f"give 1 to {NAME_CHARACTERS} characters on one line, or null to take a name back")
    return trimmed


Name = Annotated[
    str,
    AfterValidator(_on_one_line),
    Field(json_schema_extra={"minLength": 1, "maxLength": NAME_CHARACTERS, "pattern": f"^{_NAME}$"}),
]


class Correction(BaseModel):
    """Who a speaker is; ``null`` takes back what was said before."""

    name: Name | None = Field(examples=["Anna"])


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    RTTM = "rttm"


_FORMATS: dict[Format, tuple[str, Callable[[TranscriptDocument], str]]] = {
    Format.TEXT: ("text/plain; charset=utf-8", rendering.text),
    Format.JSON: ("application/json", lambda document: document.model_dump_json(exclude_none=True)),
    Format.VTT: ("text/vtt; charset=utf-8", rendering.vtt),
    Format.SRT: ("application/x-subrip; charset=utf-8", rendering.srt),
    Format.RTTM: ("text/plain; charset=utf-8", rendering.rttm),
}


def router(
    *, gate: Gate, door: Door, log: AccessLog, documents: Documents, transactions: Transactions
) -> APIRouter:
    api = APIRouter(
        prefix="/api/v1/recordings/{id}", tags=["transcripts"], responses=described(401, 403, 404, 422)
    )
    asking: Any = Depends(gate.person)

    async def document_of(entry: Entry, fact: Fact | None, kind: type[D], name: str) -> D:
        if fact is None or fact.document is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, _absence(recording(entry), name))
        try:
            return await documents.load(kind, ObjectRef.model_validate(fact.document))
        except Permanent as error:
            raise HTTPException(
                HTTPStatus.NOT_FOUND, f"The {name} can no longer be read ({error.reason})."
            ) from None

    async def transcript_of(entry: Entry) -> TranscriptDocument:
        return await document_of(entry, entry.transcript, TranscriptDocument, "transcript")

    @api.get(
        "/transcript",
        response_class=Response,
        responses={200: {"content": {kind.partition(";")[0]: {} for kind, _ in _FORMATS.values()}}},
    )
    async def get_transcript(
        id: UUID, request: Request, format: Format = Format.JSON, person: Person = asking
    ) -> Response:
        """Who said what."""
        entry = (await door.open(person, id, Level.READ)).entry
        transcript = await transcript_of(entry)
        await log.write(person, Action.TRANSCRIPT, id, format=format.value)
        given = headers(request, etag(entry.transcript, format))
        media_type, render = _FORMATS[format]
        # Hours of speech take a while, in which others want to be answered.
        body = await asyncio.to_thread(render, transcript)
        return Response(body, headers={"Content-Type": media_type, **given})

    @api.get("/minutes", response_model_exclude_none=True)
    async def get_minutes(id: UUID, request: Request, response: Response, person: Person = asking) -> Minutes:
        """The minutes, with the times they rest on."""
        entry = (await door.open(person, id, Level.READ)).entry
        written = entry.newest(Kind.WRITTEN)
        minutes = await document_of(entry, written, MinutesDocument, "minutes")
        transcript = await transcript_of(entry)
        await log.write(person, Action.MINUTES, id)
        response.headers.update(headers(request, etag(written, entry.transcript)))
        items = (*minutes.summary, *minutes.topics, *minutes.decisions, *minutes.actions, *minutes.questions)
        cited = {segment_id for item in items for segment_id in item.cites}
        return Minutes(
            **dict(minutes),
            segments={
                segment.id: Cited(start=segment.start, end=segment.end, speaker=segment.speaker)
                for segment in transcript.segments
                if segment.id in cited
            },
        )

    @api.put("/speakers/{speaker}", status_code=HTTPStatus.ACCEPTED, responses=described(400, 409, 413))
    async def name_speaker(
        id: UUID, speaker: SpeakerId, correction: Correction, person: Person = asking
    ) -> Shown:
        """Say who a speaker of the transcript is. The transcript and the minutes are then written anew."""
        seen = await door.open(person, id, Level.EDIT)
        if seen.entry.newest(Kind.RECEIVED) is not None:
            raise HTTPException(
                HTTPStatus.CONFLICT,
                "This is a text that was handed in. Name its speakers there and hand it in again.",
            )
        transcript = await transcript_of(seen.entry)
        try:
            await correct(
                seen.entry,
                transcript,
                speaker,
                correction.name,
                documents=documents,
                transactions=transactions,
            )
        except UnknownSpeaker:
            raise HTTPException(
                HTTPStatus.NOT_FOUND,
                "The transcript has no speaker with this id. Its 'speakers' lists those it has.",
            ) from None
        return show(seen)

    return api


def _absence(found: Recording, document: str) -> str:
    """Why a recording has no such document."""
    if found.reason is None:
        return f"This recording has no {document} yet: its state is '{found.state}'."
    ended = "it failed" if found.state is State.FAILED else f"it was {found.state}"
    return f"This recording has no {document}: {ended} ({found.reason}). {found.explanation}"
