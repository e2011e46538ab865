"""The streams and consumers, in one place: services subscribe to what is declared here."""

from dataclasses import dataclass, replace

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from minutier.schemas.choreography import SUBSCRIPTIONS as SUBSCRIPTIONS
from minutier.schemas.events import EVENTS, AnyEvent

EVENT_STREAM = "EVENTS"
DEAD_LETTER_STREAM = "DEAD_LETTERS"
ADVISORY_STREAM = "ADVISORIES"
BUCKET_STREAM = "BUCKET_NOTIFICATIONS"
BUCKET_CONSUMER = "ingestion-bucket-notifications"

ACK_WAIT_SECONDS = 30.0
# Far above what the delivery middleware attempts, so that what it gives up on waits for the
# dead-letter stream, should that be away, and is not forgotten.
SERVER_MAX_DELIVER = 1000
# Messages that wait for their next attempt count too: many of them must not hold the others back.
MAX_ACK_PENDING = 10_000

_DAY = 24 * 3600.0


def _every_version(event: type[AnyEvent]) -> str:
    """A version that nobody knows is refused aloud, not passed over."""
    return f"{event.TYPE.rpartition('.')[0]}.*.*"


STREAMS: tuple[StreamConfig, ...] = (
    # A full stream refuses, and the outbox keeps what was refused: nothing is dropped to make room.
    # A subject that nobody reads is refused as well, so that its publisher knows.
    StreamConfig(
        name=EVENT_STREAM,
        subjects=[_every_version(event) for event in EVENTS],
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=2 * 1024**3,
        max_msg_size=1024**2,
        max_age=90 * _DAY,
        duplicate_window=600,
    ),
    StreamConfig(
        name=DEAD_LETTER_STREAM,
        subjects=["deadletter.>"],
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_bytes=512 * 1024**2,
        max_msg_size=1024**2,
        max_age=90 * _DAY,
    ),
    StreamConfig(
        name=ADVISORY_STREAM,
        subjects=[
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
        ],
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_bytes=64 * 1024**2,
        max_age=30 * _DAY,
    ),
    # What stores publish of their buckets, until it is read: objects may be named like rooms. Should it
    # overflow, or nobody read it yet, the reconciler finds what was dropped.
    StreamConfig(
        name=BUCKET_STREAM,
        subjects=["bucket.notifications.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.INTEREST,
        discard=DiscardPolicy.OLD,
        max_bytes=64 * 1024**2,
        max_msg_size=1024**2,
        max_age=7 * _DAY,
    ),
)


@dataclass(frozen=True)
class Consumer:
    """One service's durable subscription to one event."""

    service: str
    event: type[AnyEvent]

    @property
    def name(self) -> str:
        _, *words, _ = self.event.TYPE.split(".")
        return "-".join([self.service, *words])

    @property
    def subject(self) -> str:
        return _every_version(self.event)

    def config(self, *, ack_wait: float) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=self.name,
            filter_subject=self.subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_deliver=SERVER_MAX_DELIVER,
            max_ack_pending=MAX_ACK_PENDING,
        )


def bucket_consumer(*, ack_wait: float) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=BUCKET_CONSUMER,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ack_wait,
        max_deliver=SERVER_MAX_DELIVER,
        max_ack_pending=MAX_ACK_PENDING,
    )


def consumers(service: str) -> tuple[Consumer, ...]:
    return tuple(Consumer(service, event) for event in SUBSCRIPTIONS[service])


async def upsert(js: JetStreamContext, *, replicas: int = 1, ack_wait: float = ACK_WAIT_SECONDS) -> None:
    """Make the server's streams and consumers those declared here; messages and positions are kept.

    ``ack_wait`` is how many seconds without a heartbeat give a message to somebody else. What is no
    longer declared stays: it holds nothing back, and its position may be wanted. Raises what the
    client raises, as where a change is one that the server does not make.
    """
    for stream in STREAMS:
        config = replace(stream, num_replicas=replicas)
        assert config.name is not None
        try:
            await js.stream_info(config.name)
        except NotFoundError:
            await js.add_stream(config)
        else:
            await js.update_stream(config)
    for service in SUBSCRIPTIONS:
        for consumer in consumers(service):
            # Creating a durable that exists updates it where the change is allowed.
            await js.add_consumer(EVENT_STREAM, consumer.config(ack_wait=ack_wait))
    await js.add_consumer(BUCKET_STREAM, bucket_consumer(ack_wait=ack_wait))
