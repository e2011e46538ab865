"""Purges, for compliance staff."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from minutier.retention.audit.domain import Action, Deed, Thing
from minutier.retention.desk import Desk, Desks
from minutier.retention.officers import officer
from minutier.retention.purges.approve import (
    Approval,
    DecidedAlready,
    NotPreviewed,
    NoVisa,
    OtherInventory,
    SamePerson,
    approve,
    withdraw,
)
from minutier.retention.purges.domain import ItemState, Purge
from minutier.retention.purges.ports import Unlistable
from minutier.retention.purges.propose import (
    NothingFound,
    Wish,
    propose_expired,
    propose_list,
    propose_search,
)
from minutier.retention.purges.shown import (
    ApprovalAsked,
    Items,
    ItemShown,
    NewPurge,
    Proposed,
    Purges,
    PurgeShown,
)
from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import Refusal, described

_SHOWN_UNLISTABLE = 5


@dataclass(frozen=True)
class Terms:
    """How purges are carried out here; without a key nothing is, since there would be no proof."""

    grace: timedelta
    alarm: timedelta
    signs: bool


def router(*, gate: Gate, desks: Desks, terms: Terms) -> APIRouter:
    api = APIRouter(prefix="/api/v1/purges", tags=["purges"], responses=described(401, 403, 422))
    asking: Any = officer(gate)
    costly: Any = officer(gate, costly=True)

    @api.post("", status_code=HTTPStatus.CREATED, responses=described(400, 409, 413))
    async def propose_one(new: NewPurge, person: Person = costly) -> Proposed:
        """Propose to destroy something; nothing is destroyed before somebody else has approved it."""
        async with desks.of(person.tenant) as desk:
            proposed = await propose(new, person, desk)
            return Proposed(items=[await shown(purge, desk, terms) for purge in proposed])

    @api.get("")
    async def list_purges(
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        after: UUID | None = None,
        person: Person = asking,
    ) -> Purges:
        async with desks.of(person.tenant) as desk:
            found = await desk.purges.page(limit=limit + 1, after=after)
            items = [await shown(purge, desk, terms) for purge in found[:limit]]
        return Purges(items=items, next=items[-1].id if len(found) > limit else None)

    @api.get("/{id}", responses=described(404))
    async def show_one(id: UUID, person: Person = asking) -> PurgeShown:
        async with desks.of(person.tenant) as desk:
            return await shown(await desk.purges.find(id) or no_purge(), desk, terms)

    @api.get("/{id}/items", responses=described(404))
    async def list_items(
        id: UUID,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: UUID | None = None,
        state: ItemState | None = None,
        person: Person = asking,
    ) -> Items:
        """What is to be destroyed of which recording, and what has become of that."""
        async with desks.of(person.tenant) as desk:
            if await desk.purges.find(id) is None:
                no_purge()
            found = await desk.purges.items(id, limit=limit + 1, after=after, state=state)
        items = [ItemShown.of(item) for item in found[:limit]]
        return Items(items=items, next=items[-1].recording_id if len(found) > limit else None)

    @api.post("/{id}/approval", responses=described(400, 404, 409, 413))
    async def approve_one(id: UUID, asked: ApprovalAsked, person: Person = asking) -> PurgeShown:
        """Agree that what was counted is destroyed, once the time of grace is over."""
        async with desks.of(person.tenant) as desk:
            approved = await agree(id, asked, person, desk, terms)
            return await shown(approved, desk, terms)

    @api.post("/{id}/withdrawal", responses=described(404, 409))
    async def withdraw_one(id: UUID, person: Person = asking) -> PurgeShown:
        """Take it back; what was ordered already goes on to its end."""
        async with desks.of(person.tenant) as desk:
            return await shown(await take_back(id, person, desk), desk, terms)

    return api


async def shown(purge: Purge, desk: Desk, terms: Terms) -> PurgeShown:
    totals = await desk.purges.totals(purge.id)
    waiting = await desk.purges.waiting(purge.id)
    return PurgeShown.of(purge, totals, waiting, late_before=now() - terms.alarm)


async def propose(new: NewPurge, person: Person, desk: Desk) -> Sequence[Purge]:
    """Raises `HTTPException` where that cannot be; then the transaction is to be rolled back."""
    found = await _proposed(new, person, desk)
    if isinstance(found, Unlistable):
        unlistable(found)
    if isinstance(found, NothingFound) or not found:
        _refuse(
            "nothing_found",
            "There is nothing to destroy: nothing was found that is neither held nor in another purge.",
        )
    return [await written(purge, desk) for purge in ([found] if isinstance(found, Purge) else found)]


async def _proposed(
    new: NewPurge, person: Person, desk: Desk
) -> Purge | Sequence[Purge] | Unlistable | NothingFound:
    known: Any = {"register": desk.register, "purges": desk.purges}
    if new.cause == "expiry":
        return await propose_expired(person.id, now(), **known)
    if new.reason is None or new.legal_basis is None:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, "Give the reason and the legal_basis of a list or a query."
        )
    wish = Wish(new.reason, new.legal_basis, frozenset(new.kinds), person.id, now())
    try:
        if new.cause == "list":
            return await propose_list(wish, new.recordings, **known)
        if new.search is None:
            raise ValueError("give a search; {} finds every recording of the organisation")
        return await propose_search(wish, new.search.search(), **known)
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None


async def written(purge: Purge, desk: Desk) -> Purge:
    """The audit entry's hash is part of the purge, and so of the record."""
    recordings = sum(total.recordings for total in await desk.purges.totals(purge.id))
    detail = {"cause": purge.cause.value, "recordings": recordings}
    entry = await desk.audit.write(
        Deed(purge.proposed_by, Action.PURGE_PROPOSED, {Thing.PURGE: purge.id}, detail)
    )
    written = replace(purge, proposal=entry.hash)
    await desk.purges.keep(written)
    return written


async def agree(id: UUID, asked: ApprovalAsked, person: Person, desk: Desk, terms: Terms) -> Purge:
    """Raises `HTTPException` where that cannot be."""
    if not terms.signs:
        _refuse(
            "no_signing_key",
            "Nothing is destroyed that could not be proven: this service has no key to sign records with. "
            "Have the operator name one in MINUTIER_RETENTION_SIGNING_KEY.",
        )
    approval = Approval(person.id, now(), asked.inventory, asked.visa)
    try:
        approved = await approve(id, approval, grace=terms.grace, purges=desk.purges)
    except SamePerson:
        raise Refusal(
            HTTPStatus.FORBIDDEN, "Somebody else than who has proposed a purge approves it.", "same_person"
        ) from None
    except NotPreviewed:
        _refuse("not_previewed", "What it is for is still being counted. Ask again in a while.")
    except DecidedAlready:
        _refuse("decided_already", "The purge was approved or withdrawn before.")
    except OtherInventory:
        _refuse("other_inventory", "That is not the digest of what was counted. Look at the purge again.")
    except NoVisa:
        _refuse("no_visa", "A public body destroys nothing without the archives' visa: give its reference.")
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    found = approved or no_purge()
    deed = Deed(person.id, Action.PURGE_APPROVED, {Thing.PURGE: id}, {"inventory": asked.inventory})
    written = replace(found, approval=(await desk.audit.write(deed)).hash)
    await desk.purges.keep(written)
    return written


async def take_back(id: UUID, person: Person, desk: Desk) -> Purge:
    """Raises `HTTPException` where that cannot be."""
    try:
        taken_back = await withdraw(id, by=person.id, at=now(), purges=desk.purges)
    except DecidedAlready:
        _refuse("decided_already", "The purge has come to its end.")
    found = taken_back or no_purge()
    await desk.audit.write(Deed(person.id, Action.PURGE_WITHDRAWN, {Thing.PURGE: id}))
    return found


def unlistable(those: Unlistable) -> NoReturn:
    """Raises `HTTPException`: another purge is for them, or there is no such thing."""
    if those.unknown:
        _refuse(
            "unknown_recordings",
            f"There is nothing of this of these recordings: {_named(those.unknown)}. Nothing was proposed.",
        )
    _refuse(
        "in_another_purge",
        f"Another purge is for these recordings: {_named(those.busy)}. Nothing was proposed.",
    )


def _named(ids: Sequence[UUID]) -> str:
    more = f" and {len(ids) - _SHOWN_UNLISTABLE} more" if len(ids) > _SHOWN_UNLISTABLE else ""
    return ", ".join(map(str, ids[:_SHOWN_UNLISTABLE])) + more


def _refuse(reason: str, text: str) -> NoReturn:
    raise Refusal(HTTPStatus.CONFLICT, text, reason)


def no_purge() -> NoReturn:
    """Raises `HTTPException`."""
    raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such purge in your organisation.")
