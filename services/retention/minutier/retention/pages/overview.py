"""The way in."""

from typing import Any

from fastapi import APIRouter, Request, Response

from minutier.retention.officers import officer
from minutier.retention.pages.office import Office
from minutier.retention.pages.views.erasures import by_urgency
from minutier.retention.pages.views.overview import overview
from minutier.retention.purges.routes import shown
from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person
from minutier.shared.pages.render import formats

_HOLDS = 20
_PURGES = 40
_REQUESTS = 20


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)

    @api.get("/")
    async def show_overview(request: Request, person: Person = asking) -> Response:
        async with office.desks.of(person.tenant) as desk:
            view = overview(
                await desk.register.tenant(),
                await desk.holds.page(limit=_HOLDS),
                [await shown(each, desk, office.terms) for each in (await desk.purges.open())[:_PURGES]],
                requests=by_urgency(
                    await desk.requests.page(limit=_REQUESTS, unanswered=True), formats(request)
                ),
                due=await desk.purges.candidates.count_due(now()),
                integrity=office.watch.last(person.tenant),
            )
        return await office.pages.page(request, "overview.html", person=person, overview=view)

    return api
