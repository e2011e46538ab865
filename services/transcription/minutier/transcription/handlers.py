"""The subscriptions of transcription: a recording is heard once it is taken in, and when asked again."""

from collections.abc import Mapping
from pathlib import Path

from minutier.schemas.events import (
    Ingested,
    RecordingIngested,
    ReprocessingRequested,
    SpeechTranscribed,
    Stage,
)
from minutier.shared.delivery import Work
from minutier.shared.errors import Permanent
from minutier.shared.offers import chosen
from minutier.shared.service import Service
from minutier.transcription.ports import Artefacts, Audio, Recogniser
from minutier.transcription.transcribe import transcribe

SOURCE = "minutier/transcription"


def subscribe(
    service: Service,
    *,
    audio: Audio,
    artefacts: Artefacts,
    recognisers: Mapping[str, Recogniser],
    workspace: Path,
) -> None:
    """``recognisers`` by what their models are called."""

    async def hear(recording: Ingested, work: Work, *, model: str | None = None) -> None:
        about, tenant = work.event.subject, work.event.tenant
        data = await transcribe(
            about,
            recording,
            tenant=tenant,
            audio=audio,
            artefacts=artefacts,
            recogniser=chosen(recognisers, model),
            workspace=workspace,
            report=work.report(Stage.TRANSCRIPTION),
        )
        async with work.transaction() as transaction:
            transaction.publish(SpeechTranscribed.of(about, tenant=tenant, source=SOURCE, data=data))

    @service.on(RecordingIngested, long_running=True, cancellable=True)
    async def on_ingested(event: RecordingIngested, work: Work) -> None:
        await hear(event.data, work)

    @service.on(ReprocessingRequested, long_running=True, cancellable=True)
    async def on_reprocessing(event: ReprocessingRequested, work: Work) -> None:
        if event.data.stage is not Stage.TRANSCRIPTION:
            return
        if event.data.ingested is None:
            raise Permanent("recording_missing")
        await hear(event.data.ingested, work, model=event.data.model)

    service.heed_cancellations()
