"""What becomes of messages, on the real servers."""

import asyncio
from uuid import UUID, uuid4

import pytest

from minutier.compose.embedded import System
from minutier.schemas.codec import encode
from minutier.schemas.events import RecordingIngested, SpeechDiarized, Stage, StageFailed
from minutier.shared import topology
from minutier.shared.delivery import Work
from minutier.shared.errors import Permanent
from minutier.shared.service import Service
from tests.support import query_events as told
from tests.support.delivery_service import (
    ACK_WAIT,
    SECONDS,
    Handler,
    Streams,
    leave_effect,
    serving,
    until,
)

CONSUMER = "retention-recording-ingested"
SECRET = "we dismiss Jeanne"


def recording() -> RecordingIngested:
    return told.ingested(recording=uuid4())


async def settled(streams: Streams, consumer: str = CONSUMER) -> None:
    await until(lambda: streams.settled(consumer))


@pytest.mark.parametrize("long_running", [False, True])
async def test_an_event_delivered_often_has_its_effect_once(
    system: System, streams: Streams, long_running: bool
) -> None:
    event, handler = recording(), Handler()
    for _ in range(3):
        await streams.publish(event)
    async with (
        serving(system, "retention", handler.subscribe(long_running=long_running)),
        serving(system, "retention", handler.subscribe(long_running=long_running)),
    ):
        await settled(streams)
        await until(lambda: _has(streams, event.subject, effects=1))
    assert await streams.effects(event.subject) == 1
    assert await streams.dead_letters() == []


async def test_two_deliveries_at_the_same_time_have_one_effect(system: System, streams: Streams) -> None:
    event, first, second = recording(), Handler(), Handler()
    first.go_on.clear()
    second.go_on.clear()
    await streams.publish(event)
    await streams.publish(event)
    async with (
        serving(system, "retention", first.subscribe()),
        serving(system, "retention", second.subscribe()),
    ):
        await asyncio.gather(first.entered.wait(), second.entered.wait())
        first.go_on.set()
        second.go_on.set()
        await settled(streams)
    assert (len(first.calls), len(second.calls)) == (1, 1)
    assert await streams.effects(event.subject) == 1


async def test_a_newer_claim_wins(system: System, streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    event, stalled, other = recording(), Handler(), Handler()
    stalled.go_on.clear()
    async with serving(system, "retention", stalled.subscribe(long_running=True)) as replica:
        # Its heartbeats stop, as where a process hangs or is cut off.
        replica._delivery.heed(replica._delivery.consumers[0], ack_wait=1000)
        await streams.publish(event)
        await stalled.entered.wait()
        async with serving(system, "retention", other.subscribe(long_running=True)):
            await until(lambda: _has(streams, event.subject, effects=1))
            stalled.go_on.set()
            await settled(streams)
    assert (len(stalled.calls), len(other.calls)) == (1, 1)
    assert await streams.effects(event.subject) == 1
    assert await streams.failures(event.subject) == []


async def test_a_handler_that_outlives_the_ack_wait_keeps_its_message(
    system: System, streams: Streams
) -> None:
    event, slow, other = recording(), Handler(), Handler()
    slow.go_on.clear()
    async with serving(system, "retention", slow.subscribe()):
        await streams.publish(event)
        await slow.entered.wait()
        async with serving(system, "retention", other.subscribe()):
            await asyncio.sleep(3 * ACK_WAIT)
            slow.go_on.set()
            await settled(streams)
    assert (len(slow.calls), other.calls) == (1, [])
    assert await streams.effects(event.subject) == 1


async def test_what_fails_is_tried_again(system: System, streams: Streams) -> None:
    event, handler = recording(), Handler(OSError(), ValueError())
    async with serving(system, "retention", handler.subscribe()):
        await streams.publish(event)
        await until(lambda: _has(streams, event.subject, effects=1))
        await settled(streams)
    assert len(handler.calls) == 3
    assert await streams.dead_letters() == []


@pytest.mark.parametrize(
    ("failure", "attempts", "reason"),
    [(Permanent("object_missing"), 1, "object_missing"), (OSError(SECRET), 3, "os_error")],
)
async def test_what_is_given_up_is_kept_with_its_reason_and_told(
    system: System, streams: Streams, failure: Exception, attempts: int, reason: str
) -> None:
    event, handler = recording(), Handler(*[failure] * 9)
    async with serving(system, "retention", handler.subscribe(), attempts=3):
        await streams.publish(event)
        await settled(streams)
        await until(lambda: _has(streams, event.subject, failures=1))
    (letter,) = await streams.dead_letters()
    assert letter.subject == f"deadletter.{CONSUMER}.{event.subject}"
    assert letter.data == encode(event)
    assert letter.headers is not None
    assert letter.headers.items() >= {
        ("Minutier-Reason", reason),
        ("Minutier-Subject", event.nats_subject),
        ("Minutier-Attempts", str(attempts)),
    }
    (news,) = await streams.failures(event.subject)
    assert isinstance(news, StageFailed)
    assert (news.data.stage, news.data.reason, news.data.attempts) == ("retention", reason, attempts)
    assert news.tenant == event.tenant
    assert len(handler.calls) == attempts
    for kept in (news.model_dump_json(), str(letter.headers)):
        assert SECRET not in kept


@pytest.mark.parametrize(
    ("subject", "body", "reason"),
    [
        ("minutier.recording.ingested.v1.{id}", b"{", "not_json"),
        ("minutier.recording.ingested.v1.{id}", b"\xff\xfe", "not_json"),
        ("minutier.recording.ingested.v1.{id}", b"[]", "unknown_type"),
        (
            "minutier.recording.ingested.v9.{id}",
            b'{"type":"minutier.recording.ingested.v9"}',
            "unknown_version",
        ),
        ("minutier.recording.ingested.v1.{id}", b'{"type":"minutier.recording.ingested.v1"}', "invalid"),
        ("minutier.recording.ingested.v1.{id}", encode(told.diarized()), "wrong_subject"),
        ("minutier.recording.ingested.v1.{id}", encode(told.ingested()), "wrong_subject"),
    ],
)
async def test_what_cannot_be_read_is_refused_at_once(
    system: System, streams: Streams, subject: str, body: bytes, reason: str
) -> None:
    recording, handler = uuid4(), Handler()
    async with serving(system, "retention", handler.subscribe()):
        await streams.put(subject.format(id=recording), body)
        await until(lambda: _has(streams, recording, failures=1))
        await settled(streams)
    (letter,) = await streams.dead_letters()
    assert (letter.data, (letter.headers or {})["Minutier-Reason"]) == (body, reason)
    (news,) = await streams.failures(recording)
    assert (news.data.reason, news.data.attempts) == (reason, 1)
    assert handler.calls == []


async def test_a_message_about_no_recording_is_kept_too(system: System, streams: Streams) -> None:
    async with serving(system, "retention", Handler().subscribe()):
        await streams.put("minutier.recording.ingested.v1.not-an-id", b"?")
        await settled(streams)
        await until(lambda: _any(streams, "deadletter.>", topology.DEAD_LETTER_STREAM))
    (letter,) = await streams.dead_letters()
    assert letter.subject == f"deadletter.{CONSUMER}.unknown"
    assert letter.data == b"?"


async def test_a_message_that_fails_holds_back_no_other(system: System, streams: Streams) -> None:
    poison, others = recording(), [recording() for _ in range(5)]
    done: set[UUID] = set()
    others_done = asyncio.Event()

    async def handle(event: RecordingIngested, work: Work) -> None:
        if event.subject == poison.subject:
            raise OSError
        done.add(event.subject)
        if len(done) == len(others):
            others_done.set()

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(handle)

    async with serving(system, "retention", subscribe, attempts=100, retry=60, retry_limit=60):
        for event in [poison, *others]:
            await streams.publish(event)
        async with asyncio.timeout(SECONDS):
            await others_done.wait()
    assert await streams.dead_letters() == []


async def test_nothing_is_lost_while_dead_letters_cannot_be_written(system: System, streams: Streams) -> None:
    event, handler = recording(), Handler(*[Permanent("object_missing")] * 99)
    await streams.js.delete_stream(topology.DEAD_LETTER_STREAM)
    async with serving(system, "retention", handler.subscribe()):
        await streams.publish(event)
        await until(lambda: _called(handler, 2))
        assert await streams.failures(event.subject) == []
        await topology.upsert(streams.js, ack_wait=ACK_WAIT)
        await until(lambda: _has(streams, event.subject, failures=1))
        await settled(streams)
    (letter,) = await streams.dead_letters()
    assert (letter.headers or {})["Minutier-Reason"] == "object_missing"
    assert len(await streams.failures(event.subject)) == 1


async def test_what_ends_without_an_effect_is_recorded_by_the_server(
    system: System, streams: Streams
) -> None:
    event = recording()
    async with serving(system, "retention", Handler(Permanent("object_missing")).subscribe()):
        await streams.publish(event)
        await settled(streams)
        subject = "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"
        await until(lambda: _any(streams, subject, topology.ADVISORY_STREAM))


async def test_what_a_handler_waits_for_may_be_cancelled(system: System, streams: Streams) -> None:
    event, calls = recording(), 0

    async def handle(event: RecordingIngested, work: Work) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            waited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waited.cancel()
            await waited
        await leave_effect(event, work)

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(handle)

    async with serving(system, "retention", subscribe):
        await streams.publish(event)
        await until(lambda: _has(streams, event.subject, effects=1))
    assert calls == 2


async def test_a_second_transaction_is_refused(system: System, streams: Streams) -> None:
    event = recording()

    async def handle(event: RecordingIngested, work: Work) -> None:
        await leave_effect(event, work)
        await leave_effect(event, work)

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(handle)

    async with serving(system, "retention", subscribe):
        await streams.publish(event)
        await settled(streams)
        await until(lambda: _has(streams, event.subject, effects=1))


async def test_work_in_hand_is_given_back_on_leaving(system: System, streams: Streams) -> None:
    event, held, other = recording(), Handler(), Handler()
    held.go_on.clear()
    async with serving(system, "retention", held.subscribe()):
        await streams.publish(event)
        await held.entered.wait()
    async with serving(system, "retention", other.subscribe()):
        async with asyncio.timeout(ACK_WAIT):
            await other.entered.wait()
        await settled(streams)
    assert await streams.effects(event.subject) == 1


async def test_work_that_ends_soon_may_finish_on_leaving(system: System, streams: Streams) -> None:
    event, handler = recording(), Handler()
    handler.go_on.clear()
    async with serving(system, "retention", handler.subscribe()):
        await streams.publish(event)
        await handler.entered.wait()
        asyncio.get_running_loop().call_later(0.05, handler.go_on.set)
    assert await streams.effects(event.subject) == 1
    assert await streams.settled(CONSUMER)


async def test_what_prepares_holds_up_no_message_and_may_fail(system: System, streams: Streams) -> None:
    handler, ended = Handler(), asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail() -> None:
        raise RuntimeError

    def subscribe(service: Service) -> None:
        service.on_start(hang)
        service.on_start(fail)
        handler.subscribe()(service)

    async with serving(system, "retention", subscribe):
        await streams.publish(recording())
        await settled(streams)
    assert ended.is_set()


async def test_subscriptions_of_one_service_do_not_wait_for_each_other(
    system: System, streams: Streams
) -> None:
    held, other = Handler(), Handler()
    held.go_on.clear()

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(held)
        service.on(SpeechDiarized)(other)

    async with serving(system, "attribution", subscribe):
        await streams.publish(recording())
        await held.entered.wait()
        await streams.publish(told.diarized(recording=uuid4()))
        await settled(streams, "attribution-speech-diarized")
        held.go_on.set()
    assert len(other.calls) == 1


async def test_progress_is_heard_by_whoever_watches(system: System, streams: Streams) -> None:
    event = recording()
    heard = await streams.client.subscribe(f"progress.{event.subject}")

    async def handle(event: RecordingIngested, work: Work) -> None:
        report = work.report(Stage.DIARIZATION)
        for fraction in (0.1, 0.2, 1.0):
            report(fraction)

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(handle)

    async with serving(system, "retention", subscribe):
        await streams.publish(event)
        messages = [await heard.next_msg(10) for _ in range(2)]
    # Between the first and the last, no more than a person can see.
    assert [b'"fraction":0.1' in messages[0].data, b'"fraction":1.0' in messages[1].data] == [True, True]


async def _has(
    streams: Streams, recording: UUID, *, effects: int | None = None, failures: int | None = None
) -> bool:
    return (effects is None or await streams.effects(recording) == effects) and (
        failures is None or len(await streams.failures(recording)) == failures
    )


async def _called(handler: Handler, times: int) -> bool:
    return len(handler.calls) >= times


async def _any(streams: Streams, subject: str, stream: str) -> bool:
    return bool(await streams.on(subject, stream))
