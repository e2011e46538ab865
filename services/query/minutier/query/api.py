"""The HTTP API of the read model."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import FastAPI, Query, Response
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from minutier.query.correct import UnknownSpeaker, correct
from minutier.query.domain import Entry, Fact, Kind, Recording, State, recording
from minutier.query.paging import BadCursor, Position
from minutier.query.ports import Documents, Recordings, Signals, Transactions
from minutier.query.settings import QuerySettings
from minutier.query.watch import StageProgress, watch
from minutier.schemas.base import NAME_CHARACTERS, Tenant
from minutier.schemas.documents import Document, MinutesDocument, SpeakerId, TranscriptDocument
from minutier.schemas.references import ObjectRef
from minutier.shared import rendering
from minutier.shared.bodies import SmallBodies
from minutier.shared.errors import Permanent
from minutier.shared.problems import described, install

_RECORDING = TypeAdapter(Recording)
# What was said is for the one who asked, not for a cache on the way.
_PRIVATE = {"Cache-Control": "no-store"}
_BODY_BYTES = 64 * 1024
_RETRY_SECONDS = 10
_ON_ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_NAME = rf"{_ON_ONE_LINE}*[^\s\x00-\x1f\x7f-\x9f]{_ON_ONE_LINE}*"

D = TypeVar("D", bound=Document)


class Page(BaseModel):
    """Recordings, newest first; ``next`` is what to give as ``after`` for those behind."""

    items: list[Recording]
    next: str | None


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


def build(
    *,
    recordings: Recordings,
    documents: Documents,
    signals: Signals,
    transactions: Transactions,
    settings: QuerySettings,
) -> FastAPI:
    app = FastAPI(
        title="Minutier",
        version="1",
        # Their pages load scripts from elsewhere; the document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        description="Recordings, who said what in them, and their minutes.",
        responses=described(404, 422),
    )
    install(app)
    app.add_middleware(SmallBodies, limit=_BODY_BYTES)
    watching = asyncio.Semaphore(settings.watchers)

    async def entry_of(id: UUID) -> Entry:
        entry = await recordings.find(id)
        if entry is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no recording with this id.")
        return entry

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

    @app.get("/api/v1/recordings")
    async def list_recordings(
        tenant: Annotated[Tenant | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
    ) -> Page:
        """Recordings, newest first."""
        try:
            position = Position.decode(after) if after else None
        except BadCursor:
            raise HTTPException(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "'after' is no cursor: give the 'next' of an earlier page, or leave it.",
            ) from None
        # One more than asked for tells whether there is a next page.
        found = await recordings.page(tenant=tenant, limit=limit + 1, after=position)
        shown = found[:limit]
        behind = Position(shown[-1].announced_at, shown[-1].id).encode() if len(found) > limit else None
        return Page(items=[recording(entry) for entry in shown], next=behind)

    @app.get("/api/v1/recordings/{id}")
    async def get_recording(id: UUID) -> Recording:
        """How far a recording is."""
        return recording(await entry_of(id))

    @app.get(
        "/api/v1/recordings/{id}/transcript",
        response_class=Response,
        responses={200: {"content": {kind.partition(";")[0]: {} for kind, _ in _FORMATS.values()}}},
    )
    async def get_transcript(id: UUID, format: Format = Format.JSON) -> Response:
        """Who said what."""
        transcript = await transcript_of(await entry_of(id))
        media_type, render = _FORMATS[format]
        # Hours of speech take a while, in which others want to be answered.
        body = await asyncio.to_thread(render, transcript)
        return Response(body, headers={"Content-Type": media_type, **_PRIVATE})

    @app.get("/api/v1/recordings/{id}/minutes", response_model_exclude_none=True)
    async def get_minutes(id: UUID, response: Response) -> Minutes:
        """The minutes, with the times they rest on."""
        entry = await entry_of(id)
        minutes = await document_of(entry, entry.newest(Kind.WRITTEN), MinutesDocument, "minutes")
        transcript = await transcript_of(entry)
        items = (*minutes.summary, *minutes.topics, *minutes.decisions, *minutes.actions, *minutes.questions)
        cited = {segment_id for item in items for segment_id in item.cites}
        response.headers.update(_PRIVATE)
        return Minutes(
            **dict(minutes),
            segments={
                segment.id: Cited(start=segment.start, end=segment.end, speaker=segment.speaker)
                for segment in transcript.segments
                if segment.id in cited
            },
        )

    @app.put(
        "/api/v1/recordings/{id}/speakers/{speaker}",
        status_code=HTTPStatus.ACCEPTED,
        responses=described(400, 409, 413),
    )
    async def name_speaker(id: UUID, speaker: SpeakerId, correction: Correction) -> Recording:
        """Say who a speaker of the transcript is. The transcript and the minutes are then written anew."""
        entry = await entry_of(id)
        if entry.newest(Kind.RECEIVED) is not None:
            raise HTTPException(
                HTTPStatus.CONFLICT,
                "This is a text that was handed in. Name its speakers there and hand it in again.",
            )
        transcript = await transcript_of(entry)
        try:
            await correct(
                entry,
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
        return recording(entry)

    @app.get(
        "/api/v1/recordings/{id}/progress",
        response_class=EventSourceResponse,
        responses=described(503) | {200: {"content": {"text/event-stream": {}}}},
    )
    async def follow(id: UUID) -> EventSourceResponse:
        """Server-sent events until the recording is done.

        `state` has a whole recording, first as it is now; `progress` has a stage and a fraction.
        """
        await entry_of(id)
        if watching.locked():
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "As many clients follow recordings as this server serves. Ask again later.",
                {"Retry-After": str(_RETRY_SECONDS)},
            )

        async def events() -> AsyncIterator[ServerSentEvent]:
            updates = watch(id, recordings=recordings, signals=signals, poll_seconds=settings.poll_seconds)
            # Closed with the client's connection, and not when the garbage is collected.
            async with watching, aclosing(updates):
                async for update in updates:
                    yield _sse(update)

        return EventSourceResponse(
            events(),
            ping=settings.heartbeat_seconds,
            send_timeout=settings.send_seconds,
        )

    return app


def _absence(found: Recording, document: str) -> str:
    """Why a recording has no such document."""
    if found.reason is None:
        return f"This recording has no {document} yet: its state is '{found.state}'."
    ended = "it failed" if found.state is State.FAILED else f"it was {found.state}"
    return f"This recording has no {document}: {ended} ({found.reason}). {found.explanation}"


def _sse(update: Recording | StageProgress) -> ServerSentEvent:
    if isinstance(update, StageProgress):
        data = json.dumps({"stage": update.stage, "fraction": update.fraction})
        return ServerSentEvent(data, event="progress")
    return ServerSentEvent(_RECORDING.dump_json(update).decode(), event="state")
