"""What waits in the streams."""

from dataclasses import dataclass

import nats
from nats.js.errors import NotFoundError

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


async def backlog() -> Backlog:
    """Raises what the NATS client raises."""
    settings = NatsSettings()
    client = await nats.connect(
        settings.url,
        token=settings.token.get_secret_value() if settings.token else None,
        name="minutier-command-line",
        connect_timeout=int(settings.timeout_seconds),
        allow_reconnect=False,
    )
    try:
        js = client.jetstream(timeout=settings.timeout_seconds)
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
    finally:
        await client.close()
