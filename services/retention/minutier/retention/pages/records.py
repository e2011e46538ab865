"""The pages of disposal records."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from minutier.retention.officers import officer
from minutier.retention.pages.office import Office
from minutier.retention.pages.paging import listed
from minutier.shared.identity.domain import Person

_RECORDS = 50
# PostgreSQL has no larger integer.
_LAST = 2**31 - 1


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)

    @api.get("/records")
    async def show_records(
        request: Request,
        after: Annotated[int | None, Query(ge=0, le=_LAST)] = None,
        purge: UUID | None = None,
        recording: UUID | None = None,
        person: Person = asking,
    ) -> Response:
        """All of them, or those of a purge or a recording."""
        async with office.disposals.of(person.tenant) as log:
            found = await log.page(limit=_RECORDS + 1, after=after, purge_id=purge, recording_id=recording)
        page = listed(
            found,
            _RECORDS,
            "/records",
            after=after,
            place=lambda each: each.record.index,
            purge=purge,
            recording=recording,
        )
        return await office.pages.page(
            request,
            "records.html",
            person=person,
            records=page,
            some=purge is not None or recording is not None,
            signs=office.terms.signs,
            integrity=office.watch.last(person.tenant),
        )

    @api.get("/records/{id}")
    async def show_record(id: UUID, request: Request, person: Person = asking) -> Response:
        async with office.disposals.of(person.tenant) as log:
            entry = await log.find(id)
        if entry is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such record in your organisation.")
        return await office.pages.page(
            request, "record.html", person=person, entry=entry, signs=office.terms.signs
        )

    return api
