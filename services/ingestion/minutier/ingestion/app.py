"""The composition root of ingestion."""

from minutier.ingestion import handlers
from minutier.ingestion.av import AvNormaliser
from minutier.ingestion.s3 import S3Store
from minutier.ingestion.settings import IngestionSettings
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.shared.worker import Worker


def build() -> Service:
    settings = IngestionSettings()
    service = Service("ingestion")
    objects = Objects(ObjectSettings())
    worker = Worker(limit_seconds=settings.decode_limit_seconds)
    service.on_stop(worker.stop)
    handlers.subscribe(
        service,
        store=S3Store(objects, Artefacts(objects), allowed_buckets=settings.allowed_buckets),
        normaliser=AvNormaliser(worker),
        limits=settings.limits,
        workspace=settings.workspace,
    )
    return service
