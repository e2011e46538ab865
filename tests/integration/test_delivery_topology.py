"""The streams and consumers of the server follow the code."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from nats.js.api import RetentionPolicy
from nats.js.errors import NoStreamResponseError

from minutier.schemas.events import RecordingIngested
from minutier.shared import topology
from minutier.shared.topology import BUCKET_CONSUMER, BUCKET_STREAM, EVENT_STREAM, Consumer
from tests.support import query_events as told
from tests.support.delivery_service import Streams, streams_of
from tests.support.systems import running

CONSUMER = Consumer("retention", RecordingIngested)


@pytest.fixture(scope="module")
async def streams() -> AsyncIterator[Streams]:
    async with running(services=[]) as system, streams_of(system) as streams:
        yield streams


async def test_a_changed_consumer_is_changed_on_the_server_and_keeps_its_place(streams: Streams) -> None:
    await topology.upsert(streams.js, ack_wait=1)
    await streams.publish(told.ingested(recording=uuid4()))
    await streams.publish(told.ingested(recording=uuid4()))
    subscription = await streams.js.pull_subscribe_bind(CONSUMER.name, EVENT_STREAM)
    (message,) = await subscription.fetch(1)
    await message.ack_sync()
    before = await streams.js.consumer_info(EVENT_STREAM, CONSUMER.name)
    await topology.upsert(streams.js, ack_wait=7)
    after = await streams.js.consumer_info(EVENT_STREAM, CONSUMER.name)
    assert (before.config.ack_wait, after.config.ack_wait) == (1, 7)
    assert (after.num_pending, after.ack_floor) == (1, before.ack_floor)


async def test_a_changed_stream_is_changed_on_the_server_and_keeps_its_messages(streams: Streams) -> None:
    stream = topology.STREAMS[0]
    await streams.js.update_stream(replace(stream, max_bytes=1024**2, subjects=["minutier.>"]))
    await streams.js.publish("minutier.of.old.v1.x", b"", stream=EVENT_STREAM)
    await topology.upsert(streams.js)
    info = await streams.js.stream_info(EVENT_STREAM)
    assert (info.config.max_bytes, info.config.subjects) == (stream.max_bytes, stream.subjects)
    assert await streams.on("minutier.of.old.v1.x")


@pytest.mark.parametrize("upgraded", [False, True])
async def test_of_buckets_nothing_is_kept_that_was_read(streams: Streams, upgraded: bool) -> None:
    stream = next(stream for stream in topology.STREAMS if stream.name == BUCKET_STREAM)
    await streams.js.delete_stream(BUCKET_STREAM)
    before = replace(stream, retention=RetentionPolicy.LIMITS)
    await streams.js.add_stream(before if upgraded else stream)
    await streams.js.add_consumer(BUCKET_STREAM, topology.bucket_consumer(ack_wait=30))
    subscription = await streams.js.pull_subscribe_bind(BUCKET_CONSUMER, BUCKET_STREAM)
    for body in (b"read", b"unread"):
        await streams.js.publish("bucket.notifications.x", body, stream=BUCKET_STREAM)
    (message,) = await subscription.fetch(1)
    await message.ack_sync()
    await topology.upsert(streams.js)
    assert [left.data for left in await streams.on("bucket.notifications.x", BUCKET_STREAM)] == [b"unread"]
    (message,) = await subscription.fetch(1)
    await message.ack_sync()
    assert (message.data, await streams.on("bucket.notifications.x", BUCKET_STREAM)) == (b"unread", [])


async def test_what_is_no_longer_declared_stays(streams: Streams) -> None:
    config = replace(CONSUMER.config(ack_wait=1), durable_name="retention-of-old")
    await streams.js.add_consumer(EVENT_STREAM, config)
    await topology.upsert(streams.js)
    assert await streams.js.consumer_info(EVENT_STREAM, "retention-of-old")


@pytest.mark.parametrize("subject", ["minutier.recording.lost.v1.x", "minutier.recording.ingested.v1"])
async def test_a_subject_that_nobody_reads_is_refused(streams: Streams, subject: str) -> None:
    await topology.upsert(streams.js)
    with pytest.raises(NoStreamResponseError):
        await streams.put(subject, b"{}")


async def test_every_consumer_is_there(streams: Streams) -> None:
    await topology.upsert(streams.js)
    for service in topology.SUBSCRIPTIONS:
        for consumer in topology.consumers(service):
            info = await streams.js.consumer_info(EVENT_STREAM, consumer.name)
            assert info.config.filter_subject == consumer.subject
            assert info.config.max_ack_pending == topology.MAX_ACK_PENDING
