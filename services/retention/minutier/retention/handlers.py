"""From events to expiry dates."""

from minutier.retention.domain import Policy
from minutier.retention.repository import Register
from minutier.retention.set_expiry import set_expiry
from minutier.schemas.events import RecordingIngested, TextReceived
from minutier.shared.delivery import Work
from minutier.shared.service import Service


def subscribe(service: Service, *, policy: Policy) -> None:
    async def on_taken_in(event: RecordingIngested | TextReceived, work: Work) -> None:
        async with work.transaction() as transaction:
            await set_expiry(event, policy=policy, register=Register(transaction.session))

    service.on(RecordingIngested)(on_taken_in)
    service.on(TextReceived)(on_taken_in)
