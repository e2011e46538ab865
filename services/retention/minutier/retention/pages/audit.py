"""The page of the audit log."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from minutier.retention.audit.domain import Action
from minutier.retention.officers import officer
from minutier.retention.pages.office import Office
from minutier.retention.pages.paging import listed
from minutier.retention.pages.views.audit import days
from minutier.shared.identity.domain import Person
from minutier.shared.pages.render import formats

_ENTRIES = 100
# PostgreSQL has no larger integer.
_LAST = 2**31 - 1


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)
    costly: Any = officer(office.gate, costly=True)

    @api.get("/audit")
    async def show_audit(
        request: Request,
        after: Annotated[int | None, Query(ge=1, le=_LAST)] = None,
        action: Annotated[str, Query(max_length=40)] = "",
        person: Person = asking,
    ) -> Response:
        """All of it where there is no such ``action``."""
        wanted = Action(action) if action in set(Action) else None
        async with office.logs.of(person.tenant) as log:
            found = await log.page(limit=_ENTRIES + 1, after=after, action=wanted)
        page = listed(found, _ENTRIES, "/audit", after=after, place=lambda each: each.number, action=wanted)
        return await office.pages.page(
            request,
            "audit.html",
            person=person,
            entries=page,
            days=days(page.items, formats(request)),
            action=wanted,
            known=tuple(Action),
            integrity=office.watch.last(person.tenant),
        )

    @api.post("/audit")
    async def look_again(person: Person = costly) -> Response:
        """Read all of it, and see whether it is what was written."""
        await office.watch.look(person.tenant)
        return RedirectResponse("/audit", HTTPStatus.SEE_OTHER)

    return api
