"""What waits in the streams."""

from dataclasses import dataclass

from nats.js.errors import NotFoundError

from minutier.compose.jetstream import jetstream
from minutier.shared import topology
from minutier.shared.settings import NatsSettings


@dataclass(frozen=True)
class ConsumerBacklog:
    consumer: str
    pending: int
    in_flight: int
    redelivered: int


@dataclass(frozen=True)
class Backlog:
    consumers: tuple[ConsumerBacklog, ...]
    dead_letters: int


async def backlog(settings: NatsSettings) -> Backlog:
    """Raises `Unanswered`."""
    async with jetstream(settings) as js:
        found = []
        for service in topology.SUBSCRIPTIONS:
            for consumer in topology.consumers(service):
                try:
                    info = await js.consumer_info(topology.EVENT_STREAM, consumer.name)
                except NotFoundError:
                    continue
                found.append(
                    ConsumerBacklog(
                        consumer.name,
                        info.num_pending or 0,
                        info.num_ack_pending or 0,
                        info.num_redelivered or 0,
                    )
                )
        stream = await js.stream_info(topology.DEAD_LETTER_STREAM)
        return Backlog(tuple(found), stream.state.messages)
