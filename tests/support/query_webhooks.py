"""Webhooks and what they are told, in memory, and receivers that answer as a test says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from minutier.query.paging import Position
from minutier.query.webhooks.domain import (
    MOST_WEBHOOKS,
    TEST,
    Answer,
    Attempt,
    Claimed,
    Delivery,
    DeliveryState,
    PauseReason,
    Webhook,
    WebhookState,
    after_attempt,
    following,
    new_secret,
    paused,
    resumed,
)
from minutier.query.webhooks.ports import TooMany
from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person

START = datetime(2026, 1, 1, 9, tzinfo=UTC)


def webhook(url: str = "https://receiver.example/", *, events: Sequence[str] = ("minutes.ready",)) -> Webhook:
    return Webhook(
        id=uuid4(),
        url=url,
        events=tuple(events),
        description="",
        state=WebhookState.ACTIVE,
        reason=None,
        failures=0,
        failing_since=None,
        created_at=now(),
    )


class Webhooks:
    """What operators manage."""

    def __init__(self) -> None:
        self.kept: dict[UUID, tuple[str, Webhook]] = {}
        self.told: dict[UUID, list[Delivery]] = {}

    async def add(
        self, person: Person, *, url: str, events: Sequence[str], description: str
    ) -> tuple[Webhook, str]:
        if len(await self.all(person)) >= MOST_WEBHOOKS:
            raise TooMany
        new = replace(webhook(url, events=events), description=description)
        self.kept[new.id] = (person.tenant, new)
        self.told[new.id] = []
        return new, new_secret()

    async def all(self, person: Person) -> Sequence[Webhook]:
        return [webhook for tenant, webhook in self.kept.values() if tenant == person.tenant]

    async def find(self, person: Person, id: UUID) -> Webhook | None:
        tenant, found = self.kept.get(id, (None, None))
        return found if tenant == person.tenant else None

    async def change(
        self,
        person: Person,
        id: UUID,
        *,
        url: str | None,
        events: Sequence[str] | None,
        description: str | None,
        active: bool | None,
    ) -> Webhook | None:
        found = await self.find(person, id)
        if found is None:
            return None
        if active is not None:
            found = resumed(found) if active else paused(found, PauseReason.ASKED)
        changed = replace(
            found,
            url=url or found.url,
            events=tuple(events or found.events),
            description=found.description if description is None else description,
        )
        self.kept[id] = (person.tenant, changed)
        return changed

    async def remove(self, person: Person, id: UUID) -> bool:
        return await self.find(person, id) is not None and self.kept.pop(id, None) is not None

    async def rotate(self, person: Person, id: UUID) -> str | None:
        return new_secret() if await self.find(person, id) else None

    async def test(self, person: Person, id: UUID) -> Delivery | None:
        if await self.find(person, id) is None:
            return None
        at = now()
        delivery = Delivery(uuid4(), TEST, None, DeliveryState.PENDING, at, at, ())
        self.told[id].append(delivery)
        return delivery

    async def deliveries(
        self,
        person: Person,
        id: UUID,
        *,
        state: DeliveryState | None,
        limit: int,
        after: Position | None,
    ) -> Sequence[Delivery]:
        newest = sorted(self.told[id], key=lambda each: (each.created_at, each.id), reverse=True)
        return [
            each
            for each in newest
            if state in (None, each.state)
            and (after is None or (each.created_at, each.id) < (after.moment, after.id))
        ][:limit]

    async def retry(self, person: Person, id: UUID, delivery_id: UUID) -> Delivery | None:
        for place, each in enumerate(self.told.get(id, [])):
            if each.id == delivery_id:
                again = replace(each, state=DeliveryState.PENDING, next_attempt_at=now())
                self.told[id][place] = again
                return again
        return None


@dataclass
class Clock:
    """Time that passes when a test says so."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def wait(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Item:
    """One delivery of the queue, and what has come of it."""

    claimed: Claimed
    next_at: datetime | None
    state: DeliveryState = DeliveryState.PENDING
    attempts: list[Attempt] = field(default_factory=list)


class Queue:
    """What is to be sent, in memory; webhooks are by id."""

    def __init__(self) -> None:
        self.webhooks: dict[UUID, Webhook] = {}
        self.items: list[Item] = []
        self.swept: list[datetime] = []

    def put(self, tenant: str, to: Webhook, at: datetime, *, body: str = "{}") -> Item:
        self.webhooks.setdefault(to.id, to)
        secret = new_secret()
        item = Item(Claimed(uuid4(), to.id, tenant, uuid4(), to.url, (secret,), body, 0), at)
        self.items.append(item)
        return item

    def _due(self, at: datetime) -> list[Item]:
        return [
            item
            for item in self.items
            if item.next_at is not None
            and item.next_at <= at
            and self.webhooks[item.claimed.webhook_id].state is WebhookState.ACTIVE
        ]

    async def tenants(self, at: datetime) -> Sequence[str]:
        return sorted({item.claimed.tenant for item in self._due(at)})

    async def claim(
        self, tenant: str, at: datetime, *, until: datetime, limit: int, busy: Collection[UUID]
    ) -> Sequence[Claimed]:
        taken: dict[UUID, Item] = {}
        for item in self._due(at):
            if item.claimed.tenant == tenant and item.claimed.webhook_id not in {*busy, *taken}:
                taken[item.claimed.webhook_id] = item
        for item in list(taken.values())[:limit]:
            item.next_at = until
            item.claimed = replace(item.claimed, claim=uuid4())
        return [item.claimed for item in list(taken.values())[:limit]]

    async def finish(self, claimed: Claimed, attempt: Attempt, answer: Answer, *, chance: float) -> bool:
        item = next(item for item in self.items if item.claimed.id == claimed.id)
        if item.claimed.claim != claimed.claim:
            return False
        item.claimed = replace(item.claimed, tries=item.claimed.tries + 1)
        outcome = following(item.claimed.tries, answer, attempt.at, chance=chance)
        item.state, item.next_at = outcome.state, outcome.next_attempt_at
        item.attempts.append(attempt)
        found = self.webhooks[claimed.webhook_id]
        self.webhooks[claimed.webhook_id] = after_attempt(found, attempt)
        return True

    async def sweep(self, before: datetime) -> int:
        self.swept.append(before)
        return 0


class Receivers:
    """Answer by URL, with what they have been given, the last of it for good."""

    def __init__(self, answers: Mapping[str, Sequence[Answer]] | None = None) -> None:
        self.answers = {url: list(given) for url, given in (answers or {}).items()}
        self.heard: list[tuple[str, bytes, Mapping[str, str]]] = []

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.heard.append((url, body, headers))
        given = self.answers.get(url, [Answer(200)])
        return given.pop(0) if len(given) > 1 else given[0]
