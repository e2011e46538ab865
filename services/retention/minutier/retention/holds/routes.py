"""Legal holds, for compliance staff."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, NoReturn, Self
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from minutier.retention.asked import Asked, Term
from minutier.retention.audit.domain import Action, Deed, Thing
from minutier.retention.desk import Desk, Desks
from minutier.retention.holds.domain import (
    MATTER_CHARACTERS,
    MOST_LISTED,
    REASON_CHARACTERS,
    Hold,
    Release,
    Search,
)
from minutier.retention.holds.place import UnknownRecordings, place_hold
from minutier.retention.holds.ports import Standing
from minutier.retention.holds.release import ReleasedAlready, release_hold
from minutier.retention.officers import officer
from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.moments import Moment
from minutier.shared.problems import Refusal, described

Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARACTERS)]

_SHOWN_UNKNOWN = 5


class SearchAsked(Asked):
    """Recordings of which all holds that is named; with nothing named, every one of the organisation."""

    source: Term | None = None
    record_class: Term | None = None
    label: Term | None = None
    met_since: Moment | None = None
    met_before: Moment | None = None

    def search(self) -> Search:
        """Raises `ValueError`."""
        return Search(**self.model_dump())

    @classmethod
    def of(cls, search: Search) -> Self:
        return cls(
            source=search.source,
            record_class=search.record_class,
            label=search.label,
            met_since=search.met_since,
            met_before=search.met_before,
        )


class NewHold(Asked):
    """On the recordings that are listed, and on those that the search finds now and later."""

    matter: str = Field(min_length=1, max_length=MATTER_CHARACTERS)
    reason: Reason
    recordings: list[UUID] = Field([], max_length=MOST_LISTED)
    search: SearchAsked | None = None


class ReleaseAsked(Asked):
    reason: Reason


class HoldShown(BaseModel):
    """``covered`` counts recordings; of ``unlocked`` the object store does not know it yet."""

    id: UUID
    matter: str
    reason: str
    search: SearchAsked | None
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None
    release_reason: str | None
    covered: int
    unlocked: int

    @classmethod
    def of(cls, standing: Standing) -> Self:
        hold = standing.hold
        return cls(
            id=hold.id,
            matter=hold.matter,
            reason=hold.reason,
            search=hold.search and SearchAsked.of(hold.search),
            placed_by=hold.placed_by,
            placed_at=hold.placed_at,
            released_by=hold.release and hold.release.by,
            released_at=hold.release and hold.release.at,
            release_reason=hold.release and hold.release.reason,
            covered=standing.covered,
            unlocked=standing.unlocked,
        )


class Holds(BaseModel):
    """The last that was placed first; ``next`` is what to give as ``after`` for those before."""

    items: list[HoldShown]
    next: UUID | None


def router(*, gate: Gate, desks: Desks) -> APIRouter:
    api = APIRouter(prefix="/api/v1/holds", tags=["holds"], responses=described(401, 403, 422))
    asking: Any = officer(gate)

    @api.post("", status_code=HTTPStatus.CREATED, responses=described(400, 409, 413))
    async def place_one(new: NewHold, person: Person = asking) -> HoldShown:
        """Have nothing deleted of some recordings, from now on until the hold is released."""
        async with desks.of(person.tenant) as desk:
            return HoldShown.of(await place(new, person, desk))

    @api.get("")
    async def list_holds(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: UUID | None = None,
        person: Person = asking,
    ) -> Holds:
        """Those that stand, and those that were released."""
        async with desks.of(person.tenant) as desk:
            found = await desk.holds.page(limit=limit + 1, after=after)
        items = [HoldShown.of(standing) for standing in found[:limit]]
        return Holds(items=items, next=items[-1].id if len(found) > limit else None)

    @api.get("/{id}", responses=described(404))
    async def show_one(id: UUID, person: Person = asking) -> HoldShown:
        async with desks.of(person.tenant) as desk:
            hold = await desk.holds.find(id) or _no_hold()
            return HoldShown.of(await desk.holds.counted(hold))

    @api.post("/{id}/release", responses=described(400, 404, 409, 413))
    async def release_one(id: UUID, asked: ReleaseAsked, person: Person = asking) -> HoldShown:
        """What no other hold covers may be deleted again, by its rules."""
        async with desks.of(person.tenant) as desk:
            return HoldShown.of(await release(id, asked, person, desk))

    return api


async def place(new: NewHold, person: Person, desk: Desk) -> Standing:
    """Raises `HTTPException` where that cannot be; then the transaction is to be rolled back."""
    try:
        hold = _hold(new, person)
        placed = await place_hold(hold, new.recordings, holds=desk.holds)
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    if isinstance(placed, UnknownRecordings):
        _unknown(placed)
    standing = await desk.holds.counted(placed)
    await desk.audit.write(_done(person, Action.HOLD_PLACED, standing))
    return standing


async def release(id: UUID, asked: ReleaseAsked, person: Person, desk: Desk) -> Standing:
    """Raises `HTTPException` where that cannot be."""
    try:
        released = await release_hold(id, Release(person.id, now(), asked.reason), holds=desk.holds)
    except ReleasedAlready:
        raise Refusal(HTTPStatus.CONFLICT, "The hold has been released already.", "released") from None
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    standing = await desk.holds.counted(released or _no_hold())
    await desk.audit.write(_done(person, Action.HOLD_RELEASED, standing))
    return standing


def _hold(new: NewHold, person: Person) -> Hold:
    """Raises `ValueError`."""
    return Hold(
        id=uuid4(),
        tenant=person.tenant,
        matter=new.matter,
        reason=new.reason,
        placed_by=person.id,
        placed_at=now(),
        search=new.search.search() if new.search is not None else None,
    )


def _done(person: Person, action: Action, standing: Standing) -> Deed:
    return Deed(person.id, action, {Thing.HOLD: standing.hold.id}, {"covered": standing.covered})


def _unknown(placed: UnknownRecordings) -> NoReturn:
    named = ", ".join(map(str, placed.ids[:_SHOWN_UNKNOWN]))
    more = f" and {len(placed.ids) - _SHOWN_UNKNOWN} more" if len(placed.ids) > _SHOWN_UNKNOWN else ""
    raise Refusal(
        HTTPStatus.CONFLICT,
        f"There are no such recordings in your organisation: {named}{more}. Nothing was placed.",
        "unknown_recordings",
    )


def _no_hold() -> NoReturn:
    raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such hold in your organisation.")
