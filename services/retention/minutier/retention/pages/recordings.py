"""The pages that tell how long a recording is kept, and why."""

from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from minutier.retention.officers import officer
from minutier.retention.pages.forms import SENT, Form, Unfit, answered
from minutier.retention.pages.office import Office
from minutier.retention.pages.views import recordings as views
from minutier.retention.pages.views.erasures import waiting
from minutier.retention.policies.routes import close, explained, reopen, say_what_it_is
from minutier.retention.policies.shown import RetentionShown
from minutier.shared.identity.domain import Person
from minutier.shared.pages.render import formats

_RECORDS = 20
_REQUESTS = 20


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)

    @api.get("/recordings")
    async def find_recording(
        request: Request, id: Annotated[str, Query(max_length=200)] = "", person: Person = asking
    ) -> Response:
        form = Form.of(id=id)
        if id.strip():
            with suppress(ValueError):
                return RedirectResponse(f"/recordings/{UUID(id.strip())}", HTTPStatus.SEE_OTHER)
            form = form.at_fault({"id": "not_ids"})
        return await office.pages.page(request, "recordings.html", person=person, form=form)

    @api.get("/recordings/{id}")
    async def show_recording(id: UUID, request: Request, person: Person = asking) -> Response:
        return await _recording(office, id, request, person)

    @api.post("/recordings/{id}")
    async def change_recording(
        id: UUID, request: Request, person: Person = asking, form: Form = SENT
    ) -> Response:
        """Say what it is, or that its file is closed or open again."""
        zone = formats(request).zone

        async def do() -> str:
            async with office.desks.of(person.tenant) as desk:
                match form.text("do"):
                    case "classify":
                        await say_what_it_is(id, views.classification_asked(form), person, desk)
                    case "close":
                        await close(id, views.closure_asked(form, zone), person, desk)
                    case "reopen":
                        await reopen(id, person, desk)
                    case _:
                        raise Unfit({"do": "invalid"})
            return f"/recordings/{id}"

        return await answered(
            form, do, lambda form, status: _recording(office, id, request, person, form, status)
        )

    return api


async def _recording(
    office: Office,
    id: UUID,
    request: Request,
    person: Person,
    form: Form | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Of one that is gone there are its records."""
    shown: RetentionShown | None = None
    async with office.desks.of(person.tenant) as desk:
        with suppress(HTTPException):
            shown = await explained(id, desk)
        holds = await desk.holds.of(id)
        purge = await desk.purges.about(id)
        requests = await desk.requests.page(limit=_REQUESTS, recording_id=id)
    async with office.disposals.of(person.tenant) as log:
        records = await log.page(limit=_RECORDS, recording_id=id)
    if shown is None and not records:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such recording in your organisation.")
    written = views.form_of(shown) if shown else Form()
    return await office.pages.page(
        request,
        "recording.html",
        person=person,
        status=status,
        id=id,
        shown=shown,
        holds=tuple(holds),
        purge=purge,
        requests=tuple(waiting(each, formats(request)) for each in requests),
        records=tuple(records),
        form=written if form is None else form.over(written),
    )
