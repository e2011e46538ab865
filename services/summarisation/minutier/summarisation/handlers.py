"""The subscription of summarisation."""

from minutier.schemas.events import MinutesWritten, Stage, TranscriptAttributed
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from minutier.summarisation.ports import Artefacts, Writer
from minutier.summarisation.summarise import summarise

SOURCE = "minutier/summarisation"


def subscribe(service: Service, *, artefacts: Artefacts, writer: Writer, fallback: Writer) -> None:
    @service.on(TranscriptAttributed, long_running=True)
    async def on_transcript_attributed(event: TranscriptAttributed, work: Work) -> None:
        data = await summarise(
            event.data,
            tenant=event.tenant,
            artefacts=artefacts,
            writer=writer,
            fallback=fallback,
            report=work.report(Stage.SUMMARISATION),
        )
        async with work.transaction() as transaction:
            transaction.publish(
                MinutesWritten.of(event.subject, tenant=event.tenant, source=SOURCE, data=data)
            )
