"""Elimination lists, for compliance staff and the archives that give their visa."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from minutier.retention.desk import Desks
from minutier.retention.officers import officer
from minutier.retention.purges.elimination.compile import compile_list
from minutier.retention.purges.ports import Stock
from minutier.retention.purges.routes import no_purge
from minutier.retention.records.elimination import MOST_SET, sheet, table
from minutier.retention.records.ports import Elimination
from minutier.retention.records.routes import file, made
from minutier.schemas.clock import now
from minutier.shared.documents.pdf import Unrenderable
from minutier.shared.documents.render import Renderer
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.pages.preferences import Language, preferences
from minutier.shared.problems import Refusal, described

_CSV, _PDF = "text/csv; charset=utf-8", "application/pdf"

Asked = Annotated[Language | None, Query(description="without it, as `Accept-Language` has it")]


def router(*, gate: Gate, desks: Desks, stock: Stock) -> APIRouter:
    api = APIRouter(prefix="/api/v1/purges/{id}", tags=["purges"], responses=described(401, 403, 404, 422))
    asking: Any = officer(gate, costly=True)
    renderer = Renderer()

    @api.get("/elimination-list.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def list_as_table(
        id: UUID, request: Request, language: Asked = None, person: Person = asking
    ) -> Response:
        """What is eliminated: producer, title, extreme dates, volume, legal basis and sort."""
        listed = await _listed(id, person)
        name = f'attachment; filename="elimination-{id}.csv"'
        return StreamingResponse(
            table(listed, language or _liked(request)),
            media_type=_CSV,
            headers={"Content-Disposition": name, "Vary": "Accept-Language, Cookie"},
        )

    @api.get(
        "/elimination-list.pdf",
        response_class=Response,
        responses={**described(409, 500, 503), 200: {"content": {_PDF: {}}}},
    )
    async def list_as_document(
        id: UUID, request: Request, language: Asked = None, person: Person = asking
    ) -> Response:
        """The same, to be signed."""
        listed = await _listed(id, person)
        try:
            body = await made(renderer, person, await sheet(listed, language or _liked(request)))
        except Unrenderable:
            raise Refusal(
                HTTPStatus.CONFLICT,
                f"A PDF has at most {MOST_SET} rows. The list as CSV has all of them.",
                "too_many_rows",
            ) from None
        return file(body, _PDF, f"elimination-{id}.pdf", {"Vary": "Accept-Language, Cookie"})

    async def _listed(id: UUID, person: Person) -> Elimination:
        async with desks.of(person.tenant) as desk:
            purge = await desk.purges.find(id) or no_purge()
        return compile_list(purge, now(), desks=desks, stock=stock)

    return api


def _liked(request: Request) -> Language:
    return preferences(request.cookies, request.headers.get("accept-language", "")).language
