"""Policies, and how long each recording is kept by them, for compliance staff."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response
from starlette.exceptions import HTTPException

from minutier.retention.audit.domain import Action, Deed, Thing
from minutier.retention.desk import Desk, Desks
from minutier.retention.holds.follow import follow_facts
from minutier.retention.officers import officer
from minutier.retention.policies.classify import classify
from minutier.retention.policies.close_file import close_file, reopen_file
from minutier.retention.policies.domain import Policy
from minutier.retention.policies.explain import explain
from minutier.retention.policies.ports import Registers
from minutier.retention.policies.set_policy import (
    InForce,
    NoSuchPolicy,
    Overtaken,
    TooMany,
    set_policy,
    withdraw_policy,
)
from minutier.retention.policies.shown import (
    Body,
    Classification,
    Closure,
    NewVersion,
    Number,
    Policies,
    PolicyAsked,
    PolicyShown,
    RetentionShown,
    SimulationShown,
    Versions,
    VersionShown,
)
from minutier.retention.policies.simulate import simulate
from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.moments import Moment
from minutier.shared.problems import Refusal, described

_YEAR = timedelta(days=365)


def router(*, gate: Gate, desks: Desks, registers: Registers) -> APIRouter:
    api = APIRouter(prefix="/api/v1", responses=described(401, 403, 422))
    asking: Any = officer(gate)
    costly: Any = officer(gate, costly=True)

    @api.get("/policies", tags=["policies"])
    async def list_policies(person: Person = asking) -> Policies:
        """Those in force; the longest rule that applies to a recording decides."""
        async with desks.of(person.tenant) as desk:
            found = (await desk.register.tenant()).policies
        return Policies(items=[PolicyShown.of(policy) for policy in found])

    @api.get("/policies/{id}/versions", tags=["policies"], responses=described(404))
    async def list_versions(id: UUID, person: Person = asking) -> Versions:
        """What a policy has been, who has set it, and when."""
        async with desks.of(person.tenant) as desk:
            found = await desk.register.versions(id)
        if not found:
            _no_policy()
        return Versions(
            items=[
                VersionShown(policy=PolicyShown.of(one.policy), set_by=one.set_by, set_at=one.set_at)
                for one in found
            ]
        )

    @api.put(
        "/policies/{id}",
        tags=["policies"],
        responses={201: {"model": PolicyShown}, **described(400, 409, 413)},
    )
    async def set_one(id: UUID, new: NewVersion, response: Response, person: Person = asking) -> PolicyShown:
        """Set a policy: a new one has version 1. Schedules follow within seconds."""
        policy = policy_of(new, id, new.version, person)
        async with desks.of(person.tenant) as desk:
            await put_in_force(policy, person, desk)
        response.status_code = HTTPStatus.CREATED if new.version == 1 else HTTPStatus.OK
        return PolicyShown.of(policy)

    @api.delete("/policies/{id}", tags=["policies"], responses=described(404, 409))
    async def withdraw_one(
        id: UUID, version: Annotated[Number, Query()], person: Person = asking
    ) -> PolicyShown:
        """Have a policy decide nothing any more; ``version`` is one more than the last."""
        async with desks.of(person.tenant) as desk:
            return PolicyShown.of(await withdraw(id, version, person, desk))

    @api.post("/simulations", tags=["policies"], responses=described(400, 413))
    async def simulate_one(
        asked: PolicyAsked,
        since: Moment | None = None,
        until: Moment | None = None,
        replaces: UUID | None = None,
        person: Person = costly,
    ) -> SimulationShown:
        """What a policy would have made due in the year that has passed, or in another time."""
        end = until or now()
        begin = since or end - _YEAR
        policy = policy_of(asked, replaces or uuid4(), 1, person)
        try:
            found = await simulate(policy, since=begin, until=end, registers=registers)
        except ValueError as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        return SimulationShown.of(found)

    @api.get("/organisation", tags=["policies"])
    async def show_organisation(person: Person = asking) -> Body:
        """What holds for everything that the organisation keeps."""
        async with desks.of(person.tenant) as desk:
            return Body(public_body=(await desk.register.tenant()).public_body)

    @api.put("/organisation", tags=["policies"], responses=described(400, 413))
    async def set_organisation(body: Body, person: Person = asking) -> Body:
        async with desks.of(person.tenant) as desk:
            await mark(body, person, desk)
        return body

    @api.get("/recordings/{id}/retention", tags=["recordings"], responses=described(404))
    async def explain_one(id: UUID, person: Person = asking) -> RetentionShown:
        """How long each kind of a recording is kept, by which rule, and why."""
        async with desks.of(person.tenant) as desk:
            return await explained(id, desk)

    @api.put("/recordings/{id}/classification", tags=["recordings"], responses=described(400, 404, 413))
    async def classify_one(id: UUID, asked: Classification, person: Person = asking) -> RetentionShown:
        """Say what a recording is, and so which policies and holds are for it."""
        async with desks.of(person.tenant) as desk:
            return await say_what_it_is(id, asked, person, desk)

    @api.put("/recordings/{id}/closure", tags=["recordings"], responses=described(400, 404, 413))
    async def close_one(id: UUID, asked: Closure, person: Person = asking) -> RetentionShown:
        """The file that a recording belongs to is closed: clocks that wait for it start."""
        async with desks.of(person.tenant) as desk:
            return await close(id, asked, person, desk)

    @api.delete("/recordings/{id}/closure", tags=["recordings"], responses=described(404))
    async def reopen_one(id: UUID, person: Person = asking) -> RetentionShown:
        """The file is open again."""
        async with desks.of(person.tenant) as desk:
            return await reopen(id, person, desk)

    return api


def policy_of(asked: PolicyAsked, policy_id: UUID, version: int, person: Person) -> Policy:
    """Raises `HTTPException` for what cannot be."""
    try:
        return asked.policy(policy_id, version, tenant=person.tenant)
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None


async def put_in_force(policy: Policy, person: Person, desk: Desk) -> None:
    """Raises `HTTPException` where that cannot be, as do all of these."""
    outcome = await set_policy(policy, set_by=person.id, register=desk.register)
    await desk.audit.write(_done(person, Action.POLICY_SET, _in_force(outcome)))


async def withdraw(id: UUID, version: int, person: Person, desk: Desk) -> Policy:
    try:
        outcome = await withdraw_policy(id, version=version, set_by=person.id, register=desk.register)
    except ValueError as error:
        raise Refusal(HTTPStatus.CONFLICT, str(error), "default") from None
    withdrawn = _in_force(outcome)
    await desk.audit.write(_done(person, Action.POLICY_WITHDRAWN, withdrawn))
    return withdrawn


async def mark(body: Body, person: Person, desk: Desk) -> None:
    await desk.register.mark(public_body=body.public_body)
    detail = {"public_body": int(body.public_body)}
    await desk.audit.write(Deed(person.id, Action.ORGANISATION_MARKED, detail=detail))


async def say_what_it_is(id: UUID, asked: Classification, person: Person, desk: Desk) -> RetentionShown:
    try:
        await classify(id, record_class=asked.record_class, labels=asked.labels, register=desk.register)
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    if (facts := await desk.register.find(id)) is not None:
        await follow_facts(id, facts, holds=desk.holds)
    return await _changed(desk, id, person, Action.RECORDING_CLASSIFIED)


async def close(id: UUID, asked: Closure, person: Person, desk: Desk) -> RetentionShown:
    try:
        await close_file(id, at=asked.closed_at, now=now(), register=desk.register)
    except ValueError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "not_yet") from None
    return await _changed(desk, id, person, Action.FILE_CLOSED)


async def reopen(id: UUID, person: Person, desk: Desk) -> RetentionShown:
    await reopen_file(id, register=desk.register)
    return await _changed(desk, id, person, Action.FILE_REOPENED)


async def _changed(desk: Desk, recording_id: UUID, person: Person, action: Action) -> RetentionShown:
    shown = await explained(recording_id, desk)
    await desk.audit.write(Deed(person.id, action, {Thing.RECORDING: recording_id}))
    return shown


def _done(person: Person, action: Action, policy: Policy) -> Deed:
    return Deed(person.id, action, {Thing.POLICY: policy.id}, {"version": policy.version})


async def explained(recording_id: UUID, desk: Desk) -> RetentionShown:
    found = await explain(recording_id, now=now(), register=desk.register)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such recording in your organisation.")
    holds = [hold.id for hold in await desk.holds.of(recording_id)]
    return RetentionShown.of(recording_id, found, holds)


def _in_force(outcome: InForce | Overtaken | TooMany | NoSuchPolicy) -> Policy:
    match outcome:
        case InForce(policy=policy):
            return policy
        case Overtaken(version=version):
            raise Refusal(
                HTTPStatus.CONFLICT,
                f"The last version is {version}. Look at it, then set version {version + 1}.",
                "overtaken",
            )
        case TooMany(most=most):
            raise Refusal(
                HTTPStatus.CONFLICT, f"There are {most} policies already. Withdraw one first.", "too_many"
            )
        case NoSuchPolicy():
            return _no_policy()


def _no_policy() -> NoReturn:
    raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such policy in force in your organisation.")
