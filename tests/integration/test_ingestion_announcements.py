"""Announcements on the stream of a real server, found and removed."""

from uuid import uuid4

from nats.js import JetStreamContext

from minutier.ingestion.nats import StreamAnnouncements
from minutier.schemas.codec import encode
from minutier.shared.topology import EVENT_STREAM
from tests.support.ingestion_fakes import announced


async def test_one_that_is_gone_by_now_is_as_good_as_removed(js: JetStreamContext) -> None:
    announcements = StreamAnnouncements(lambda: js)
    event = announced(external_id=str(uuid4()))
    for _ in range(2):
        await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    first, second = [held async for held in announcements.of(event.subject)]
    await announcements.remove(first)
    await announcements.remove(first)
    assert [held async for held in announcements.of(event.subject)] == [second]
    # As after its time, or a purge of the stream.
    await js.purge_stream(EVENT_STREAM, seq=second.sequence + 1)
    await announcements.remove(first)
    await announcements.remove(second)
    assert [held async for held in announcements.of(event.subject)] == []
