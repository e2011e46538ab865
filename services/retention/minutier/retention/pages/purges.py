"""The pages of purges."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from minutier.retention.officers import officer
from minutier.retention.pages.forms import SENT, Form, Unfit, answered
from minutier.retention.pages.office import Office
from minutier.retention.pages.paging import listed
from minutier.retention.pages.views import purges as views
from minutier.retention.pages.views.erasures import waiting
from minutier.retention.purges.domain import ItemState
from minutier.retention.purges.routes import agree, no_purge, propose, shown, take_back
from minutier.retention.purges.shown import NewPurge, PurgeShown
from minutier.shared.identity.domain import Person
from minutier.shared.pages.render import formats

_PURGES = 20
_ITEMS = 20


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)
    costly: Any = officer(office.gate, costly=True)

    @api.get("/purges")
    async def show_purges(request: Request, after: UUID | None = None, person: Person = asking) -> Response:
        return await _list(office, request, person, Form(), after=after)

    @api.post("/purges")
    async def propose_expired(request: Request, person: Person = costly, form: Form = SENT) -> Response:
        """All that is due."""

        async def do() -> str:
            return await _propose(office, NewPurge(cause="expiry"), person)

        return await answered(form, do, lambda form, status: _list(office, request, person, form, status))

    @api.get("/purges/new")
    async def write_purge(
        request: Request, recording: UUID | None = None, person: Person = asking
    ) -> Response:
        form = views.blank(str(recording) if recording else "")
        return await _form(office, request, person, form)

    @api.post("/purges/new")
    async def propose_purge(request: Request, person: Person = costly, form: Form = SENT) -> Response:
        async def do() -> str:
            return await _propose(office, views.asked(form, formats(request).zone), person)

        return await answered(form, do, lambda form, status: _form(office, request, person, form, status))

    @api.get("/purges/{id}")
    async def show_purge(
        id: UUID,
        request: Request,
        after: UUID | None = None,
        state: ItemState | None = None,
        person: Person = asking,
    ) -> Response:
        return await _purge(office, id, request, person, Form(), after=after, state=state)

    @api.get("/purges/{id}/progress")
    async def show_progress(id: UUID, request: Request, person: Person = asking) -> Response:
        """The part of the page that changes by itself."""
        async with office.desks.of(person.tenant) as desk:
            found = await desk.purges.find(id)
            purge = await shown(found, desk, office.terms) if found else no_purge()
        view = views.progress(purge)
        return await office.pages.page(request, "purge/progress.html", person=person, progress=view)

    @api.post("/purges/{id}")
    async def decide(id: UUID, request: Request, person: Person = asking, form: Form = SENT) -> Response:
        """Approve it, or withdraw it."""

        async def do() -> str:
            async with office.desks.of(person.tenant) as desk:
                match form.text("do"):
                    case "approve":
                        await agree(id, views.approval_asked(form), person, desk, office.terms)
                    case "withdraw":
                        await take_back(id, person, desk)
                    case _:
                        raise Unfit({"do": "invalid"})
            return f"/purges/{id}"

        return await answered(
            form, do, lambda form, status: _purge(office, id, request, person, form, status)
        )

    return api


async def _propose(office: Office, new: NewPurge, person: Person) -> str:
    """Where to look at what was proposed."""
    async with office.desks.of(person.tenant) as desk:
        proposed = await propose(new, person, desk)
    return f"/purges/{proposed[0].id}" if len(proposed) == 1 else "/purges"


async def _list(
    office: Office,
    request: Request,
    person: Person,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    after: UUID | None = None,
) -> Response:
    async with office.desks.of(person.tenant) as desk:
        found = await desk.purges.page(limit=_PURGES + 1, after=after)
        purges = [await shown(purge, desk, office.terms) for purge in found]
    return await office.pages.page(
        request,
        "purges.html",
        person=person,
        status=status,
        purges=listed(list(map(views.progress, purges)), _PURGES, "/purges", after=after, place=_id),
        form=form,
    )


async def _form(
    office: Office, request: Request, person: Person, form: Form, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    async with office.desks.of(person.tenant) as desk:
        tenant = await desk.register.tenant()
    return await office.pages.page(
        request, "purge_form.html", person=person, status=status, form=form, public_body=tenant.public_body
    )


async def _purge(
    office: Office,
    id: UUID,
    request: Request,
    person: Person,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    after: UUID | None = None,
    state: ItemState | None = None,
) -> Response:
    async with office.desks.of(person.tenant) as desk:
        found = await desk.purges.find(id)
        purge: PurgeShown = await shown(found, desk, office.terms) if found else no_purge()
        items = await desk.purges.items(id, limit=_ITEMS + 1, after=after, state=state)
        asked_for = await desk.requests.page(limit=1, purge_id=id)
    return await office.pages.page(
        request,
        "purge.html",
        person=person,
        status=status,
        purge=purge,
        progress=views.progress(purge),
        whole=views.whole(purge.totals),
        asked_for=waiting(asked_for[0], formats(request)) if asked_for else None,
        items=listed(
            views.items(items),
            _ITEMS,
            f"/purges/{id}",
            after=after,
            place=lambda each: each.item.recording_id,
            state=state,
        ),
        state=state,
        states=tuple(ItemState),
        signs=office.terms.signs,
        form=form,
    )


def _id(progress: views.Progress) -> UUID:
    return progress.purge.id
