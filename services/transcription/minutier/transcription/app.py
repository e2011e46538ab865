"""The composition root of transcription."""

from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.offers import DEFAULT
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
    recognisers = {
        name: WorkerRecogniser(worker, model=model, limit_ratio=settings.limit_ratio)
        for name, model in {**settings.models, DEFAULT: settings.model}.items()
    }
    service.on_start(recognisers[DEFAULT].model)
    service.on_stop(worker.stop)
    handlers.subscribe(
        service,
        audio=objects,
        artefacts=Artefacts(objects),
        recognisers=recognisers,
        workspace=settings.workspace,
    )
    service.erase(objects)
    return service
