"""The subscriptions of attribution: the last part makes the transcript."""

from minutier.attribution import repository
from minutier.attribution.attribute import attribute
from minutier.attribution.ports import Artefacts
from minutier.schemas.events import (
    RecordingIngested,
    SpeechDiarized,
    SpeechTranscribed,
    TranscriptAttributed,
)
from minutier.shared.delivery import Work
from minutier.shared.service import Service

SOURCE = "minutier/attribution"


def subscribe(service: Service, *, artefacts: Artefacts) -> None:
    async def on_part(event: repository.Part, work: Work) -> None:
        async with work.transaction() as transaction:
            parts = await repository.add(transaction.session, event)
            if parts.complete:
                data = await attribute(parts, artefacts=artefacts)
                transaction.publish(
                    TranscriptAttributed.of(event.subject, tenant=event.tenant, source=SOURCE, data=data)
                )

    service.on(RecordingIngested)(on_part)
    service.on(SpeechDiarized)(on_part)
    service.on(SpeechTranscribed)(on_part)
