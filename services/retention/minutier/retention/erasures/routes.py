"""Requests of persons to be erased (GDPR, article 17), for compliance staff."""

from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from minutier.retention.audit.domain import Action, Deed, Thing
from minutier.retention.desk import Desk, Desks
from minutier.retention.erasures.domain import Refusal as Refused
from minutier.retention.erasures.domain import Request
from minutier.retention.erasures.ports import Documents
from minutier.retention.erasures.propose import (
    Choice,
    DecidedAlready,
    Held,
    NoRecording,
    NoTranscript,
    UnknownVoices,
    propose,
    refuse,
    register,
    who_speaks,
)
from minutier.retention.erasures.shown import (
    NewRequest,
    ProposalAsked,
    RefusalAsked,
    Requests,
    RequestShown,
    Voices,
    VoiceShown,
)
from minutier.retention.erasures.voices import Voice
from minutier.retention.officers import officer
from minutier.retention.purges.ports import Unlistable
from minutier.retention.purges.routes import unlistable, written
from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import Refusal, described


def router(*, gate: Gate, desks: Desks, documents: Documents) -> APIRouter:
    api = APIRouter(prefix="/api/v1", tags=["erasures"], responses=described(401, 403, 422))
    asking: Any = officer(gate)
    # Documents of hours of speech are read for these.
    asking_much: Any = officer(gate, costly=True)

    @api.post("/erasures", status_code=HTTPStatus.CREATED, responses=described(400, 404, 413))
    async def register_one(new: NewRequest, person: Person = asking) -> RequestShown:
        """Somebody has asked to be erased from a recording: the month runs from then on."""
        async with desks.of(person.tenant) as desk:
            return _shown(await receive(new, person, desk))

    @api.get("/erasures")
    async def list_requests(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: UUID | None = None,
        person: Person = asking,
    ) -> Requests:
        async with desks.of(person.tenant) as desk:
            found = await desk.requests.page(limit=limit + 1, after=after)
        items = [_shown(request) for request in found[:limit]]
        return Requests(items=items, next=items[-1].id if len(found) > limit else None)

    @api.get("/erasures/{id}", responses=described(404))
    async def show_one(id: UUID, person: Person = asking) -> RequestShown:
        async with desks.of(person.tenant) as desk:
            return _shown(await desk.requests.find(id) or no_request())

    @api.get("/recordings/{id}/voices", responses=described(404, 409))
    async def list_voices(id: UUID, person: Person = asking_much) -> Voices:
        """Who speaks in a recording, so that somebody can be told from the others."""
        async with desks.of(person.tenant) as desk:
            return Voices(items=[VoiceShown.of(each) for each in await heard(id, person, desk, documents)])

    @api.post("/erasures/{id}/proposal", responses=described(400, 404, 409, 413))
    async def propose_one(id: UUID, asked: ProposalAsked, person: Person = asking_much) -> RequestShown:
        """Propose the purge of all that is theirs; somebody else approves it, as every purge."""
        async with desks.of(person.tenant) as desk:
            return _shown(await put_forward(id, asked, person, desk, documents))

    @api.post("/erasures/{id}/refusal", responses=described(400, 404, 409, 413))
    async def refuse_one(id: UUID, asked: RefusalAsked, person: Person = asking) -> RequestShown:
        """They are not erased, since article 17(3) says so; the ground is recorded."""
        async with desks.of(person.tenant) as desk:
            return _shown(await turn_down(id, asked, person, desk))

    return api


async def receive(new: NewRequest, person: Person, desk: Desk) -> Request:
    """Raises `HTTPException` where that cannot be."""
    try:
        request = await register(
            new.recording_id,
            new.reference,
            new.received_on,
            by=person.id,
            at=now(),
            register=desk.register,
            requests=desk.requests,
        )
    except NoRecording:
        _no_recording()
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    await desk.audit.write(_deed(person, Action.ERASURE_REGISTERED, request))
    return request


async def heard(id: UUID, person: Person, desk: Desk, documents: Documents) -> list[Voice]:
    """Raises `HTTPException` where that cannot be; that they looked is written down."""
    try:
        found = await who_speaks(id, register=desk.register, shelf=desk.shelf, store=documents)
    except NoRecording:
        _no_recording()
    except NoTranscript:
        _no_transcript()
    await desk.audit.write(Deed(person.id, Action.VOICES_READ, {Thing.RECORDING: id}))
    return found


async def put_forward(
    id: UUID, asked: ProposalAsked, person: Person, desk: Desk, documents: Documents
) -> Request:
    """Raises `HTTPException` where that cannot be; then the transaction is to be rolled back."""
    request = await desk.requests.find(id, locked=True) or no_request()
    choice = Choice(asked.voices, asked.overlap, person.id, now())
    try:
        proposed = await propose(
            request,
            choice,
            register=desk.register,
            requests=desk.requests,
            purges=desk.purges,
            shelf=desk.shelf,
            store=documents,
        )
    except DecidedAlready:
        _decided_already()
    except Held:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "A legal hold covers the recording, and nothing of it goes while it stands. Refuse the request "
            "on the ground legal_claims, or wait until the hold is released.",
            "held",
        ) from None
    except NoTranscript:
        _no_transcript()
    except UnknownVoices:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "Nobody speaks in this recording under one of these ids. Look at its voices again.",
            "unknown_voices",
        ) from None
    if isinstance(proposed, Unlistable):
        unlistable(proposed)
    await written(proposed, desk)
    await desk.audit.write(
        _deed(person, Action.ERASURE_PROPOSED, request, purge=proposed.id, overlap=asked.overlap.value)
    )
    return await desk.requests.find(id) or no_request()


async def turn_down(id: UUID, asked: RefusalAsked, person: Person, desk: Desk) -> Request:
    """Raises `HTTPException` where that cannot be."""
    request = await desk.requests.find(id, locked=True) or no_request()
    try:
        refusal = Refused(person.id, now(), asked.ground, asked.explanation)
        await refuse(request, refusal, requests=desk.requests)
    except DecidedAlready:
        _decided_already()
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    await desk.audit.write(_deed(person, Action.ERASURE_REFUSED, request, ground=asked.ground.value))
    return await desk.requests.find(id) or no_request()


def no_request() -> NoReturn:
    """Raises `HTTPException`."""
    raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such request in your organisation.")


def _shown(request: Request) -> RequestShown:
    return RequestShown.of(request, today=now().date())


def _deed(
    person: Person, action: Action, request: Request, *, purge: UUID | None = None, **detail: str
) -> Deed:
    things = {Thing.ERASURE: request.id, Thing.RECORDING: request.recording_id}
    if purge is not None:
        things[Thing.PURGE] = purge
    return Deed(person.id, action, things, detail)


def _no_recording() -> NoReturn:
    raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such recording in your organisation.") from None


def _no_transcript() -> NoReturn:
    raise Refusal(
        HTTPStatus.CONFLICT,
        "Nobody can be told apart in this recording: it has no transcript, or not any more. Where all of it "
        "is to go, propose a purge of the recording.",
        "no_transcript",
    ) from None


def _decided_already() -> NoReturn:
    raise Refusal(
        HTTPStatus.CONFLICT,
        "The request was refused, is done, or a purge is under way for it; withdraw that first.",
        "decided_already",
    ) from None
