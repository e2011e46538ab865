"""The pages of requests of persons to be erased."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from minutier.retention.erasures.domain import Ground, State
from minutier.retention.erasures.routes import heard, no_request, put_forward, receive, turn_down
from minutier.retention.erasures.voices import Voice
from minutier.retention.officers import officer
from minutier.retention.pages.forms import SENT, Form, Unfit, answered
from minutier.retention.pages.office import Office
from minutier.retention.pages.paging import listed
from minutier.retention.pages.views import erasures as views
from minutier.schemas.clock import now
from minutier.schemas.records import Overlap
from minutier.shared.identity.domain import Person
from minutier.shared.pages.render import formats
from minutier.shared.problems import Refusal

_REQUESTS = 50


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)
    costly: Any = officer(office.gate, costly=True)

    @api.get("/erasures")
    async def show_requests(request: Request, after: UUID | None = None, person: Person = asking) -> Response:
        async with office.desks.of(person.tenant) as desk:
            found = await desk.requests.page(limit=_REQUESTS + 1, after=after)
        page = listed(
            [views.waiting(each, formats(request)) for each in found],
            _REQUESTS,
            "/erasures",
            after=after,
            place=lambda each: each.request.id,
        )
        return await office.pages.page(request, "erasures.html", person=person, requests=page)

    @api.get("/erasures/new")
    async def write_request(
        request: Request, recording: UUID | None = None, person: Person = asking
    ) -> Response:
        today = formats(request).local(now()).date()
        form = Form.of(recording_id=str(recording) if recording else "", received_on=today.isoformat())
        return await _form(office, request, person, form)

    @api.post("/erasures/new")
    async def register_request(request: Request, person: Person = asking, form: Form = SENT) -> Response:
        async def do() -> str:
            new = views.asked(form, formats(request))
            async with office.desks.of(person.tenant) as desk:
                if await desk.register.find(new.recording_id) is None:
                    raise Unfit({"recording_id": "unknown"})
                return f"/erasures/{(await receive(new, person, desk)).id}"

        return await answered(form, do, lambda form, status: _form(office, request, person, form, status))

    @api.get("/erasures/{id}")
    async def show_request(id: UUID, request: Request, person: Person = asking) -> Response:
        return await _request(office, id, request, person, Form())

    @api.post("/erasures/{id}")
    async def refuse_request(
        id: UUID, request: Request, person: Person = asking, form: Form = SENT
    ) -> Response:
        async def do() -> str:
            asked = views.refusal_asked(form)
            async with office.desks.of(person.tenant) as desk:
                await turn_down(id, asked, person, desk)
            return f"/erasures/{id}"

        return await answered(
            form, do, lambda form, status: _request(office, id, request, person, form, status)
        )

    @api.get("/erasures/{id}/voices")
    async def show_voices(id: UUID, request: Request, person: Person = costly) -> Response:
        """The page of the request with who speaks; that they looked is written down."""
        form = Form()

        async def do() -> Response:
            voices = await _heard(office, id, person)
            return await _request(office, id, request, person, form, voices=voices)

        return await answered(
            form, do, lambda form, status: _request(office, id, request, person, form, status)
        )

    @api.post("/erasures/{id}/voices")
    async def propose_request(
        id: UUID, request: Request, person: Person = costly, form: Form = SENT
    ) -> Response:
        """Those who were chosen."""

        async def do() -> str:
            asked = views.proposal_asked(form)
            async with office.desks.of(person.tenant) as desk:
                proposed = await put_forward(id, asked, person, desk, office.documents)
            return f"/purges/{proposed.purge_id}"

        async def otherwise(form: Form, status: HTTPStatus) -> Response:
            voices: Sequence[Voice] | None = None
            # Choosing again needs to see them again, unless that is what is refused.
            with suppress(Refusal):
                voices = await _heard(office, id, person)
            return await _request(office, id, request, person, form, status, voices)

        return await answered(form, do, otherwise)

    return api


async def _heard(office: Office, id: UUID, person: Person) -> Sequence[Voice] | None:
    """Nobody looks at voices of which none can be chosen any more."""
    async with office.desks.of(person.tenant) as desk:
        found = await desk.requests.find(id) or no_request()
        if found.state is not State.RECEIVED:
            return None
        return await heard(found.recording_id, person, desk, office.documents)


async def _form(
    office: Office, request: Request, person: Person, form: Form, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    return await office.pages.page(request, "erasure_form.html", person=person, status=status, form=form)


async def _request(
    office: Office,
    id: UUID,
    request: Request,
    person: Person,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    voices: Sequence[Voice] | None = None,
) -> Response:
    async with office.desks.of(person.tenant) as desk:
        found = await desk.requests.find(id) or no_request()
        holds = await desk.holds.of(found.recording_id)
        purge = await desk.purges.find(found.purge_id) if found.purge_id else None
    return await office.pages.page(
        request,
        "erasure.html",
        person=person,
        status=status,
        waiting=views.waiting(found, formats(request)),
        holds=tuple(holds),
        purge=purge,
        voices=None if voices is None else tuple(voices),
        overlaps=tuple(Overlap),
        grounds=tuple(Ground),
        form=form,
    )
