"""The composition root of diarization."""

from minutier.diarization import handlers
from minutier.diarization.pyannote import PyannoteDiarizer
from minutier.diarization.settings import DiarizationSettings
from minutier.diarization.weights import find
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.shared.worker import Worker


def build() -> Service:
    settings = DiarizationSettings()
    service = Service("diarization")
    objects = Objects(ObjectSettings())
    worker = Worker(limit_seconds=settings.limit_seconds)
    diarizer = PyannoteDiarizer(worker, find(settings.model), threads=settings.threads)
    service.on_start(diarizer.prepare)
    service.on_stop(worker.stop)
    handlers.subscribe(
        service,
        audio=objects,
        artefacts=Artefacts(objects),
        diarizer=diarizer,
        workspace=settings.workspace,
    )
    return service
