"""The subscriptions of summarisation: a transcript is one, whether it was heard, handed in or edited, and
is summarised again when asked.
"""

from collections.abc import Mapping

from minutier.schemas.events import (
    MinutesWritten,
    ReprocessingRequested,
    Stage,
    TextReceived,
    TranscriptAttributed,
    TranscriptEdited,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.delivery import Work
from minutier.shared.errors import Permanent
from minutier.shared.offers import chosen
from minutier.shared.service import Service
from minutier.summarisation.domain import SOURCE
from minutier.summarisation.ports import Artefacts, Writer
from minutier.summarisation.summarise import summarise


def subscribe(
    service: Service, *, artefacts: Artefacts, writers: Mapping[str, Writer], fallback: Writer
) -> None:
    """``writers`` by what their models are called."""

    async def write(transcript: ObjectRef, work: Work, *, model: str | None = None) -> None:
        about, tenant = work.event.subject, work.event.tenant
        data = await summarise(
            transcript,
            tenant=tenant,
            asked_at=work.event.time,
            artefacts=artefacts,
            writer=chosen(writers, model),
            fallback=fallback,
            report=work.report(Stage.SUMMARISATION),
        )
        async with work.transaction() as transaction:
            transaction.publish(MinutesWritten.of(about, tenant=tenant, source=SOURCE, data=data))

    async def on_transcript(
        event: TranscriptAttributed | TextReceived | TranscriptEdited, work: Work
    ) -> None:
        await write(event.data.transcript, work)

    async def on_reprocessing(event: ReprocessingRequested, work: Work) -> None:
        if event.data.stage is not Stage.SUMMARISATION:
            return
        if event.data.transcript is None:
            raise Permanent("transcript_missing")
        await write(event.data.transcript, work, model=event.data.model)

    service.on(TranscriptAttributed, long_running=True, cancellable=True)(on_transcript)
    service.on(TextReceived, long_running=True, cancellable=True)(on_transcript)
    service.on(TranscriptEdited, long_running=True, cancellable=True)(on_transcript)
    service.on(ReprocessingRequested, long_running=True, cancellable=True)(on_reprocessing)
    service.heed_cancellations()
