"""The pages, for compliance staff."""

from typing import Any

from fastapi import APIRouter, Request, Response

from minutier.retention.desk import Desks
from minutier.retention.officers import officer
from minutier.retention.pages.views import overview
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.pages.render import Pages

_MOST_HOLDS = 50


def router(*, gate: Gate, desks: Desks, pages: Pages) -> APIRouter:
    api = APIRouter(include_in_schema=False)
    asking: Any = officer(gate)

    @api.get("/")
    async def show_overview(request: Request, person: Person = asking) -> Response:
        async with desks.of(person.tenant) as desk:
            tenant = await desk.register.tenant()
            holds = await desk.holds.page(limit=_MOST_HOLDS)
        return await pages.page(
            request, "overview.html", person=person, overview=overview.overview(tenant, holds)
        )

    return api
