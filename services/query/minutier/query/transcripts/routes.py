"""Who said what, and the minutes."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from minutier.query.access.domain import Level
from minutier.query.access.door import Door
from minutier.query.access.log import Action
from minutier.query.access.ports import AccessLog
from minutier.query.access.reasons import Reasons
from minutier.query.transcripts.absence import explained
from minutier.query.transcripts.read import Transcripts
from minutier.schemas.documents import MinutesDocument, TranscriptDocument
from minutier.schemas.records import Kind
from minutier.shared import rendering
from minutier.shared.etags import etag, headers
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import described


class Cited(BaseModel):
    """Where a cited segment is in the recording, in seconds, and who speaks."""

    start: float
    end: float
    speaker: str


class Minutes(MinutesDocument):
    """The minutes, and the times of the segments they cite."""

    segments: dict[str, Cited] = Field(default_factory=dict)


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
    *, gate: Gate, door: Door, reasons: Reasons, log: AccessLog, transcripts: Transcripts
) -> APIRouter:
    api = APIRouter(
        prefix="/api/v1/recordings/{id}", tags=["transcripts"], responses=described(401, 403, 404, 410, 422)
    )
    asking: Any = Depends(gate.person)
    saying_why: Any = Depends(reasons)

    @api.get(
        "/transcript",
        response_class=Response,
        responses={200: {"content": {kind.partition(";")[0]: {} for kind, _ in _FORMATS.values()}}},
    )
    async def get_transcript(
        id: UUID,
        request: Request,
        format: Format = Format.JSON,
        person: Person = asking,
        reason: str | None = saying_why,
    ) -> Response:
        """Who said what, with what people have edited.

        The `ETag` of `json` is what an edit can be made to depend on.
        """
        seen = await door.open(person, id, Level.READ, Kind.TRANSCRIPT, reason=reason)
        with explained(seen.entry):
            reading = await transcripts.read(seen.entry)
        await log.write(person, Action.TRANSCRIPT, id, format=format.value, **seen.because)
        tag = reading.etag if format is Format.JSON else etag(reading.version, format)
        given = headers(request, tag)
        media_type, render = _FORMATS[format]
        body = await transcripts.rendered(reading, format, render)
        return Response(body, headers={"Content-Type": media_type, **given})

    @api.get("/minutes", response_model_exclude_none=True)
    async def get_minutes(
        id: UUID,
        request: Request,
        response: Response,
        person: Person = asking,
        reason: str | None = saying_why,
    ) -> Minutes:
        """The minutes, with the times they rest on as long as there is a transcript."""
        seen = await door.open(person, id, Level.READ, Kind.MINUTES, reason=reason)
        entry = seen.entry
        with explained(entry):
            minutes = await transcripts.minutes(entry)
            reading = None if Kind.TRANSCRIPT in entry.destroyed else await transcripts.read(entry)
        await log.write(person, Action.MINUTES, id, **seen.because)
        version = reading.version if reading else None
        response.headers.update(headers(request, etag(entry.minutes, version)))
        items = (*minutes.summary, *minutes.topics, *minutes.decisions, *minutes.actions, *minutes.questions)
        cited = {segment_id for item in items for segment_id in item.cites}
        return Minutes(
            **dict(minutes),
            segments={
                segment.id: Cited(start=segment.start, end=segment.end, speaker=segment.speaker)
                for segment in (reading.transcript.segments if reading else ())
                if segment.id in cited
            },
        )

    return api
