"""The subscription of diarization."""

from pathlib import Path

from minutier.diarization.diarize import diarize
from minutier.diarization.ports import Artefacts, Audio, Diarizer
from minutier.schemas.events import RecordingIngested, SpeechDiarized, Stage
from minutier.shared.delivery import Work
from minutier.shared.service import Service

SOURCE = "minutier/diarization"


def subscribe(
    service: Service, *, audio: Audio, artefacts: Artefacts, diarizer: Diarizer, workspace: Path
) -> None:
    @service.on(RecordingIngested, long_running=True)
    async def on_ingested(event: RecordingIngested, work: Work) -> None:
        data = await diarize(
            event,
            diarizer=diarizer,
            audio=audio,
            artefacts=artefacts,
            workspace=workspace,
            report=work.report(Stage.DIARIZATION),
        )
        async with work.transaction() as transaction:
            transaction.publish(
                SpeechDiarized.of(event.subject, tenant=event.tenant, source=SOURCE, data=data)
            )
