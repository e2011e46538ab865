"""From events to expiry dates."""

from minutier.retention.domain import Policy
from minutier.retention.repository import Register
from minutier.retention.set_expiry import set_expiry
from minutier.schemas.events import RecordingIngested
from minutier.shared.delivery import Work
from minutier.shared.service import Service


def subscribe(service: Service, *, policy: Policy) -> None:
    @service.on(RecordingIngested)
    async def on_ingested(event: RecordingIngested, work: Work) -> None:
        async with work.transaction() as transaction:
            await set_expiry(event, policy=policy, register=Register(transaction.session))
