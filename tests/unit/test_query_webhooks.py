import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Oracle
from standardwebhooks import WebhookVerificationError

from minutier.query.domain import Entry
from minutier.query.project import project
from minutier.query.webhooks.domain import (
    ATTEMPTS,
    KEPT,
    PAUSE_AFTER,
    Answer,
    Attempt,
    DeliveryState,
    Fault,
    PauseReason,
    Topic,
    WebhookState,
    after_attempt,
    body_of,
    following,
    new_secret,
    news,
    resumed,
    signed,
)
from minutier.query.webhooks.send import Sender
from minutier.schemas.clock import now
from minutier.schemas.events import AnyEvent
from tests.support import query_events as told
from tests.support.query_events import RECORDING, START, Documents
from tests.support.query_webhooks import Clock, Item, Queue, Receivers, webhook

COMPLETED, TRANSCRIPT, MINUTES = Topic.RECORDING_COMPLETED, Topic.TRANSCRIPT_READY, Topic.MINUTES_READY
T = TypeVar("T")

SLOW, QUICK = "https://slow.example/", "https://quick.example/"
UP, DOWN = Answer(200), Answer(503)


async def heard(events: Sequence[AnyEvent], documents: Documents) -> list[tuple[Topic, ...]]:
    """What is told as each of ``events`` arrives."""
    entry, all_told = Entry(RECORDING, "acme", START), []
    for event in events:
        fact = await project(event, documents=documents)
        assert fact is not None
        entry = replace(entry, facts={**entry.facts, event.id: fact})
        all_told.append(news(entry, event.id))
    return all_told


async def test_each_step_is_told_when_it_is_reached() -> None:
    documents = Documents()
    all_told = await heard(told.pipeline(documents), documents)
    assert all_told == [(), (), (), (), (TRANSCRIPT,), (MINUTES, COMPLETED)]


async def test_what_is_made_anew_is_told_anew_and_an_older_one_is_not() -> None:
    documents = Documents()
    refs = [documents.keep(told.minutes(RECORDING)) for _ in range(2)]
    again, earlier = told.written(refs[0], 9), told.written(refs[1], 2)
    all_told = await heard([*told.pipeline(documents), again, earlier], documents)
    assert all_told[-2:] == [(MINUTES,), ()]


async def test_a_recording_that_fails_or_is_rejected_is_told_of_once() -> None:
    documents = Documents()
    failing: list[AnyEvent] = [
        told.announced(),
        told.failed("ingestion", seconds=2),
        told.failed("ingestion", seconds=3),
    ]
    assert await heard(failing, documents) == [(), (Topic.RECORDING_FAILED,), ()]
    refused: list[AnyEvent] = [told.announced(), told.rejected(2.0)]
    assert await heard(refused, documents) == [(), (Topic.RECORDING_REJECTED,)]


@given(st.permutations(range(6)))
async def test_whatever_the_order_each_thing_is_told_once(order: list[int]) -> None:
    documents = Documents()
    events = list(told.pipeline(documents))
    all_told = [
        topic for each in await heard([events[place] for place in order], documents) for topic in each
    ]
    assert sorted(all_told) == [MINUTES, COMPLETED, TRANSCRIPT]


async def test_a_body_has_no_title_name_or_word() -> None:
    documents = Documents()
    entry = Entry(RECORDING, "acme", START)
    for event in told.pipeline(documents):
        fact = await project(event, documents=documents)
        assert fact is not None
        entry = replace(entry, facts={**entry.facts, event.id: fact})
    body = body_of(COMPLETED, entry, START)
    assert json.loads(body) == {
        "type": "recording.completed",
        "timestamp": "2026-01-01T09:00:00+00:00",
        "data": {
            "recording_id": str(RECORDING),
            "state": "completed",
            "reason": None,
            "language": "en",
            "duration": 30.0,
            "total_seconds": 6.0,
            "links": {
                "recording": f"/api/v1/recordings/{RECORDING}",
                "transcript": f"/api/v1/recordings/{RECORDING}/transcript",
                "minutes": f"/api/v1/recordings/{RECORDING}/minutes",
            },
        },
    }


@given(st.text())
def test_a_receiver_that_knows_the_secret_verifies_what_is_sent(body: str) -> None:
    body = body.encode(errors="ignore").decode()
    old, new = new_secret(), new_secret()
    headers = signed(uuid4(), now(), body, [new, old])
    for secret in (old, new):
        Oracle(secret).verify(body, headers, json_parse=False)
    for secret, text in ((new_secret(), body), (new, f"{body} ")):
        with pytest.raises(WebhookVerificationError):
            Oracle(secret).verify(text, headers, json_parse=False)


def test_an_id_stays_and_a_time_that_was_changed_is_seen() -> None:
    secret, delivery = new_secret(), uuid4()
    first = signed(delivery, now(), "{}", [secret])
    later = signed(delivery, now() + timedelta(minutes=1), "{}", [secret])
    assert first["webhook-id"] == later["webhook-id"]
    with pytest.raises(WebhookVerificationError):
        Oracle(secret).verify("{}", {**first, "webhook-timestamp": later["webhook-timestamp"]})


@given(st.lists(st.floats(0, 1), min_size=ATTEMPTS, max_size=ATTEMPTS))
def test_what_keeps_failing_is_tried_for_about_three_days(chances: list[float]) -> None:
    at = START
    for tries, chance in enumerate(chances, start=1):
        outcome = following(tries, DOWN, at, chance=chance)
        if tries == ATTEMPTS:
            assert outcome.state is DeliveryState.FAILED
            break
        assert outcome.next_attempt_at is not None
        assert outcome.next_attempt_at > at
        at = outcome.next_attempt_at
    assert timedelta(days=2) < at - START < timedelta(days=4)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(200), DeliveryState.DELIVERED),
        (Answer(204), DeliveryState.DELIVERED),
        (Answer(301), DeliveryState.PENDING),
        (Answer(400), DeliveryState.PENDING),
        (Answer(fault=Fault.TIMEOUT), DeliveryState.PENDING),
        (Answer(410), DeliveryState.FAILED),
    ],
)
def test_only_what_was_taken_or_is_gone_for_good_ends(answer: Answer, state: DeliveryState) -> None:
    assert following(1, answer, START, chance=0.5).state is state


@pytest.mark.parametrize(("wanted", "waited"), [(5, 10), (3600, 3600), (10**7 - 1, 18 * 3600)])
def test_a_receiver_says_how_long_it_wants_to_be_left_alone(wanted: int, waited: int) -> None:
    answer = Answer(429, retry_after=timedelta(seconds=wanted))
    outcome = following(1, answer, START, chance=0.5)
    assert outcome.next_attempt_at == START + timedelta(seconds=waited)


def attempt(at: datetime, status: int | None = 503) -> Attempt:
    return Attempt(at, 0.1, status, None if status else Fault.UNREACHABLE)


def test_only_failures_for_long_pause() -> None:
    failing = webhook()
    for number in range(50):
        failing = after_attempt(failing, attempt(START + timedelta(minutes=number)))
    assert failing.state is WebhookState.ACTIVE
    failing = after_attempt(failing, attempt(START + PAUSE_AFTER))
    assert (failing.state, failing.reason) == (WebhookState.PAUSED, PauseReason.FAILING)
    again = after_attempt(resumed(failing), attempt(START + 2 * PAUSE_AFTER))
    assert (again.state, again.failures) == (WebhookState.ACTIVE, 1)


def test_a_success_between_failures_keeps_a_webhook_going() -> None:
    failing = webhook()
    for hour in range(200):
        status = 200 if hour % 23 == 22 else None
        failing = after_attempt(failing, attempt(START + timedelta(hours=hour), status))
    assert failing.state is WebhookState.ACTIVE


def test_a_receiver_that_is_gone_is_paused_at_once() -> None:
    gone = after_attempt(webhook(), attempt(START, 410))
    assert (gone.state, gone.reason) == (WebhookState.PAUSED, PauseReason.GONE)


@asynccontextmanager
async def sending(queue: Queue, post: object, clock: Clock, *, at_once: int = 64) -> AsyncIterator[Sender]:
    sender = Sender(queue, post, clock=clock, at_once=at_once, poll_seconds=0.001)  # type: ignore[arg-type]
    running = asyncio.create_task(sender.run())
    yield sender
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)


async def test_what_was_not_taken_is_sent_again_under_the_same_id() -> None:
    queue, clock = Queue(), Clock()
    to = webhook(QUICK)
    item = queue.put("acme", to, clock.at, body='{"a":1}')
    receivers = Receivers({QUICK: [DOWN, Answer(fault=Fault.TIMEOUT), UP]})
    async with sending(queue, receivers, clock):
        for number in range(1, 4):
            await until(lambda: len(item.attempts) == number)  # noqa: B023
            clock.wait(timedelta(hours=1))
    assert item.state is DeliveryState.DELIVERED
    assert [each.status for each in item.attempts] == [503, None, 200]
    assert {(body, headers["webhook-id"]) for _, body, headers in receivers.heard} == {
        (b'{"a":1}', f"msg_{item.claimed.id.hex}")
    }
    assert len({headers["webhook-timestamp"] for *_, headers in receivers.heard}) == 3


class Stalling:
    """Answers nobody whose address is ``slow`` before it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.waiting = 0
        self.most = 0
        self.heard: list[str] = []

    async def __call__(self, url: str, body: bytes, headers: object) -> Answer:
        self.heard.append(url)
        if url.startswith(SLOW):
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            await self.let_go.wait()
            self.waiting -= 1
        return UP


async def test_a_slow_receiver_delays_no_other_of_its_tenant_and_no_other_tenant() -> None:
    queue, clock, receivers = Queue(), Clock(), Stalling()
    slow, quick, others = webhook(SLOW), webhook(QUICK), webhook(QUICK)
    stuck = [queue.put("acme", slow, clock.at) for _ in range(20)]
    rest = [queue.put(*of, clock.at) for of in itertools.product(["acme"], [quick] * 10)]
    rest += [queue.put("other", others, clock.at) for _ in range(10)]
    async with sending(queue, receivers, clock):
        await until(lambda: all(item.state is DeliveryState.DELIVERED for item in rest))
        assert receivers.waiting == 1
        receivers.let_go.set()
        await until(lambda: all(item.state is DeliveryState.DELIVERED for item in stuck))
    assert receivers.most == 1


async def test_no_more_are_under_way_than_there_is_room_for() -> None:
    queue, clock, receivers = Queue(), Clock(), Stalling()
    items = [queue.put(f"tenant-{number % 7}", webhook(f"{SLOW}{number}"), clock.at) for number in range(40)]
    async with sending(queue, receivers, clock, at_once=5):
        await until(lambda: receivers.waiting == 5)
        assert len(receivers.heard) == 5
        receivers.let_go.set()
        await until(lambda: all(item.state is DeliveryState.DELIVERED for item in items))
    assert receivers.most <= 5


async def test_the_tenant_with_the_fewest_under_way_comes_first() -> None:
    queue, clock, receivers = Queue(), Clock(), Stalling()
    for number in range(4):
        queue.put("greedy", webhook(f"{SLOW}{number}"), clock.at)
    async with sending(queue, receivers, clock, at_once=5):
        await until(lambda: receivers.waiting == 4)
        queue.put("greedy", webhook(f"{SLOW}last"), clock.at)
        modest = queue.put("modest", webhook(QUICK), clock.at)
        await until(lambda: modest.state is DeliveryState.DELIVERED)


class Unsteady(Queue):
    """Cannot be read or written now and then, as a database that restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = itertools.count()

    async def tenants(self, at: datetime) -> Sequence[str]:
        return await self._or_not(super().tenants(at))

    async def finish(self, *of: object, **more: object) -> bool:
        return await self._or_not(super().finish(*of, **more))  # type: ignore[arg-type]

    async def _or_not(self, found: Awaitable[T]) -> T:
        if next(self.turns) % 3 == 0:
            await found
            raise ConnectionError
        return await found


async def test_a_database_that_fails_for_a_while_loses_nothing() -> None:
    queue, clock = Unsteady(), Clock()
    items: list[Item] = [queue.put("acme", webhook(f"{QUICK}{number}"), clock.at) for number in range(9)]
    async with sending(queue, Receivers(), clock):

        def delivered() -> bool:
            clock.wait(timedelta(seconds=1))
            return all(item.state is DeliveryState.DELIVERED for item in items)

        await until(delivered)


async def test_what_is_old_is_swept_by_the_hour() -> None:
    queue, clock = Queue(), Clock(datetime(2026, 2, 1, tzinfo=UTC))
    async with sending(queue, Receivers(), clock):
        await until(lambda: len(queue.swept) == 1)
        clock.wait(timedelta(hours=1))
        await until(lambda: len(queue.swept) == 2)
    assert queue.swept[0] == datetime(2026, 2, 1, tzinfo=UTC) - KEPT
