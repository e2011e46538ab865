"""The subscriptions of diarization: a recording is listened to once it is taken in, and when asked again."""

from collections.abc import Mapping
from pathlib import Path

from minutier.diarization.diarize import diarize
from minutier.diarization.ports import Artefacts, Audio, Diarizer
from minutier.schemas.events import (
    Ingested,
    RecordingIngested,
    ReprocessingRequested,
    SpeechDiarized,
    Stage,
)
from minutier.shared.delivery import Work
from minutier.shared.errors import Permanent
from minutier.shared.offers import chosen
from minutier.shared.service import Service

SOURCE = "minutier/diarization"


def subscribe(
    service: Service,
    *,
    audio: Audio,
    artefacts: Artefacts,
    diarizers: Mapping[str, Diarizer],
    workspace: Path,
) -> None:
    """``diarizers`` by what their models are called."""

    async def listen(recording: Ingested, work: Work, *, model: str | None = None) -> None:
        about, tenant = work.event.subject, work.event.tenant
        data = await diarize(
            about,
            recording,
            tenant=tenant,
            diarizer=chosen(diarizers, model),
            audio=audio,
            artefacts=artefacts,
            workspace=workspace,
            report=work.report(Stage.DIARIZATION),
        )
        async with work.transaction() as transaction:
            transaction.publish(SpeechDiarized.of(about, tenant=tenant, source=SOURCE, data=data))

    @service.on(RecordingIngested, long_running=True, cancellable=True)
    async def on_ingested(event: RecordingIngested, work: Work) -> None:
        await listen(event.data, work)

    @service.on(ReprocessingRequested, long_running=True, cancellable=True)
    async def on_reprocessing(event: ReprocessingRequested, work: Work) -> None:
        if event.data.stage is not Stage.DIARIZATION:
            return
        if event.data.ingested is None:
            raise Permanent("recording_missing")
        await listen(event.data.ingested, work, model=event.data.model)

    service.heed_cancellations()
