"""The subscription of transcription."""

from pathlib import Path

from minutier.schemas.events import RecordingIngested, SpeechTranscribed, Stage
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from minutier.transcription.ports import Artefacts, Audio, Recogniser
from minutier.transcription.transcribe import transcribe

SOURCE = "minutier/transcription"


def subscribe(
    service: Service, *, audio: Audio, artefacts: Artefacts, recogniser: Recogniser, workspace: Path
) -> None:
    @service.on(RecordingIngested, long_running=True)
    async def on_ingested(event: RecordingIngested, work: Work) -> None:
        data = await transcribe(
            event,
            audio=audio,
            artefacts=artefacts,
            recogniser=recogniser,
            workspace=workspace,
            report=work.report(Stage.TRANSCRIPTION),
        )
        async with work.transaction() as transaction:
            transaction.publish(
                SpeechTranscribed.of(event.subject, tenant=event.tenant, source=SOURCE, data=data)
            )
