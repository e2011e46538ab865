"""Sharing a recording, and who has read it."""

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, Field
from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level, Origin, Share
from minutier.query.access.door import Door
from minutier.query.access.log import Access, Action
from minutier.query.access.ports import AccessLog, Shares
from minutier.query.identity import domain as identity
from minutier.query.identity.domain import Person, Role
from minutier.query.identity.gate import Gate
from minutier.shared.problems import described

# PostgreSQL has no larger identity.
_LAST = 2**63 - 1
_NAME = r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,255}$"


class Whom(StrEnum):
    PERSON = "person"
    GROUP = "group"


class Shared(StrEnum):
    READ = "read"
    EDIT = "edit"


class Sharing(BaseModel):
    """How much is given, and until when."""

    level: Shared
    until: AwareDatetime | None = Field(None, description="without one, until it is taken back")


class Given(BaseModel):
    """What somebody has been given; ``whom`` is ``subject`` where only their provider's id is known."""

    whom: str
    name: str = Field(description="an e-mail address, a group's name, or an identity provider's id")
    level: str
    until: datetime | None
    by: Origin


class Owner(BaseModel):
    email: Annotated[str, Field(pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$", max_length=256)]


class Accesses(BaseModel):
    """Newest first; ``next`` is what to give as ``after`` for those before."""

    items: list[Access]
    next: int | None


_PRINCIPALS = {Whom.PERSON: identity.email, Whom.GROUP: identity.group}
Name = Annotated[str, Path(pattern=_NAME, description="an e-mail address, or a group's name")]
Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[int | None, Query(ge=1, le=_LAST, description="`next` of the page before")]


def router(*, gate: Gate, door: Door, shares: Shares, log: AccessLog) -> APIRouter:
    api = APIRouter(prefix="/api/v1", tags=["access"], responses=described(401, 403, 404, 422))
    asking: Any = Depends(gate.person)

    @api.get("/recordings/{id}/shares")
    async def list_shares(id: UUID, person: Person = asking) -> list[Given]:
        """Who may see it: those who were there, and those it was shared with."""
        await door.open(person, id, Level.OWN)
        return [_given(share) for share in await shares.of(person, id)]

    @api.put("/recordings/{id}/shares/{whom}/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def share(id: UUID, whom: Whom, name: Name, sharing: Sharing, person: Person = asking) -> Response:
        """Let a person or a group read it, or edit its transcript."""
        await door.open(person, id, Level.OWN)
        if whom is Whom.PERSON and "@" not in name:
            raise HTTPException(
                HTTPStatus.UNPROCESSABLE_ENTITY, "A person is named by the e-mail address they sign in with."
            )
        level = Level[sharing.level.upper()]
        await shares.give(person, id, _PRINCIPALS[whom](name), level, sharing.until)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @api.delete("/recordings/{id}/shares/{whom}/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def take_back(id: UUID, whom: Whom, name: Name, person: Person = asking) -> Response:
        """Take a share back; those who were in the meeting keep what they have."""
        await door.open(person, id, Level.OWN)
        if not await shares.take(person, id, _PRINCIPALS[whom](name)):
            raise HTTPException(HTTPStatus.NOT_FOUND, "This recording is not shared so.")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @api.put("/recordings/{id}/owner", status_code=HTTPStatus.NO_CONTENT, responses=described(409))
    async def give_owner(id: UUID, owner: Owner, person: Person = asking) -> Response:
        """Give a recording that names no owner to somebody: an operator's part."""
        await door.open(person, id, Level.STATUS)
        _require(person, Role.OPERATOR, "Only an operator may give a recording away that nobody owns.")
        if not await shares.claim(person, id, identity.email(owner.email)):
            raise HTTPException(HTTPStatus.CONFLICT, "This recording has an owner, who may share it.")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @api.get("/recordings/{id}/accesses")
    async def list_accesses(
        id: UUID, limit: Limit = 50, after: After = None, person: Person = asking
    ) -> Accesses:
        """Who has read it, for its owner and for compliance."""
        compliance = Role.COMPLIANCE in person.roles
        await door.open(person, id, Level.STATUS if compliance else Level.OWN)
        return await _accesses(person, id, limit, after)

    @api.get("/accesses")
    async def list_all_accesses(limit: Limit = 50, after: After = None, person: Person = asking) -> Accesses:
        """Who has read what in the whole organisation, for compliance."""
        _require(person, Role.COMPLIANCE, "Only compliance staff may see who has read what.")
        return await _accesses(person, None, limit, after)

    async def _accesses(person: Person, id: UUID | None, limit: int, after: int | None) -> Accesses:
        await log.write(person, Action.ACCESS_LOG, id)
        # One more than asked for tells whether there is a next page.
        found = await log.page(person, recording_id=id, limit=limit + 1, after=after)
        shown = list(found[:limit])
        return Accesses(items=shown, next=shown[-1].id if len(found) > limit else None)

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
