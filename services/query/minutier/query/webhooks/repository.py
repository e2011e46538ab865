"""Every SQL statement about webhooks and what they are told."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter
from sqlalchemy import delete, func, insert, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.access.domain import restricted
from minutier.query.domain import Entry
from minutier.query.paging import Position
from minutier.query.webhooks.domain import (
    MOST_WEBHOOKS,
    REMEMBERED,
    ROTATION,
    TEST,
    Answer,
    Attempt,
    Claimed,
    Delivery,
    DeliveryState,
    PauseReason,
    Topic,
    Webhook,
    WebhookState,
    after_attempt,
    body_of,
    following,
    new_secret,
    news,
    paused,
    resumed,
    trial_body,
)
from minutier.query.webhooks.models import DeliveryRow, TenantRow, WebhookRow
from minutier.query.webhooks.ports import TooMany
from minutier.schemas.clock import now
from minutier.schemas.records import Kind
from minutier.shared.identity.domain import Person
from minutier.shared.tenants import within

_ATTEMPT: TypeAdapter[Attempt] = TypeAdapter(Attempt)
_SWEPT_AT_ONCE = 1000


async def enqueue(session: AsyncSession, entry: Entry, *, told_by: UUID) -> None:
    """Have webhooks told what the event ``told_by`` has changed; in the same transaction.

    Of what is for compliance alone nothing is told, nor told again: deliveries hold a title.
    """
    if Kind.TRANSCRIPT in restricted(entry):
        await erase(session, entry.id)
        return
    await tell(session, entry, *news(entry, told_by))


async def tell(session: AsyncSession, entry: Entry, *topics: Topic) -> None:
    """Have webhooks told of these, once the transaction of ``session`` ends well."""
    if not topics:
        return
    asking = (
        select(WebhookRow.id, WebhookRow.events)
        .where(WebhookRow.tenant == entry.tenant)
        # One that is removed meanwhile is told nothing, and whoever tells does not fail for it.
        .with_for_update(read=True, key_share=True)
    )
    at = now()
    rows = [
        _pending(webhook_id, entry.tenant, topic.value, entry.id, body_of(topic, entry, at), at)
        for webhook_id, events in list(await session.exec(asking))
        for topic in topics
        if topic in events
    ]
    if rows:
        await session.exec(insert(DeliveryRow).values(rows))


async def erase(session: AsyncSession, recording_id: UUID) -> int:
    """Remove what was told, or was to be, of a recording; how many deliveries."""
    gone = delete(DeliveryRow).where(col(DeliveryRow.recording_id) == recording_id)
    return (await session.exec(gone)).rowcount


class Webhooks:
    """A tenant's webhooks; every call is one transaction, confined to who asks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(
        self, person: Person, *, url: str, events: Sequence[str], description: str
    ) -> tuple[Webhook, str]:
        """The webhook and its secret. Raises `TooMany`."""
        secret = new_secret()
        row = WebhookRow(
            id=uuid4(),
            tenant=person.tenant,
            url=url,
            events=list(events),
            description=description,
            secret=secret,
            created_at=now(),
        )
        async with within(self._engine, person.tenant) as session:
            await session.exec(upsert(TenantRow).values(tenant=person.tenant).on_conflict_do_nothing())
            # Of two who add the last one at once, the second counts the first.
            await session.exec(select(TenantRow).where(TenantRow.tenant == person.tenant).with_for_update())
            count = select(func.count()).select_from(WebhookRow).where(WebhookRow.tenant == person.tenant)
            if (await session.exec(count)).one() >= MOST_WEBHOOKS:
                raise TooMany
            session.add(row)
        return _webhook(row), secret

    async def all(self, person: Person) -> Sequence[Webhook]:
        statement = select(WebhookRow).where(WebhookRow.tenant == person.tenant)
        async with within(self._engine, person.tenant) as session:
            return [
                _webhook(row)
                for row in await session.exec(
                    statement.order_by(col(WebhookRow.created_at), col(WebhookRow.id))
                )
            ]

    async def find(self, person: Person, id: UUID) -> Webhook | None:
        async with within(self._engine, person.tenant) as session:
            row = await session.get(WebhookRow, id)
            return _webhook(row) if row else None

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
        """What is ``None`` stays as it is."""
        async with within(self._engine, person.tenant) as session:
            row = await _locked(session, id)
            if row is None:
                return None
            webhook = _webhook(row)
            if active is True:
                _keep(row, resumed(webhook))
            elif active is False and webhook.state is WebhookState.ACTIVE:
                _keep(row, paused(webhook, PauseReason.ASKED))
            row.url = url or row.url
            row.events = list(events or row.events)
            row.description = row.description if description is None else description
            return _webhook(row)

    async def remove(self, person: Person, id: UUID) -> bool:
        """Whether there was such a webhook; its deliveries go with it."""
        async with within(self._engine, person.tenant) as session:
            return (await session.exec(delete(WebhookRow).where(col(WebhookRow.id) == id))).rowcount > 0

    async def rotate(self, person: Person, id: UUID) -> str | None:
        """A new secret; the one before signs too for `ROTATION`."""
        async with within(self._engine, person.tenant) as session:
            row = await _locked(session, id)
            if row is None:
                return None
            row.old_secret, row.old_secret_until = row.secret, now() + ROTATION
            row.secret = new_secret()
            return row.secret

    async def test(self, person: Person, id: UUID) -> Delivery | None:
        """Have something sent that means nothing."""
        async with within(self._engine, person.tenant) as session:
            if await _locked(session, id) is None:
                return None
            at = now()
            row = DeliveryRow(**_pending(id, person.tenant, TEST, None, trial_body(id, at), at))
            session.add(row)
            return _delivery(row)

    async def deliveries(
        self,
        person: Person,
        id: UUID,
        *,
        state: DeliveryState | None,
        limit: int,
        after: Position | None,
    ) -> Sequence[Delivery]:
        """At most ``limit``, newest first, beginning behind ``after``."""
        statement = (
            select(DeliveryRow)
            .where(DeliveryRow.webhook_id == id)
            .order_by(col(DeliveryRow.created_at).desc(), col(DeliveryRow.id).desc())
            .limit(limit)
        )
        if state is not None:
            statement = statement.where(DeliveryRow.state == state.value)
        if after is not None:
            place = tuple_(col(DeliveryRow.created_at), col(DeliveryRow.id))
            statement = statement.where(place < (after.moment, after.id))
        async with within(self._engine, person.tenant) as session:
            return [_delivery(row) for row in await session.exec(statement)]

    async def retry(self, person: Person, id: UUID, delivery_id: UUID) -> Delivery | None:
        """Have a delivery sent again now, and as often as a new one."""
        async with within(self._engine, person.tenant) as session:
            row = await session.get(DeliveryRow, delivery_id, with_for_update=True)
            if row is None or row.webhook_id != id:
                return None
            # Where an attempt is being made, this one follows it: what comes of that no longer counts.
            row.state, row.next_at, row.tries, row.claim = DeliveryState.PENDING.value, now(), 0, None
            return _delivery(row)


class Queue:
    """What is to be sent, of every tenant; several processes take from it at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def tenants(self, at: datetime) -> Sequence[str]:
        """Those that have something to send at ``at``."""
        due = (
            select(DeliveryRow.id)
            .where(DeliveryRow.webhook_id == WebhookRow.id, col(DeliveryRow.next_at) <= at)
            .exists()
        )
        statement = select(WebhookRow.tenant).where(WebhookRow.state == WebhookState.ACTIVE.value, due)
        known = await self._known()
        if not known:
            return []
        async with within(self._engine, *known) as session:
            return list(await session.exec(statement.distinct()))

    async def claim(
        self, tenant: str, at: datetime, *, until: datetime, limit: int, busy: Collection[UUID]
    ) -> Sequence[Claimed]:
        """At most one delivery of each active webhook that is not ``busy``, to be sent before ``until``."""
        first = (
            select(DeliveryRow.id)
            .where(DeliveryRow.webhook_id == WebhookRow.id, col(DeliveryRow.next_at) <= at)
            .order_by(col(DeliveryRow.next_at))
            .limit(1)
            .with_for_update(skip_locked=True)
            .correlate(WebhookRow)
            .lateral()
        )
        chosen = (
            select(WebhookRow, first.c.id)
            .join(first, true())
            .where(
                WebhookRow.tenant == tenant,
                WebhookRow.state == WebhookState.ACTIVE.value,
                col(WebhookRow.id).not_in(busy),
            )
            # Where there is no room for all of them, none is always left.
            .order_by(func.random())
            .limit(limit)
        )
        async with within(self._engine, tenant) as session:
            webhooks = {delivery_id: row for row, delivery_id in await session.exec(chosen)}
            claimed = (
                update(DeliveryRow)
                .where(col(DeliveryRow.id).in_(webhooks))
                .values(next_at=until, claim=func.gen_random_uuid())
                .returning(DeliveryRow)
            )
            rows = (await session.exec(claimed)).scalars().all() if webhooks else []
            return [_claimed(webhooks[row.id], row, at) for row in rows]

    async def finish(self, claimed: Claimed, attempt: Attempt, answer: Answer, *, chance: float) -> bool:
        """Keep what came of an attempt; ``False`` where somebody else has claimed the delivery since."""
        async with within(self._engine, claimed.tenant) as session:
            webhook = await _locked(session, claimed.webhook_id)
            row = await session.get(DeliveryRow, claimed.id, with_for_update=True)
            if webhook is None or row is None or row.claim != claimed.claim:
                return False
            row.tries += 1
            outcome = following(row.tries, answer, attempt.at, chance=chance)
            row.state, row.next_at, row.claim = outcome.state.value, outcome.next_attempt_at, None
            row.attempts = [*row.attempts, _ATTEMPT.dump_python(attempt, mode="json")][-REMEMBERED:]
            _keep(webhook, after_attempt(_webhook(webhook), attempt))
            return True

    async def sweep(self, before: datetime) -> int:
        """Forget deliveries that were made before; how many."""
        return sum([await self._sweep(tenant, before) for tenant in await self._known()])

    async def _sweep(self, tenant: str, before: datetime) -> int:
        old = (
            select(DeliveryRow.id)
            .where(DeliveryRow.tenant == tenant, col(DeliveryRow.created_at) < before)
            .limit(_SWEPT_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        swept = 0
        while True:
            async with within(self._engine, tenant) as session:
                statement = delete(DeliveryRow).where(col(DeliveryRow.id).in_(old))
                count = (await session.exec(statement)).rowcount
            swept += count
            if count < _SWEPT_AT_ONCE:
                return swept

    async def _known(self) -> Sequence[str]:
        async with AsyncSession(self._engine) as session:
            return list(await session.exec(select(TenantRow.tenant)))


def _pending(
    webhook_id: UUID, tenant: str, event: str, recording_id: UUID | None, body: str, at: datetime
) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "webhook_id": webhook_id,
        "tenant": tenant,
        "event": event,
        "recording_id": recording_id,
        "body": body,
        "created_at": at,
        "state": DeliveryState.PENDING.value,
        "next_at": at,
        "tries": 0,
        "attempts": [],
    }


async def _locked(session: AsyncSession, id: UUID) -> WebhookRow | None:
    """The row, which nobody else changes meanwhile; what refers to it may still be written."""
    statement = select(WebhookRow).where(WebhookRow.id == id).with_for_update(key_share=True)
    return (await session.exec(statement)).one_or_none()


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        events=tuple(row.events),
        description=row.description,
        state=WebhookState(row.state),
        reason=PauseReason(row.reason) if row.reason else None,
        failures=row.failures,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )


def _keep(row: WebhookRow, webhook: Webhook) -> None:
    row.state, row.reason = webhook.state.value, webhook.reason.value if webhook.reason else None
    row.failures, row.failing_since = webhook.failures, webhook.failing_since


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        event=row.event,
        recording_id=row.recording_id,
        state=DeliveryState(row.state),
        created_at=row.created_at,
        next_attempt_at=row.next_at,
        attempts=tuple(_ATTEMPT.validate_python(attempt) for attempt in row.attempts),
    )


def _claimed(webhook: WebhookRow, row: DeliveryRow, at: datetime) -> Claimed:
    assert row.claim is not None
    old = webhook.old_secret if webhook.old_secret_until and at < webhook.old_secret_until else None
    return Claimed(
        id=row.id,
        webhook_id=webhook.id,
        tenant=webhook.tenant,
        claim=row.claim,
        url=webhook.url,
        secrets=(webhook.secret, *([old] if old else [])),
        body=row.body,
        tries=row.tries,
    )
