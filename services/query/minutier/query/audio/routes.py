"""What was said, to be heard."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from minutier.query.access.domain import Level
from minutier.query.access.door import Door
from minutier.query.access.reasons import Reasons
from minutier.query.audio.domain import Span, Unsatisfiable, asked, media
from minutier.query.audio.listening import Listening
from minutier.query.audio.ports import Objects
from minutier.query.audio.tracks import read_tracks
from minutier.query.domain import Entry, Kind
from minutier.query.ports import Documents
from minutier.query.transcripts.absence import being_erased, destroyed
from minutier.schemas.records import Kind as Disposed
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import Permanent
from minutier.shared.etags import etag, headers
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.places import Places
from minutier.shared.problems import described

_FLAC = "audio/flac"
# As much of it as is in memory for one client.
_CHUNK_BYTES = 256 * 1024
# Answers that are being sent, or that a player has paused.
_LISTENERS = 1000
_HEARD = 20
_RETRY_SECONDS = 10

_BINARY = {"content": {_FLAC: {"schema": {"type": "string", "format": "binary"}}}}
TrackId = Annotated[
    str | None,
    Query(pattern=r"^p[1-9][0-9]{0,8}$", description="of one participant, where there are tracks"),
]


class Track(BaseModel):
    """What was recorded of one participant; a moment of it is ``offset`` seconds later in the transcript."""

    track: str = Field(description="what `audio` is asked for it by", examples=["p1"])
    name: str | None = Field(description="who is heard; null once that was purged")
    offset: float = Field(description="when it begins, in seconds of the recording")
    duration: float = Field(description="in seconds")


class Sound(BaseModel):
    """What can be heard: a mix of all voices, the tracks of participants, or both."""

    mix: bool = Field(description="whether `audio` gives all voices where no track is asked for")
    tracks: list[Track]


class _Sending(StreamingResponse):
    """Takes a place for as long as it is sent, and no longer than whoever listens is there."""

    def __init__(
        self,
        body: AsyncIterator[bytes],
        status: HTTPStatus,
        headers: Mapping[str, str],
        *,
        media_type: str,
        place: AbstractContextManager[None],
    ) -> None:
        super().__init__(body, status, headers, media_type)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


def router(
    *,
    gate: Gate,
    door: Door,
    reasons: Reasons,
    listening: Listening,
    objects: Objects,
    documents: Documents,
) -> APIRouter:
    api = APIRouter(
        prefix="/api/v1/recordings/{id}", tags=["audio"], responses=described(401, 403, 404, 410, 422)
    )
    asking: Any = Depends(gate.person)
    saying_why: Any = Depends(reasons)
    listeners = Places(_LISTENERS, each=_HEARD, free=_LISTENERS // 2)

    async def found(id: UUID, track: str | None, person: Person, reason: str | None) -> ObjectRef:
        seen = await door.open(person, id, Level.READ, Disposed.MEDIA, reason=reason)
        ref = _audio_of(seen.entry, track)
        await listening.note(person, seen)
        return ref

    @api.get(
        "/audio",
        response_class=StreamingResponse,
        responses={**described(416, 503), 200: _BINARY, 206: {**_BINARY, "description": "a part of it"}},
    )
    async def get_audio(
        id: UUID,
        request: Request,
        track: TrackId = None,
        person: Person = asking,
        reason: str | None = saying_why,
    ) -> Response:
        """All that was recorded, or the part that `Range` asks for."""
        ref = await found(id, track, person, reason)
        told = _headers(request, ref)
        given = request.headers.get("range")
        if request.headers.get("if-range", told["ETag"]) != told["ETag"]:
            given = None
        try:
            part = asked(given, ref.size)
        except Unsatisfiable:
            raise HTTPException(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                f"There are {ref.size} bytes, and none that 'Range' asks for.",
                {"Content-Range": f"bytes */{ref.size}"},
            ) from None
        span = part or Span(0, ref.size)
        told["Content-Length"] = str(span.length)
        if part is not None:
            told["Content-Range"] = part.of(ref.size)
        status = HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT
        beginning = await _beginning(objects, ref, span)
        if not listeners.has_room(person):
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "As many clients listen, of yours or in all, as this server serves. Ask again later.",
                {"Retry-After": str(_RETRY_SECONDS)},
            )
        body = _chunks(objects, ref, span, beginning)
        return _Sending(body, status, told, media_type=_FLAC, place=listeners.taken(person))

    @api.head("/audio", responses={200: _BINARY})
    async def head_audio(
        id: UUID,
        request: Request,
        track: TrackId = None,
        person: Person = asking,
        reason: str | None = saying_why,
    ) -> Response:
        """How much there is, and which version."""
        ref = await found(id, track, person, reason)
        told = _headers(request, ref)
        await _beginning(objects, ref, Span(0, min(1, ref.size)))
        return Response(headers={**told, "Content-Length": str(ref.size)}, media_type=_FLAC)

    @api.get("/audio/tracks")
    async def list_tracks(
        id: UUID, response: Response, person: Person = asking, reason: str | None = saying_why
    ) -> Sound:
        """What can be heard of it, and where in the recording each track begins."""
        entry = (await door.open(person, id, Level.READ, Disposed.MEDIA, reason=reason)).entry
        response.headers["Cache-Control"] = "no-store"
        if entry.newest(Kind.RECEIVED) is None:
            _check(entry)
        ingested = media(entry)
        if ingested is None:
            return Sound(mix=False, tracks=[])
        return Sound(
            mix=ingested.audio is not None,
            tracks=[
                Track(track=track.id, name=track.name, offset=track.offset, duration=track.duration)
                for track in await read_tracks(ingested, documents=documents)
            ],
        )

    return api


def _audio_of(entry: Entry, track: str | None) -> ObjectRef:
    """Answers 404 where there is none, and says which there are; 410 after a purge."""
    if entry.newest(Kind.RECEIVED) is not None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This is a text that was handed in: it has no audio.")
    _check(entry)
    ingested = media(entry)
    if ingested is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This recording has no audio yet: it was not taken in.")
    by_track = {each.participant_id: each.audio for each in ingested.tracks}
    if track is None and ingested.audio is not None:
        return ingested.audio
    if track is not None and track in by_track:
        return by_track[track]
    if not by_track:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This recording has no tracks. Ask without 'track'.")
    raise HTTPException(
        HTTPStatus.NOT_FOUND, f"Ask for one of this recording's tracks: 'track' is {', '.join(by_track)}."
    )


def _check(entry: Entry) -> None:
    """Answers 404 while one person is being erased, and 410 after a purge."""
    if entry.being_erased:
        raise being_erased("sound")
    if Disposed.MEDIA in entry.destroyed or (entry.erased_at and media(entry) is None):
        raise destroyed(Disposed.MEDIA)


def _headers(request: Request, ref: ObjectRef) -> dict[str, str]:
    return {**headers(request, etag(ref.sha256)), "Accept-Ranges": "bytes"}


async def _beginning(objects: Objects, ref: ObjectRef, span: Span) -> bytes:
    """Read before anything is answered, so that what is gone is answered with 404."""
    try:
        return await _read(objects, ref, span.start, span.end)
    except Permanent as error:
        raise HTTPException(
            HTTPStatus.NOT_FOUND, f"The audio of this recording is no longer there ({error.reason})."
        ) from None


async def _chunks(objects: Objects, ref: ObjectRef, span: Span, beginning: bytes) -> AsyncIterator[bytes]:
    """Each is a request of its own to the store, so that a player that is paused holds nothing there."""
    chunk, place = beginning, span.start
    while chunk:
        yield chunk
        place += len(chunk)
        chunk = await _read(objects, ref, place, span.end)


async def _read(objects: Objects, ref: ObjectRef, start: int, end: int) -> bytes:
    return await objects.read_range(ref, start, min(_CHUNK_BYTES, end - start)) if start < end else b""
