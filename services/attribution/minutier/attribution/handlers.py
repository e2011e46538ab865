"""The subscriptions of attribution: the last part makes the transcript."""

from minutier.attribution import repository
from minutier.attribution.attribute import attribute
from minutier.attribution.ports import Artefacts
from minutier.schemas.events import (
    RecordingIngested,
    ReprocessingRequested,
    SpeechDiarized,
    SpeechTranscribed,
    Stage,
    TranscriptAttributed,
)
from minutier.shared.delivery import Work
from minutier.shared.service import Service

SOURCE = "minutier/attribution"


def subscribe(service: Service, *, artefacts: Artefacts) -> None:
    async def on_part(event: repository.Part | ReprocessingRequested, work: Work) -> None:
        async with work.transaction() as transaction:
            parts = await repository.add(transaction.session, event)
            if parts is not None and parts.complete:
                data = await attribute(parts, artefacts=artefacts)
                transaction.publish(
                    TranscriptAttributed.of(
                        event.subject,
                        tenant=event.tenant,
                        source=SOURCE,
                        data=data,
                        wanted_since=parts.wanted_since,
                    )
                )

    async def on_reprocessing(event: ReprocessingRequested, work: Work) -> None:
        if event.data.stage is Stage.ATTRIBUTION:
            await on_part(event, work)

    service.on(RecordingIngested)(on_part)
    service.on(SpeechDiarized)(on_part)
    service.on(SpeechTranscribed)(on_part)
    service.on(ReprocessingRequested)(on_reprocessing)
    # A part is kept whatever happens, for the recording may be wanted again.
    service.heed_cancellations()
