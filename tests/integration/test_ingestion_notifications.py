"""What stores publish, from the stream to ingestion, on the real server."""

import asyncio
from contextlib import suppress

import pytest
from pydantic import TypeAdapter

from minutier.ingestion.sources.notifications import BucketMessages
from minutier.shared import topology
from tests.support.delivery_service import Streams, until

SUBJECT = "bucket.notifications.minio"


class Reader:
    """Takes messages, and fails as often as it is told to."""

    def __init__(self, streams: Streams, *, failures: int = 0) -> None:
        self._streams = streams
        self._failures = failures
        self.given: list[bytes] = []

    async def take(self, body: bytes) -> None:
        self.given.append(body)
        if body == b"nonsense":
            TypeAdapter(int).validate_python(body)
        if self._failures:
            self._failures -= 1
            raise OSError

    async def has_read_all(self) -> bool:
        info = await self._streams.js.consumer_info(topology.BUCKET_STREAM, topology.BUCKET_CONSUMER)
        return not info.num_pending and not info.num_ack_pending

    async def run_until_all_is_read(self) -> None:
        task = asyncio.create_task(BucketMessages(lambda: self._streams.js, self.take).run())
        await until(self.has_read_all)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def published(streams: Streams) -> Streams:
    for body in (b"one", b"two"):
        await streams.js.publish(SUBJECT, body, stream=topology.BUCKET_STREAM)
    return streams


async def test_each_message_is_taken_in_order_and_once(published: Streams) -> None:
    reader = Reader(published)
    await reader.run_until_all_is_read()
    assert reader.given == [b"one", b"two"]
    another = Reader(published)
    await another.run_until_all_is_read()
    assert another.given == []


async def test_what_could_not_be_taken_comes_again_and_keeps_no_other_waiting(published: Streams) -> None:
    reader = Reader(published, failures=1)
    await reader.run_until_all_is_read()
    assert reader.given == [b"one", b"two", b"one"]


async def test_what_is_no_notification_does_not_come_again(published: Streams) -> None:
    await published.js.publish(SUBJECT, b"nonsense", stream=topology.BUCKET_STREAM)
    reader = Reader(published)
    await reader.run_until_all_is_read()
    assert reader.given == [b"one", b"two", b"nonsense"]


async def test_reading_begins_when_the_consumer_is_there(streams: Streams) -> None:
    await streams.js.delete_consumer(topology.BUCKET_STREAM, topology.BUCKET_CONSUMER)
    reader = Reader(streams)
    task = asyncio.create_task(BucketMessages(lambda: streams.js, reader.take).run())
    await asyncio.sleep(0)
    await topology.upsert(streams.js)
    await streams.js.publish(SUBJECT, b"one", stream=topology.BUCKET_STREAM)

    async def one() -> bool:
        return reader.given == [b"one"]

    await until(one)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_a_store_publishes_is_bounded(streams: Streams) -> None:
    info = await streams.js.stream_info(topology.BUCKET_STREAM)
    assert (info.config.max_bytes, info.config.max_msg_size) == (64 * 1024**2, 1024**2)
    consumer = await streams.js.consumer_info(topology.BUCKET_STREAM, topology.BUCKET_CONSUMER)
    assert consumer.config.max_deliver == topology.SERVER_MAX_DELIVER
