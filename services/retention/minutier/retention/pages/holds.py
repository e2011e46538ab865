"""The pages of legal holds."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from minutier.retention.holds.routes import place, release
from minutier.retention.officers import officer
from minutier.retention.pages.forms import SENT, Form, answered
from minutier.retention.pages.office import Office
from minutier.retention.pages.paging import listed
from minutier.retention.pages.views import holds as views
from minutier.shared.identity.domain import Person
from minutier.shared.pages.render import formats

_HOLDS = 50
_COVERED = 100


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)

    @api.get("/holds")
    async def show_holds(request: Request, after: UUID | None = None, person: Person = asking) -> Response:
        async with office.desks.of(person.tenant) as desk:
            found = await desk.holds.page(limit=_HOLDS + 1, after=after)
        page = listed(found, _HOLDS, "/holds", after=after, place=lambda each: each.hold.id)
        return await office.pages.page(request, "holds.html", person=person, holds=page)

    @api.get("/holds/new")
    async def write_hold(
        request: Request, recording: UUID | None = None, person: Person = asking
    ) -> Response:
        form = Form.of(recordings=str(recording)) if recording else Form()
        return await _form(office, request, person, form)

    @api.post("/holds/new")
    async def place_hold(request: Request, person: Person = asking, form: Form = SENT) -> Response:
        async def do() -> str:
            new = views.asked(form, formats(request).zone)
            async with office.desks.of(person.tenant) as desk:
                return f"/holds/{(await place(new, person, desk)).hold.id}"

        return await answered(form, do, lambda form, status: _form(office, request, person, form, status))

    @api.get("/holds/{id}")
    async def show_hold(
        id: UUID, request: Request, after: UUID | None = None, person: Person = asking
    ) -> Response:
        return await _hold(office, id, request, person, Form(), after=after)

    @api.post("/holds/{id}")
    async def release_hold(
        id: UUID, request: Request, person: Person = asking, form: Form = SENT
    ) -> Response:
        async def do() -> str:
            asked = views.release_asked(form)
            async with office.desks.of(person.tenant) as desk:
                await release(id, asked, person, desk)
            return f"/holds/{id}"

        return await answered(form, do, lambda form, status: _hold(office, id, request, person, form, status))

    return api


async def _form(
    office: Office, request: Request, person: Person, form: Form, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    return await office.pages.page(request, "hold_form.html", person=person, status=status, form=form)


async def _hold(
    office: Office,
    id: UUID,
    request: Request,
    person: Person,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    after: UUID | None = None,
) -> Response:
    async with office.desks.of(person.tenant) as desk:
        hold = await desk.holds.find(id)
        if hold is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such hold in your organisation.")
        standing = await desk.holds.counted(hold)
        found = await desk.holds.covered(id, limit=_COVERED + 1, after=after)
    return await office.pages.page(
        request,
        "hold.html",
        person=person,
        status=status,
        standing=standing,
        covered=listed(found, _COVERED, f"/holds/{id}", after=after, place=str),
        form=form,
    )
