import re

from minutier.schemas.events import EVENTS
from minutier.shared.topology import STREAMS, SUBSCRIPTIONS, consumers


def test_consumers_are_named_apart() -> None:
    names = [consumer.name for service in SUBSCRIPTIONS for consumer in consumers(service)]
    assert len(names) == len(set(names))
    # What NATS and the subject of a dead letter take as one token.
    assert all(re.fullmatch(r"[a-z-]+", name) for name in names)


def test_every_event_has_a_place_in_the_stream_and_a_reader() -> None:
    read = {event for events in SUBSCRIPTIONS.values() for event in events}
    assert read == set(EVENTS)
    subjects = STREAMS[0].subjects
    assert subjects is not None
    assert len(set(subjects)) == len(EVENTS)


def test_every_queue_has_a_limit() -> None:
    for stream in STREAMS:
        assert stream.max_bytes
        assert stream.max_age
    for service in SUBSCRIPTIONS:
        for consumer in consumers(service):
            config = consumer.config(ack_wait=1)
            assert config.max_ack_pending
            assert config.max_deliver
