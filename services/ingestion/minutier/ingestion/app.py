"""The composition root of ingestion."""

import asyncio

from minutier.ingestion import api, handlers
from minutier.ingestion.av import AvNormaliser
from minutier.ingestion.nats import StreamAnnouncements
from minutier.ingestion.repository import Register
from minutier.ingestion.s3 import S3Store
from minutier.ingestion.settings import IngestionSettings
from minutier.ingestion.workspace import Workspace
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
    workspace = Workspace(settings.workspace)
    service.on_stop(lambda: asyncio.to_thread(workspace.remove))
    service.on_stop(worker.stop)
    tenants = settings.known_tenants
    service.serve(api.build([]))
    handlers.subscribe(
        service,
        register=Register(service.engine),
        store=S3Store(
            objects, Artefacts(objects), allowed_buckets=settings.allowed_buckets | tenants.buckets
        ),
        normaliser=AvNormaliser(worker),
        announcements=StreamAnnouncements(lambda: service.js),
        limits=settings.limits,
        workspace=workspace.path,
    )
    return service
