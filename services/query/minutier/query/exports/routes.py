"""Meetings to take away."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level
from minutier.query.access.door import Door
from minutier.query.access.log import Action
from minutier.query.access.ports import AccessLog
from minutier.query.access.reasons import Reasons
from minutier.query.domain import Entry, recording
from minutier.query.exports.domain import Exported, Language
from minutier.query.exports.file_name import content_disposition, file_name
from minutier.query.exports.formats import FORMATS, Export
from minutier.query.transcripts.absence import explained
from minutier.query.transcripts.read import Absent, Transcripts
from minutier.schemas.documents import MinutesDocument
from minutier.schemas.records import Kind
from minutier.shared.documents.pdf import Unrenderable
from minutier.shared.documents.render import Busy, Renderer
from minutier.shared.errors import Permanent
from minutier.shared.etags import etag, headers
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.pages.preferences import preferences
from minutier.shared.problems import described

_RETRY_SECONDS = 10

Name = Annotated[
    str, Path(max_length=32, description="as `GET exports` lists it", json_schema_extra={"enum": [*FORMATS]})
]
Asked = Annotated[
    Language | None, Query(description="of what nobody said; without it, as `Accept-Language` has it")
]
_ALL_TYPES: dict[str, Any] = {
    "content": {export.media_type.partition(";")[0]: {} for export in FORMATS.values()}
}


class Format(BaseModel):
    """A format, and what a file of it is."""

    name: str
    media_type: str
    suffix: str


def router(
    *, gate: Gate, door: Door, reasons: Reasons, log: AccessLog, transcripts: Transcripts
) -> APIRouter:
    api = APIRouter(prefix="/api/v1", tags=["exports"], responses=described(401, 403))
    asking: Any = Depends(gate.person)
    searching: Any = Depends(gate.searcher)
    saying_why: Any = Depends(reasons)
    renderer = Renderer()

    @api.get("/exports", dependencies=[asking])
    async def list_formats() -> list[Format]:
        """Every format that a recording can be taken away in."""
        return [
            Format(name=each.name, media_type=each.media_type, suffix=each.suffix)
            for each in FORMATS.values()
        ]

    @api.get(
        "/recordings/{id}/exports/{format}",
        response_class=Response,
        responses={**described(404, 410, 422, 500, 503), 200: _ALL_TYPES},
    )
    async def export(
        id: UUID,
        format: Name,
        request: Request,
        language: Asked = None,
        person: Person = searching,
        reason: str | None = saying_why,
    ) -> Response:
        """The transcript as it reads now, and in formats for people the minutes, as a file."""
        seen = await door.open(person, id, Level.READ, Kind.TRANSCRIPT, reason=reason)
        entry = seen.entry
        made_by = _format(format)
        liked = preferences(request.cookies, request.headers.get("accept-language", ""))
        with explained(entry):
            reading = await transcripts.read(entry)
        exported = Exported(
            transcript=reading.transcript,
            minutes=await _minutes(transcripts, entry),
            title=recording(entry).title,
            happened_at=entry.happened_at.astimezone(liked.zone),
            language=language or liked.language.value,
        )
        await log.write(person, Action.EXPORT, id, format=made_by.name, **seen.because)
        around = (exported.title, exported.happened_at, exported.language)
        told = headers(request, etag(reading.version, entry.minutes, made_by.name, *around))
        body = await _made(renderer, person, made_by, exported)
        name = content_disposition(file_name(exported, made_by.suffix))
        own = {
            "Content-Type": made_by.media_type,
            "Content-Disposition": name,
            "Vary": "Accept-Language, Cookie",
        }
        return Response(body, headers={**own, **told})

    return api


def _format(name: str) -> Export:
    found = FORMATS.get(name)
    if found is None:
        raise HTTPException(
            HTTPStatus.NOT_FOUND, f"There is no such format. Choose one of {', '.join(FORMATS)}."
        )
    return found


async def _minutes(transcripts: Transcripts, entry: Entry) -> MinutesDocument | None:
    """Those there are: before they are written, and after they are purged, there are none."""
    try:
        return await transcripts.minutes(entry)
    except (Absent, Permanent):
        return None


async def _made(renderer: Renderer, person: Person, export: Export, exported: Exported) -> bytes:
    try:
        return await renderer.render(person, export.render, exported)
    except Busy:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "As many exports are being made, for you or in all, as may be at a time. Ask again later.",
            {"Retry-After": str(_RETRY_SECONDS)},
        ) from None
    except Unrenderable:
        raise HTTPException(
            HTTPStatus.INTERNAL_SERVER_ERROR, "This format could not be made of this meeting. Choose another."
        ) from None
