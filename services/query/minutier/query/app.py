"""The composition root of query."""

from minutier.query import api, handlers
from minutier.query.nats import NatsSignals
from minutier.query.repository import Recordings
from minutier.query.settings import QuerySettings
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings


def build() -> Service:
    service = Service("query")
    documents = Artefacts(Objects(ObjectSettings()))
    signals = NatsSignals(lambda: service.nats)
    handlers.subscribe(service, documents=documents, signals=signals)
    service.serve(
        api.build(
            recordings=Recordings(service.engine),
            documents=documents,
            signals=signals,
            transactions=service.transaction,
            settings=QuerySettings(),
        )
    )
    return service
