"""The subscriptions of summarisation: a transcript is one, whether it was heard, handed in or edited."""

from minutier.schemas.events import (
    MinutesWritten,
    Stage,
    TextReceived,
    TranscriptAttributed,
    TranscriptEdited,
)
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from minutier.summarisation.ports import Artefacts, Writer
from minutier.summarisation.summarise import summarise

SOURCE = "minutier/summarisation"


def subscribe(service: Service, *, artefacts: Artefacts, writer: Writer, fallback: Writer) -> None:
    async def on_transcript(
        event: TranscriptAttributed | TextReceived | TranscriptEdited, work: Work
    ) -> None:
        data = await summarise(
            event.data.transcript,
            tenant=event.tenant,
            asked_at=event.time,
            artefacts=artefacts,
            writer=writer,
            fallback=fallback,
            report=work.report(Stage.SUMMARISATION),
        )
        async with work.transaction() as transaction:
            transaction.publish(
                MinutesWritten.of(event.subject, tenant=event.tenant, source=SOURCE, data=data)
            )

    service.on(TranscriptAttributed, long_running=True)(on_transcript)
    service.on(TextReceived, long_running=True)(on_transcript)
    service.on(TranscriptEdited, long_running=True)(on_transcript)
