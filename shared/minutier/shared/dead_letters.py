"""Where a message ends that a service gives up on, kept whole, with the reason."""

from collections.abc import Callable
from uuid import UUID, uuid5

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.schemas.events import AnyEvent, Failed, StageFailed
from minutier.shared import outbox, telemetry
from minutier.shared.topology import DEAD_LETTER_STREAM, Consumer

_UNKNOWN_TENANT = "unknown"


class DeadLetters:
    """The dead letters of one service, and the news of them."""

    def __init__(
        self,
        service: str,
        *,
        engine: AsyncEngine,
        js: Callable[[], JetStreamContext],
        wake_relay: Callable[[], None],
        timeout: float,
    ) -> None:
        self._service = service
        self._engine = engine
        self._js = js
        self._wake_relay = wake_relay
        self._timeout = timeout

    async def bury(
        self, message: Msg, consumer: Consumer, event: AnyEvent | None, *, attempts: int, reason: str
    ) -> None:
        """Keep the message first, then tell of it: nothing is lost between.

        ``event`` is what the message holds, where that can be read. Doing it again changes nothing. Raises
        what the servers' clients raise.
        """
        recording_id = event.subject if event else _recording_of(message.subject)
        received = message.metadata
        identity = f"{consumer.name}.{received.sequence.stream}.{received.timestamp.timestamp()}"
        await self._js().publish(
            f"deadletter.{consumer.name}.{recording_id or 'unknown'}",
            message.data,
            stream=DEAD_LETTER_STREAM,
            timeout=self._timeout,
            headers={
                "Nats-Msg-Id": identity,
                "Minutier-Reason": reason,
                "Minutier-Subject": message.subject,
                "Minutier-Attempts": str(attempts),
            },
        )
        if recording_id is None:
            return
        news = StageFailed.of(
            recording_id,
            tenant=event.tenant if event else _UNKNOWN_TENANT,
            source=f"minutier/{self._service}",
            data=Failed(stage=self._service, reason=reason, attempts=attempts),
            id=uuid5(recording_id, identity),
        )
        carried = {
            "traceparent": telemetry.traceparent(),
            "wantedsince": event.wanted_since if event else None,
        }
        async with self._engine.begin() as connection:
            await outbox.append(connection, [news.model_copy(update=carried)])
        self._wake_relay()


def _recording_of(subject: str) -> UUID | None:
    try:
        return UUID(subject.rpartition(".")[2])
    except ValueError:
        return None
