"""From events to what is known of a recording."""

from minutier.retention.policies.ports import Documents
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.take_facts import Telling, take_facts, told_by
from minutier.schemas.events import RecordingDescribed, RecordingIngested, TextReceived
from minutier.shared.delivery import Work
from minutier.shared.service import Service


def subscribe(service: Service, *, registers: Registers, documents: Documents) -> None:
    async def on_told(event: Telling, work: Work) -> None:
        told = await told_by(event, documents=documents)
        async with work.transaction() as transaction:
            register = await registers.joining(transaction.session, event.tenant)
            await take_facts(event.subject, told, register=register)

    service.on(RecordingIngested)(on_told)
    service.on(TextReceived)(on_told)
    service.on(RecordingDescribed)(on_told)
