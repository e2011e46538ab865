"""The pages. What they let people change goes through the API, from the pages' scripts."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level
from minutier.query.access.door import Door
from minutier.query.edits.asked import Asked
from minutier.query.edits.lay import Laying
from minutier.query.identity.domain import Person, Role
from minutier.query.identity.gate import Gate
from minutier.query.identity.site import local_path
from minutier.query.pages import assets
from minutier.query.pages.preferences import LANGUAGE_COOKIE, THEME_COOKIE, Language, Theme
from minutier.query.pages.read import (
    Sources,
    read_accesses,
    read_edited,
    read_found,
    read_meeting,
    read_meetings,
    read_report,
)
from minutier.query.pages.render import formats, page

_YEAR = 365 * 24 * 3600
# PostgreSQL has no larger identity.
_LAST = 2**63 - 1

_FOREVER = {"Cache-Control": f"public, max-age={_YEAR}, immutable", "Vary": "Accept-Encoding"}

Cursor = Annotated[str | None, Query(max_length=300)]
After = Annotated[int | None, Query(ge=1, le=_LAST)]


def router(*, gate: Gate, door: Door, laying: Laying, sources: Sources) -> APIRouter:
    pages = APIRouter(include_in_schema=False)
    asking: Any = Depends(gate.person)
    searching: Any = Depends(gate.searcher)

    @pages.get("/")
    async def show_meetings(request: Request, after: Cursor = None, person: Person = asking) -> Response:
        view = await read_meetings(sources, person, request.query_params, after, formats(request))
        return await page(request, "meetings.html", person=person, **view)

    @pages.get("/search")
    async def show_found(
        request: Request,
        q: Annotated[str, Query(max_length=2000)] = "",
        after: Cursor = None,
        person: Person = searching,
    ) -> Response:
        view = await read_found(sources, person, q.strip(), after)
        return await page(request, "search.html", person=person, **view)

    @pages.get("/recordings/{id}")
    async def show_meeting(id: UUID, request: Request, person: Person = searching) -> Response:
        seen = await door.open(person, id, Level.STATUS)
        view = await read_meeting(sources, person, seen)
        return await page(request, "meeting.html", person=person, **view)

    @pages.post("/recordings/{id}/edits")
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
        answer = await page(request, template, person=person, status=HTTPStatus.CREATED, **view)
        answer.headers["Minutier-Edit"] = str(layer.id)
        return answer

    @pages.get("/recordings/{id}/report")
    async def show_report(id: UUID, request: Request, person: Person = asking) -> Response:
        seen = await door.open(person, id, Level.READ)
        return await page(request, "report.html", person=person, **await read_report(sources, seen))

    @pages.get("/recordings/{id}/access")
    async def show_access(
        id: UUID, request: Request, after: After = None, person: Person = asking
    ) -> Response:
        compliance = Role.COMPLIANCE in person.roles
        seen = await door.open(person, id, Level.STATUS if compliance else Level.OWN)
        view = await read_accesses(sources, person, seen, after, formats(request))
        return await page(request, "accesses.html", person=person, **view)

    @pages.get("/accesses")
    async def show_accesses(request: Request, after: After = None, person: Person = asking) -> Response:
        if Role.COMPLIANCE not in person.roles:
            raise HTTPException(HTTPStatus.FORBIDDEN, "Only compliance staff may see who has read what.")
        view = await read_accesses(sources, person, None, after, formats(request))
        return await page(request, "accesses.html", person=person, **view)

    @pages.post("/preferences")
    async def keep_preferences(
        request: Request,
        back: Annotated[str, Form(max_length=2000)] = "/",
        language: Annotated[Language | None, Form()] = None,
        theme: Annotated[Theme | None, Form()] = None,
    ) -> Response:
        gate.refuse_elsewhere(request)
        response = RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
        for cookie, chosen in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, theme)):
            if chosen is not None:
                response.set_cookie(cookie, chosen.value, max_age=_YEAR, httponly=True, samesite="lax")
        return response

    @pages.get("/static/{digest}/{name:path}")
    async def get_asset(digest: str, name: str, request: Request) -> Response:
        found = assets.load().find(digest, name)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file. Load the page again.")
        headers = {"Content-Type": found.media_type, "ETag": f'"{digest}"', **_FOREVER}
        if found.pressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.pressed, headers={**headers, "Content-Encoding": "gzip"})
        return Response(found.body, headers=headers)

    return pages
