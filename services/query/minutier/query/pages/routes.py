"""The pages. What they let people change goes through the API, from the pages' scripts."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level, Seen
from minutier.query.access.door import REASON_NEEDED, Door
from minutier.query.access.reasons import Reasons, checked
from minutier.query.edits.asked import Asked
from minutier.query.edits.lay import Laying
from minutier.query.pages.read import (
    Sources,
    read_accesses,
    read_edited,
    read_found,
    read_meeting,
    read_meetings,
    read_report,
)
from minutier.schemas.records import Kind
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import Gate
from minutier.shared.pages.render import Pages, formats
from minutier.shared.problems import Refusal

# PostgreSQL has no larger identity.
_LAST = 2**63 - 1

Cursor = Annotated[str | None, Query(max_length=300)]
After = Annotated[int | None, Query(ge=1, le=_LAST)]


def router(
    *, gate: Gate, door: Door, reasons: Reasons, laying: Laying, sources: Sources, pages: Pages
) -> APIRouter:
    api = APIRouter(include_in_schema=False)
    asking: Any = Depends(gate.person)
    searching: Any = Depends(gate.searcher)
    saying_why: Any = Depends(reasons)

    @api.get("/")
    async def show_meetings(request: Request, after: Cursor = None, person: Person = asking) -> Response:
        view = await read_meetings(sources, person, request.query_params, after, formats(request))
        return await pages.page(request, "meetings.html", person=person, **view)

    @api.get("/search")
    async def show_found(
        request: Request,
        q: Annotated[str, Query(max_length=2000)] = "",
        after: Cursor = None,
        person: Person = searching,
    ) -> Response:
        view = await read_found(sources, person, q.strip(), after)
        return await pages.page(request, "search.html", person=person, **view)

    @api.get("/recordings/{id}")
    async def show_meeting(
        id: UUID, request: Request, person: Person = searching, reason: str | None = saying_why
    ) -> Response:
        seen = await door.open(person, id, Level.STATUS, reason=reason)
        view = await read_meeting(sources, person, seen)
        return await pages.page(request, "meeting.html", person=person, **view)

    async def opened(person: Person, id: UUID, level: Level, of: Kind, reason: str | None) -> Seen:
        """As the door does; who has to say why first is shown where."""
        try:
            return await door.open(person, id, level, of, reason=reason)
        except Refusal as refusal:
            if refusal.reason != REASON_NEEDED:
                raise
            there = {"Location": f"/recordings/{id}"}
            raise HTTPException(HTTPStatus.SEE_OTHER, headers=there) from None

    @api.post("/recordings/{id}/reason")
    async def say_why(
        id: UUID, request: Request, reason: Annotated[str, Form(max_length=2000)], person: Person = asking
    ) -> Response:
        """Why compliance staff read what is restricted, for as long as `Reasons` keeps it."""
        seen = await door.open(person, id, Level.STATUS)
        if not seen.for_compliance:
            raise HTTPException(HTTPStatus.FORBIDDEN, "Only compliance staff say why they read it.")
        response = RedirectResponse(f"/recordings/{id}", HTTPStatus.SEE_OTHER)
        reasons.keep(response, request, id, checked(reason))
        return response

    @api.post("/recordings/{id}/edits")
    async def lay_edit(
        id: UUID, request: Request, asked: Annotated[Asked, Body()], person: Person = asking
    ) -> Response:
        """An edit, as the API takes it, answered with what the page shows otherwise for it."""
        seen = await door.open(person, id, Level.EDIT)
        # Who says which version they have read need not be taken to read it once more.
        if "if-match" not in request.headers:
            raise HTTPException(HTTPStatus.PRECONDITION_REQUIRED, "Give the version you see as 'If-Match'.")
        layer, reading = await laying.lay(request, seen, asked, person)
        view = await read_edited(sources, person, seen, layer, reading)
        template = "meeting/edited.html" if view["only"] else "meeting.html"
        answer = await pages.page(request, template, person=person, status=HTTPStatus.CREATED, **view)
        answer.headers["Minutier-Edit"] = str(layer.id)
        return answer

    @api.get("/recordings/{id}/report")
    async def show_report(
        id: UUID, request: Request, person: Person = asking, reason: str | None = saying_why
    ) -> Response:
        seen = await opened(person, id, Level.READ, Kind.TRANSCRIPT, reason)
        return await pages.page(request, "report.html", person=person, **await read_report(sources, seen))

    @api.get("/recordings/{id}/access")
    async def show_access(
        id: UUID,
        request: Request,
        after: After = None,
        person: Person = asking,
        reason: str | None = saying_why,
    ) -> Response:
        level = Level.STATUS if Role.COMPLIANCE in person.roles else Level.OWN
        seen = await opened(person, id, level, Kind.ACCESS_LOG, reason)
        view = await read_accesses(sources, person, seen, after, formats(request))
        return await pages.page(request, "accesses.html", person=person, **view)

    @api.get("/accesses")
    async def show_accesses(request: Request, after: After = None, person: Person = asking) -> Response:
        if Role.COMPLIANCE not in person.roles:
            raise HTTPException(HTTPStatus.FORBIDDEN, "Only compliance staff may see who has read what.")
        view = await read_accesses(sources, person, None, after, formats(request))
        return await pages.page(request, "accesses.html", person=person, **view)

    return api
