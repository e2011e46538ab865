"""Applications that are told when something has come of a recording, by a tenant's operators."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AfterValidator, BaseModel, Field
from starlette.exceptions import HTTPException

from minutier.query.cursors import After, Limit, behind
from minutier.query.paging import Position, cut
from minutier.query.webhooks.domain import (
    MOST_WEBHOOKS,
    Delivery,
    DeliveryState,
    Topic,
    Webhook,
    WebhookState,
)
from minutier.query.webhooks.http import ForbiddenUrl, check_url
from minutier.query.webhooks.ports import TooMany, Webhooks
from minutier.shared.addresses import Network
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import described

# A secret is for whoever asked, and not for a cache on the way.
_NO_STORE = {"Cache-Control": "no-store"}

Url = Annotated[str, Field(max_length=2048, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
Description = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


def _each_once(events: tuple[Topic, ...]) -> tuple[Topic, ...]:
    return tuple(dict.fromkeys(events))


Events = Annotated[tuple[Topic, ...], Field(min_length=1, max_length=len(Topic)), AfterValidator(_each_once)]


class NewWebhook(BaseModel):
    """Where an application listens, and to what; the description is for those who manage it."""

    url: Url
    events: Events
    description: Description = ""


class Changes(BaseModel):
    """What is left out stays as it is; ``active`` pauses and resumes."""

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    active: bool | None = None


class Secret(BaseModel):
    """What deliveries are signed with. It is shown this once."""

    secret: str = Field(examples=["whsec_…"])


class Made(BaseModel):
    webhook: Webhook
    secret: str = Field(description="shown this once", examples=["whsec_…"])


class Deliveries(BaseModel):
    """Newest first; ``next`` is what to give as ``after`` for those before."""

    items: list[Delivery]
    next: str | None


def router(*, gate: Gate, webhooks: Webhooks, networks: Collection[Network]) -> APIRouter:
    api = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], responses=described(401, 403, 422))

    async def operator(person: Annotated[Person, Depends(gate.person)]) -> Person:
        if Role.OPERATOR not in person.roles:
            raise HTTPException(HTTPStatus.FORBIDDEN, "Only operators manage webhooks.")
        return person

    asking: Any = Depends(operator)

    def checked(url: str) -> str:
        try:
            check_url(url, networks)
        except ForbiddenUrl as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"'url': {error}") from None
        return url

    @api.post("", status_code=HTTPStatus.CREATED, responses=described(400, 409, 413))
    async def add_webhook(new: NewWebhook, response: Response, person: Person = asking) -> Made:
        """Have an application told. The answer has the secret by which it knows who tells it."""
        response.headers.update(_NO_STORE)
        try:
            webhook, secret = await webhooks.add(
                person, url=checked(new.url), events=new.events, description=new.description
            )
        except TooMany:
            raise HTTPException(
                HTTPStatus.CONFLICT, f"There are {MOST_WEBHOOKS} webhooks already. Remove one first."
            ) from None
        return Made(webhook=webhook, secret=secret)

    @api.get("")
    async def list_webhooks(person: Person = asking) -> list[Webhook]:
        """All of the organisation's."""
        return list(await webhooks.all(person))

    @api.get("/{id}", responses=described(404))
    async def get_webhook(id: UUID, person: Person = asking) -> Webhook:
        """Where and what one is told, and whether it is paused, and why."""
        return await webhooks.find(person, id) or _missing()

    @api.patch("/{id}", responses=described(400, 404, 413))
    async def change_webhook(id: UUID, changes: Changes, person: Person = asking) -> Webhook:
        """Change where and what it is told; pause it, or resume it with what has waited."""
        changed = await webhooks.change(
            person,
            id,
            url=checked(changes.url) if changes.url is not None else None,
            events=changes.events,
            description=changes.description,
            active=changes.active,
        )
        return changed or _missing()

    @api.delete("/{id}", status_code=HTTPStatus.NO_CONTENT, responses=described(404))
    async def remove_webhook(id: UUID, person: Person = asking) -> Response:
        """Tell it nothing more, and forget what it was told."""
        if not await webhooks.remove(person, id):
            _missing()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @api.post("/{id}/rotate", responses=described(404))
    async def rotate_secret(id: UUID, response: Response, person: Person = asking) -> Secret:
        """A new secret. For 24 hours deliveries are signed with the one before as well."""
        response.headers.update(_NO_STORE)
        return Secret(secret=await webhooks.rotate(person, id) or _missing())

    @api.post("/{id}/test", status_code=HTTPStatus.ACCEPTED, responses=described(404, 409))
    async def test_webhook(id: UUID, person: Person = asking) -> Delivery:
        """Send it a `webhook.test`; what comes of it is among the deliveries."""
        await active(person, id)
        return await webhooks.test(person, id) or _missing()

    @api.get("/{id}/deliveries", responses=described(404))
    async def list_deliveries(
        id: UUID,
        state: DeliveryState | None = None,
        limit: Limit = 50,
        after: After = None,
        person: Person = asking,
    ) -> Deliveries:
        """What it was told in the last 30 days, or is still to be told, and each attempt."""
        position = behind(Position.decode, after)
        if await webhooks.find(person, id) is None:
            _missing()
        found = await webhooks.deliveries(person, id, state=state, limit=limit + 1, after=position)
        shown, last = cut(found, limit)
        return Deliveries(items=list(shown), next=last and Position(last.created_at, last.id).encode())

    @api.post(
        "/{id}/deliveries/{delivery_id}/retry",
        status_code=HTTPStatus.ACCEPTED,
        responses=described(404, 409),
    )
    async def retry_delivery(id: UUID, delivery_id: UUID, person: Person = asking) -> Delivery:
        """Send it again, whatever came of it before; its id stays the same."""
        await active(person, id)
        found = await webhooks.retry(person, id, delivery_id)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "This webhook has no delivery with this id.")
        return found

    async def active(person: Person, id: UUID) -> None:
        webhook = await webhooks.find(person, id) or _missing()
        if webhook.state is WebhookState.PAUSED:
            raise HTTPException(
                HTTPStatus.CONFLICT, "This webhook is paused. Resume it with 'active': true first."
            )

    return api


def _missing() -> NoReturn:
    raise HTTPException(HTTPStatus.NOT_FOUND, "There is no webhook with this id.")
