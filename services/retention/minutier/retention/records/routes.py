"""What was destroyed, and the files that prove it, for compliance staff."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from minutier.retention.audit.watch import Watch
from minutier.retention.officers import officer
from minutier.retention.records.document import document
from minutier.retention.records.domain import NoKey
from minutier.retention.records.export import export
from minutier.retention.records.ports import Logs
from minutier.retention.records.sheet import Sheet, render
from minutier.retention.records.shown import LogShown, Records, RecordShown
from minutier.schemas.records import DisposalProof, SignedHead
from minutier.shared.documents.pdf import Unrenderable
from minutier.shared.documents.render import Busy, Renderer
from minutier.shared.etags import etag, headers
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.pages.preferences import Language, preferences
from minutier.shared.problems import Refusal, described
from minutier.shared.proofs.issue import written
from minutier.shared.proofs.signing import PublicKey

# The statement takes no larger integer.
_LAST = 2**31 - 1

_PEM = "application/x-pem-file"
_LINES = "application/x-ndjson"
_PDF = "application/pdf"
_RETRY_SECONDS = 10

Asked = Annotated[Language | None, Query(description="without it, as `Accept-Language` has it")]


def router(*, gate: Gate, logs: Logs, watch: Watch, key: PublicKey | None) -> APIRouter:
    api = APIRouter(prefix="/api/v1/records", tags=["records"], responses=described(401, 403, 422))
    asking: Any = officer(gate)
    costly: Any = officer(gate, costly=True)
    renderer = Renderer()

    @api.get("")
    async def list_records(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: Annotated[int | None, Query(ge=0, le=_LAST)] = None,
        purge_id: UUID | None = None,
        recording_id: UUID | None = None,
        person: Person = asking,
    ) -> Records:
        """What was destroyed, by which right and when."""
        async with logs.of(person.tenant) as log:
            found = await log.page(limit=limit + 1, after=after, purge_id=purge_id, recording_id=recording_id)
        items = [RecordShown.of(each) for each in found[:limit]]
        return Records(items=items, next=items[-1].index if len(found) > limit else None)

    @api.get("/head", responses=described(409), response_model=SignedHead)
    async def show_head(person: Person = asking) -> Response:
        """The head over all records; whoever keeps one can tell later that none of them is gone."""
        with _explained():
            async with logs.of(person.tenant) as log:
                head = await log.head(datetime.now(UTC))
        return file(written(head), "application/json", f"head-{head.head.tree_size}.json")

    @api.get(
        "/export",
        response_class=StreamingResponse,
        responses={**described(409), 200: {"content": {_LINES: {}}}},
    )
    async def export_all(person: Person = costly) -> Response:
        """All records, and the head that covers them: a line each, as `minutier verify` takes them."""
        with _explained():
            lines = await export(person.tenant, logs=logs, at=datetime.now(UTC))
        return StreamingResponse(lines, media_type=_LINES, headers=_named("disposal-records.jsonl"))

    @api.get("/key", response_class=Response, responses={**described(409), 200: {"content": {_PEM: {}}}})
    async def show_key(person: Person = asking) -> Response:
        """The public key; whoever checks signatures with it should have it from elsewhere too."""
        with _explained():
            if key is None:
                raise NoKey
            return file(key.pem(), _PEM, "disposal-key.pub.pem")

    @api.get("/integrity")
    async def show_integrity(again: bool = False, person: Person = costly) -> LogShown:
        """Whether the log is whole, as it was found last; with `again`, it is read now."""
        finding = None if again else watch.last(person.tenant)
        if finding is None or finding.disposals is None:
            finding = await watch.look(person.tenant)
        assert finding.disposals is not None
        return LogShown.of(finding.disposals, finding.at)

    @api.get(
        "/{id}.pdf",
        response_class=Response,
        responses={**described(404, 409, 500, 503), 200: {"content": {_PDF: {}}}},
    )
    async def show_document(
        id: UUID, request: Request, language: Asked = None, person: Person = costly
    ) -> Response:
        """A record with its proof in words, for people; what proves something is the signed file."""
        proof = await _proof(logs, person, id)
        liked = preferences(request.cookies, request.headers.get("accept-language", "")).language
        head, written_in = proof.head, language or liked
        tag = etag(id, head.head.tree_size, head.key_id, written_in.value)
        told = {**headers(request, tag), "Vary": "Accept-Language, Cookie"}
        body = await made(renderer, person, document(proof, written_in))
        return file(body, _PDF, f"disposal-{id}.pdf", told)

    @api.get("/{id}", responses=described(404, 409), response_model=DisposalProof)
    async def show_record(id: UUID, request: Request, person: Person = asking) -> Response:
        """A record with the proof that the log has it, as `minutier verify` takes it."""
        proof = await _proof(logs, person, id)
        head = proof.head
        told = headers(request, etag(id, head.head.tree_size, head.key_id))
        return file(written(proof), "application/json", f"disposal-{id}.json", told)

    return api


async def _proof(logs: Logs, person: Person, id: UUID) -> DisposalProof:
    with _explained():
        async with logs.of(person.tenant) as log:
            entry = await log.find(id)
            if entry is None:
                raise HTTPException(
                    HTTPStatus.NOT_FOUND, "There is no such disposal record in your organisation."
                )
            return await log.proof(entry, datetime.now(UTC))


async def made(renderer: Renderer, person: Person, sheet: Sheet) -> bytes:
    """A sheet as PDF. Raises `HTTPException` where that cannot be now."""
    try:
        return await renderer.render(person, render, sheet)
    except Busy:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "As many documents are being made, for you or in all, as may be at a time. Ask again later.",
            {"Retry-After": str(_RETRY_SECONDS)},
        ) from None
    except Unrenderable:
        raise HTTPException(
            HTTPStatus.INTERNAL_SERVER_ERROR, "The PDF could not be made. The signed record is there as JSON."
        ) from None


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except NoKey as error:
        raise Refusal(HTTPStatus.CONFLICT, str(error), "no_key") from None


def file(body: bytes, media_type: str, name: str, told: dict[str, str] | None = None) -> Response:
    """An answer that browsers keep under ``name``."""
    return Response(body, media_type=media_type, headers={**_named(name), **(told or {})})


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
