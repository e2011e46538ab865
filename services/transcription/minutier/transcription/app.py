"""The composition root of transcription."""

from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.shared.worker import Worker
from minutier.transcription import handlers
from minutier.transcription.recogniser import LOAD_SECONDS, WorkerRecogniser
from minutier.transcription.settings import TranscriptionSettings


def build() -> Service:
    settings = TranscriptionSettings()
    service = Service("transcription")
    objects = Objects(ObjectSettings())
    worker = Worker(limit_seconds=LOAD_SECONDS)
    recogniser = WorkerRecogniser(worker, model=settings.model, limit_ratio=settings.limit_ratio)
    service.on_start(recogniser.model)
    service.on_stop(worker.stop)
    handlers.subscribe(
        service,
        audio=objects,
        artefacts=Artefacts(objects),
        recogniser=recogniser,
        workspace=settings.workspace,
    )
    return service
