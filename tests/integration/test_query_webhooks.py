"""Webhooks on the real database and over real HTTP."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import nats
import pytest
from pydantic import PostgresDsn
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook as Oracle

from minutier.compose.embedded import System
from minutier.query.edits.domain import Author, Undo
from minutier.query.edits.repository import Editing
from minutier.query.project import project
from minutier.query.repository import add
from minutier.query.webhooks.domain import (
    ATTEMPTS,
    KEPT,
    PAUSE_AFTER,
    PAUSE_ATTEMPTS,
    Answer,
    Attempt,
    Claimed,
    Delivery,
    DeliveryState,
    PauseReason,
    Topic,
    WebhookState,
)
from minutier.query.webhooks.repository import Queue, Webhooks
from minutier.query.webhooks.send import Sender
from minutier.schemas.clock import now
from minutier.schemas.codec import encode
from minutier.schemas.events import AnyEvent
from minutier.shared import database
from minutier.shared.delivery import begin
from minutier.shared.settings import DatabaseSettings
from minutier.shared.tenants import within
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.query_events import Documents
from tests.support.query_people import OPERATOR, STRANGER
from tests.support.query_webhooks import Receivers
from tests.support.receiver import WEBHOOK_PATH, Receiver, receiving
from tests.support.systems import running

SECONDS = 30
LEASE = timedelta(seconds=60)
ALL = tuple(Topic)
URL = "https://receiver.example/"


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    """Without the service, which would send what these tests look at."""
    async with running(services=[]) as system:
        yield system


@pytest.fixture(scope="module")
async def engine(system: System) -> AsyncIterator[AsyncEngine]:
    engine = database.connect(DatabaseSettings(url=PostgresDsn(system.database_url("query"))))
    yield engine
    await engine.dispose()


@pytest.fixture
def webhooks(engine: AsyncEngine) -> Webhooks:
    return Webhooks(engine)


@pytest.fixture
def queue(engine: AsyncEngine) -> Queue:
    return Queue(engine)


@pytest.fixture
async def mine(webhooks: Webhooks) -> AsyncIterator[str]:
    """A tenant that no other test has."""
    tenant = f"tenant-{uuid4().hex[:8]}"
    yield tenant
    operator = replace(OPERATOR, tenant=tenant)
    for webhook in await webhooks.all(operator):
        await webhooks.remove(operator, webhook.id)


async def sent(webhooks: Webhooks, tenant: str, count: int) -> tuple[Any, list[Delivery]]:
    """A webhook, and what it is to be sent."""
    operator = replace(OPERATOR, tenant=tenant)
    webhook, _ = await webhooks.add(operator, url=URL, events=ALL, description="")
    deliveries = [await webhooks.test(operator, webhook.id) for _ in range(count)]
    return webhook, [delivery for delivery in deliveries if delivery]


@pytest.fixture
def receiver() -> Any:
    with receiving() as receiver:
        yield receiver


async def accepted(receiver: Receiver, count: int) -> list[Any]:
    async with asyncio.timeout(SECONDS):
        while len(receiver.accepted.get(WEBHOOK_PATH, [])) < count:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.05)
    return receiver.accepted[WEBHOOK_PATH]


async def ended(http: httpx.AsyncClient, webhook: str) -> list[dict[str, Any]]:
    """A webhook's deliveries, once none of them is pending."""
    async with asyncio.timeout(SECONDS):
        while True:
            items: list[dict[str, Any]] = (await http.get(f"{webhook}/deliveries")).json()["items"]
            if all(item["state"] != "pending" for item in items):
                return items
            await asyncio.sleep(0.05)


async def test_an_application_hears_of_a_recording_once_and_can_tell_from_whom(receiver: Receiver) -> None:
    environment = {"MINUTIER_QUERY_WEBHOOK_NETWORKS": json.dumps(["127.0.0.0/8"])}
    recording_id = uuid4()
    async with running(services=["query"], environment=environment) as system:
        headers = {"Authorization": f"Bearer {system.token(tenant='acme', operator=True)}"}
        async with httpx.AsyncClient(base_url=system.url("query"), timeout=SECONDS, headers=headers) as http:
            new = {"url": f"{receiver.url}{WEBHOOK_PATH}", "events": list(ALL)}
            made = (await http.post("/api/v1/webhooks", json=new)).json()
            here = f"/api/v1/webhooks/{made['webhook']['id']}"
            rotated = (await http.post(f"{here}/rotate")).json()
            client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
            events: list[AnyEvent] = [
                told.announced(recording=recording_id),
                told.rejected(recording=recording_id),
            ]
            for event in [*events, *events]:
                await client.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
            await client.close()
            (heard,) = await accepted(receiver, 1)
            (delivery,) = await ended(http, here)
            assert (await http.get(here)).json()["failures"] == 0
            assert (await http.delete(here)).status_code == 204
    assert heard.body["type"] == "recording.rejected"
    assert heard.body["data"]["recording_id"] == str(recording_id)
    for secret in (made["secret"], rotated["secret"]):
        Oracle(secret).verify(json.dumps(heard.body, separators=(",", ":")), dict(heard.headers))
    assert [attempt["status"] for attempt in delivery["attempts"]] == [201]
    assert delivery["state"] == "delivered"


async def test_what_is_not_committed_is_not_told(engine: AsyncEngine, webhooks: Webhooks, mine: str) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, _ = await webhooks.add(operator, url=URL, events=["recording.rejected"], description="")
    await webhooks.change(operator, webhook.id, url=None, events=None, description=None, active=False)
    event = told.rejected(recording=uuid4(), tenant=mine)
    fact = await project(event, documents=Documents())
    assert fact is not None

    async def told_of() -> Sequence[Delivery]:
        return await webhooks.deliveries(operator, webhook.id, state=None, limit=10, after=None)

    with suppress(ConnectionError):
        async with within(engine, mine) as session:
            await add(session, event, fact)
            raise ConnectionError
    assert await told_of() == []
    async with within(engine, mine) as session:
        await add(session, event, fact)
    (delivery,) = await told_of()
    assert (delivery.event, delivery.recording_id) == ("recording.rejected", event.subject)


async def test_only_what_a_webhook_asks_for_is_told_and_only_of_its_tenant(
    engine: AsyncEngine, webhooks: Webhooks, mine: str
) -> None:
    operator = replace(OPERATOR, tenant=mine)
    made = [
        (await webhooks.add(operator, url=URL, events=events, description=""))[0]
        for events in ([Topic.RECORDING_REJECTED], [Topic.MINUTES_READY])
    ]
    for webhook in made:
        await webhooks.change(operator, webhook.id, url=None, events=None, description=None, active=False)
    for tenant in (mine, f"{mine}-other"):
        event = told.rejected(recording=uuid4(), tenant=tenant)
        fact = await project(event, documents=Documents())
        assert fact is not None
        async with within(engine, tenant) as session:
            await add(session, event, fact)
    counts = [
        len(await webhooks.deliveries(operator, webhook.id, state=None, limit=10, after=None))
        for webhook in made
    ]
    assert counts == [1, 0]


async def test_an_edit_is_told_with_the_layer(engine: AsyncEngine, webhooks: Webhooks, mine: str) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, _ = await webhooks.add(operator, url=URL, events=[Topic.TRANSCRIPT_EDITED], description="")
    event = told.announced(recording=uuid4(), tenant=mine)
    fact = await project(event, documents=Documents())
    assert fact is not None
    async with begin(engine, lambda: None) as transaction:
        entry = await add(transaction.session, event, fact)
        author = Author(operator.id, operator.name)
        layer = Undo(id=uuid4(), author=author, at=now(), of=uuid4())
        await Editing(transaction, entry, (), Nothing()).lay(layer)
    (delivery,) = await webhooks.deliveries(operator, webhook.id, state=None, limit=10, after=None)
    assert (delivery.event, delivery.recording_id) == ("transcript.edited", event.subject)


class Nothing:
    """Finds nothing."""

    async def reindex(self, *of: object) -> None:
        pass


async def claims(queue: Queue, tenant: str, at: Any, **changes: Any) -> Sequence[Claimed]:
    return await queue.claim(tenant, at, **{"until": at + LEASE, "limit": 64, "busy": frozenset(), **changes})


async def test_several_who_send_at_once_claim_each_delivery_once(
    engine: AsyncEngine, webhooks: Webhooks, queue: Queue, mine: str
) -> None:
    made = [await sent(webhooks, mine, 8) for _ in range(3)]
    receivers = Receivers()
    senders = [Sender(Queue(engine), receivers, poll_seconds=0.01) for _ in range(3)]
    sending = [asyncio.create_task(sender.run()) for sender in senders]
    operator = replace(OPERATOR, tenant=mine)
    async with asyncio.timeout(SECONDS):
        while True:
            kept = [
                delivery
                for webhook, _ in made
                for delivery in await webhooks.deliveries(
                    operator, webhook.id, state=DeliveryState.DELIVERED, limit=50, after=None
                )
            ]
            if len(kept) == 24:
                break
            await asyncio.sleep(0.02)
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
    ids = [headers["webhook-id"] for *_, headers in receivers.heard]
    assert len(ids) == len(set(ids)) == 24
    assert all(len(delivery.attempts) == 1 for delivery in kept)


async def test_a_webhook_has_one_at_a_time_and_one_that_is_busy_none(
    webhooks: Webhooks, queue: Queue, mine: str
) -> None:
    made = [await sent(webhooks, mine, 3) for _ in range(4)]
    busy = made[0][0].id
    claimed = await claims(queue, mine, now(), busy={busy})
    assert {each.webhook_id for each in claimed} == {webhook.id for webhook, _ in made[1:]}
    assert len(claimed) == 3
    assert len(await claims(queue, mine, now(), limit=2)) == 2


async def test_what_a_dead_process_had_claimed_is_claimed_again_and_its_end_does_not_count(
    webhooks: Webhooks, queue: Queue, mine: str
) -> None:
    await sent(webhooks, mine, 1)
    (first,) = await claims(queue, mine, now())
    assert await claims(queue, mine, now()) == []
    later = now() + 2 * LEASE
    assert mine in await queue.tenants(later)
    (second,) = await claims(queue, mine, later)
    assert second.id == first.id
    attempt = Attempt(later, 0.1, 200)
    assert not await queue.finish(first, attempt, Answer(200), chance=0.5)
    assert await queue.finish(second, attempt, Answer(200), chance=0.5)
    assert mine not in await queue.tenants(later + 2 * LEASE)


async def test_what_fails_for_long_is_paused_and_resumed_with_what_has_waited(
    webhooks: Webhooks, queue: Queue, mine: str
) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, _ = await sent(webhooks, mine, 2)
    at = now()
    for number in itertools.count():
        claimed = await claims(queue, mine, at)
        if not claimed:
            break
        assert number <= 2 * ATTEMPTS
        for each in claimed:
            await queue.finish(each, Attempt(at, 0.1, 500), Answer(500), chance=0.5)
        at += PAUSE_AFTER / 2
    paused = await webhooks.find(operator, webhook.id)
    assert paused is not None
    assert (paused.state, paused.reason) == (WebhookState.PAUSED, PauseReason.FAILING)
    assert paused.failures >= PAUSE_ATTEMPTS
    assert mine not in await queue.tenants(at)
    resumed = await webhooks.change(
        operator, webhook.id, url=None, events=None, description=None, active=True
    )
    assert resumed is not None
    assert (resumed.state, resumed.failures) == (WebhookState.ACTIVE, 0)
    assert await claims(queue, mine, at)


async def test_a_receiver_that_is_gone_is_told_nothing_more(
    webhooks: Webhooks, queue: Queue, mine: str
) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, _ = await sent(webhooks, mine, 2)
    (claimed,) = await claims(queue, mine, now())
    await queue.finish(claimed, Attempt(now(), 0.1, 410), Answer(410), chance=0.5)
    gone = await webhooks.find(operator, webhook.id)
    assert gone is not None
    assert (gone.state, gone.reason) == (WebhookState.PAUSED, PauseReason.GONE)
    assert await claims(queue, mine, now() + KEPT) == []


async def test_a_rotated_secret_signs_for_a_day(webhooks: Webhooks, queue: Queue, mine: str) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, first = await webhooks.add(operator, url=URL, events=ALL, description="")
    await webhooks.test(operator, webhook.id)
    second = await webhooks.rotate(operator, webhook.id)
    (claimed,) = await claims(queue, mine, now())
    assert claimed.secrets == (second, first)
    (claimed,) = await claims(queue, mine, now() + timedelta(hours=25))
    assert claimed.secrets == (second,)


async def test_what_is_asked_for_again_is_as_new_and_keeps_its_history(
    webhooks: Webhooks, queue: Queue, mine: str
) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, (delivery,) = await sent(webhooks, mine, 1)
    at = now()
    for _ in range(ATTEMPTS):
        (claimed,) = await claims(queue, mine, at)
        await queue.finish(claimed, Attempt(at, 0.1, 500), Answer(500), chance=0.5)
        await webhooks.change(operator, webhook.id, url=None, events=None, description=None, active=True)
        at += timedelta(hours=20)
    assert await claims(queue, mine, at) == []
    again = await webhooks.retry(operator, webhook.id, delivery.id)
    assert again is not None
    assert (again.state, len(again.attempts)) == (DeliveryState.PENDING, ATTEMPTS)
    (claimed,) = await claims(queue, mine, now())
    assert (claimed.id, claimed.tries) == (delivery.id, 0)
    assert await webhooks.retry(STRANGER, webhook.id, delivery.id) is None
    assert await webhooks.retry(operator, uuid4(), delivery.id) is None


async def test_what_is_old_is_forgotten_and_nothing_else(webhooks: Webhooks, queue: Queue, mine: str) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, deliveries = await sent(webhooks, mine, 3)
    assert await queue.sweep(deliveries[1].created_at) >= 1
    kept = await webhooks.deliveries(operator, webhook.id, state=None, limit=10, after=None)
    assert {each.id for each in kept} == {each.id for each in deliveries[1:]}


async def test_a_webhook_is_removed_with_what_it_was_told_while_one_is_sent(
    webhooks: Webhooks, queue: Queue, mine: str
) -> None:
    operator = replace(OPERATOR, tenant=mine)
    webhook, _ = await sent(webhooks, mine, 1)
    (claimed,) = await claims(queue, mine, now())
    assert await webhooks.remove(operator, webhook.id)
    assert not await queue.finish(claimed, Attempt(now(), 0.1, 200), Answer(200), chance=0.5)


async def test_no_tenant_sees_or_writes_what_is_of_another(
    engine: AsyncEngine, webhooks: Webhooks, mine: str
) -> None:
    webhook, _ = await sent(webhooks, mine, 1)
    async with within(engine, "another") as session:
        for table in ("webhooks", "webhook_deliveries"):
            seen = await session.exec(text(f"select * from {table} where tenant = '{mine}'"))  # type: ignore[call-overload]
            assert seen.all() == []
    other = replace(OPERATOR, tenant="another")
    assert await webhooks.find(other, webhook.id) is None
    assert not await webhooks.remove(other, webhook.id)
    async with within(engine, "another") as session:
        with pytest.raises(ProgrammingError):
            await session.exec(text(f"insert into webhooks select gen_random_uuid(), '{mine}'"))  # type: ignore[call-overload]
        await session.rollback()
