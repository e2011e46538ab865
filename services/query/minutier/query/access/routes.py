"""Sharing a recording, and who has read it."""

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from minutier.query.access.domain import MOST_SHARES, Level, Origin, Share
from minutier.query.access.door import Door
from minutier.query.access.log import Access, Action
from minutier.query.access.ports import AccessLog, Shares, TooMany
from minutier.query.access.reasons import Reasons
from minutier.query.cursors import Limit
from minutier.query.paging import cut
from minutier.schemas.base import ID_CHARACTERS
from minutier.schemas.records import Kind
from minutier.shared.identity import domain as identity
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import Gate
from minutier.shared.moments import Moment
from minutier.shared.problems import described

# PostgreSQL has no larger identity.
_LAST = 2**63 - 1
# A segment of a path that is all dots leads somewhere else, and clients take it away.
_GROUP = r"^[^\s\x00-\x1f\x7f]*[^\s.\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_EMAIL = r"^[^@\s/\x00-\x1f\x7f]+@[^@\s/\x00-\x1f\x7f]+$"


class Whom(StrEnum):
    PERSON = "person"
    GROUP = "group"


class Shared(StrEnum):
    READ = "read"
    EDIT = "edit"


class Sharing(BaseModel):
    """How much is given, and until when."""

    level: Shared
    until: Moment | None = Field(None, description="without one, until it is taken back")


class Given(BaseModel):
    """What somebody has been given; ``whom`` is ``subject`` where only their provider's id is known."""

    whom: str
    name: str = Field(description="an e-mail address, a group's name, or an identity provider's id")
    level: str
    until: datetime | None
    by: Origin


class Owner(BaseModel):
    email: Annotated[str, Field(pattern=_EMAIL, max_length=ID_CHARACTERS)]


class Accesses(BaseModel):
    """Newest first; ``next`` is what to give as ``after`` for those before."""

    items: list[Access]
    next: int | None


Email = Annotated[str, Path(pattern=_EMAIL, max_length=ID_CHARACTERS, description="what they sign in with")]
Group = Annotated[str, Path(pattern=_GROUP, max_length=ID_CHARACTERS)]
_BODY = described(400, 413)
_SHARING = _BODY | described(409)
After = Annotated[int | None, Query(ge=1, le=_LAST, description="`next` of the page before")]


def router(*, gate: Gate, door: Door, reasons: Reasons, shares: Shares, log: AccessLog) -> APIRouter:
    api = APIRouter(prefix="/api/v1", tags=["access"], responses=described(401, 403, 404, 422))
    asking: Any = Depends(gate.person)
    saying_why: Any = Depends(reasons)

    @api.get("/recordings/{id}/shares")
    async def list_shares(id: UUID, person: Person = asking) -> list[Given]:
        """Who may see it: those who were there, and those it was shared with."""
        await door.open(person, id, Level.OWN)
        return [_given(share) for share in await shares.of(person, id)]

    @api.put("/recordings/{id}/shares/person/{email}", status_code=HTTPStatus.NO_CONTENT, responses=_SHARING)
    async def share_with_person(id: UUID, email: Email, sharing: Sharing, person: Person = asking) -> None:
        """Let somebody read it, or edit its transcript."""
        await share(person, id, identity.email(email), sharing)

    @api.put(
        "/recordings/{id}/shares/group/{name:path}", status_code=HTTPStatus.NO_CONTENT, responses=_SHARING
    )
    async def share_with_group(id: UUID, name: Group, sharing: Sharing, person: Person = asking) -> None:
        """Let everybody of a group read it, or edit its transcript."""
        await share(person, id, identity.group(name), sharing)

    @api.delete("/recordings/{id}/shares/person/{email}", status_code=HTTPStatus.NO_CONTENT)
    async def take_back_from_person(id: UUID, email: Email, person: Person = asking) -> None:
        """Take a share back; those who were in the meeting keep what they have."""
        await take_back(person, id, identity.email(email))

    @api.delete("/recordings/{id}/shares/group/{name:path}", status_code=HTTPStatus.NO_CONTENT)
    async def take_back_from_group(id: UUID, name: Group, person: Person = asking) -> None:
        """Take a share back; those who were in the meeting keep what they have."""
        await take_back(person, id, identity.group(name))

    async def share(person: Person, id: UUID, principal: str, sharing: Sharing) -> None:
        await door.open(person, id, Level.OWN)
        await log.write(person, Action.SHARES, id, whom=principal, level=sharing.level.value)
        try:
            await shares.give(person, id, principal, Level[sharing.level.upper()], sharing.until)
        except TooMany:
            raise HTTPException(
                HTTPStatus.CONFLICT,
                f"This recording is shared with {MOST_SHARES} people and groups already. Share it with a "
                "group, or take a share back first.",
            ) from None

    async def take_back(person: Person, id: UUID, principal: str) -> None:
        await door.open(person, id, Level.OWN)
        await log.write(person, Action.SHARES, id, whom=principal, level=None)
        if not await shares.take(person, id, principal):
            raise HTTPException(HTTPStatus.NOT_FOUND, "This recording is not shared so.")

    @api.put("/recordings/{id}/owner", status_code=HTTPStatus.NO_CONTENT, responses=_SHARING)
    async def give_owner(id: UUID, owner: Owner, person: Person = asking) -> None:
        """Give a recording that names no owner to somebody: an operator's part."""
        await door.open(person, id, Level.STATUS)
        _require(person, Role.OPERATOR, "Only an operator may give a recording away that nobody owns.")
        principal = identity.email(owner.email)
        await log.write(person, Action.SHARES, id, whom=principal, level=Level.OWN.name.lower())
        if not await shares.claim(person, id, principal):
            raise HTTPException(HTTPStatus.CONFLICT, "This recording has an owner, who may share it.")

    @api.get("/recordings/{id}/accesses")
    async def list_accesses(
        id: UUID,
        limit: Limit = 50,
        after: After = None,
        person: Person = asking,
        reason: str | None = saying_why,
    ) -> Accesses:
        """Who has read it, for its owner and for compliance."""
        compliance = Role.COMPLIANCE in person.roles
        level = Level.STATUS if compliance else Level.OWN
        seen = await door.open(person, id, level, Kind.ACCESS_LOG, reason=reason)
        return await _accesses(person, id, limit, after, **seen.because)

    @api.get("/accesses")
    async def list_all_accesses(limit: Limit = 50, after: After = None, person: Person = asking) -> Accesses:
        """Who has read what in the whole organisation, for compliance.

        Access logs that are restricted are left out: each is asked for by itself, with a reason.
        """
        _require(person, Role.COMPLIANCE, "Only compliance staff may see who has read what.")
        return await _accesses(person, None, limit, after)

    async def _accesses(
        person: Person, id: UUID | None, limit: int, after: int | None, **because: str
    ) -> Accesses:
        await log.write(person, Action.ACCESS_LOG, id, **because)
        found = await log.page(person, recording_id=id, limit=limit + 1, after=after)
        shown, last = cut(found, limit)
        return Accesses(items=[access.shown_to(person) for access in shown], next=last and last.id)

    return api


def _require(person: Person, role: Role, otherwise: str) -> None:
    if role not in person.roles:
        raise HTTPException(HTTPStatus.FORBIDDEN, otherwise)


def _given(share: Share) -> Given:
    kind, _, name = share.principal.partition(":")
    return Given(
        whom=Whom.PERSON if kind == "email" else kind,
        name=name,
        level=share.level.name.lower(),
        until=share.until,
        by=share.origin,
    )
