"""The composition root of diarization."""

from minutier.diarization import handlers
from minutier.diarization.pyannote import PyannoteDiarizer
from minutier.diarization.settings import DiarizationSettings
from minutier.diarization.weights import find
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.offers import DEFAULT
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.shared.worker import Worker


def build() -> Service:
    settings = DiarizationSettings()
    service = Service("diarization")
    objects = Objects(ObjectSettings())
    worker = Worker(limit_seconds=settings.limit_seconds)
    diarizers = {
        name: PyannoteDiarizer(worker, find(model), threads=settings.threads)
        for name, model in {**settings.models, DEFAULT: settings.model}.items()
    }
    service.on_start(diarizers[DEFAULT].prepare)
    service.on_stop(worker.stop)
    handlers.subscribe(
        service,
        audio=objects,
        artefacts=Artefacts(objects),
        diarizers=diarizers,
        workspace=settings.workspace,
    )
    service.erase(objects)
    return service
