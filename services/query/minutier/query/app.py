"""The composition root of query."""

from functools import partial

from minutier.query import api, handlers
from minutier.query.access.repository import AccessLog, Shares
from minutier.query.catch_up import CatchUp
from minutier.query.edits.repository import Editor, Layers
from minutier.query.erase import erase
from minutier.query.nats import NatsSignals
from minutier.query.repository import Recordings
from minutier.query.search.indexing.index import Index
from minutier.query.search.repository import Archive
from minutier.query.settings import QuerySettings
from minutier.query.steering.repository import Paces
from minutier.query.transcripts.read import Transcripts
from minutier.query.webhooks.http import HttpPost
from minutier.query.webhooks.repository import Queue, Webhooks
from minutier.query.webhooks.send import Sender
from minutier.shared.artefacts import Artefacts
from minutier.shared.identity.identify import identify
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings


def build() -> Service:
    service = Service("query")
    settings = QuerySettings()
    objects = Objects(ObjectSettings())
    documents = Artefacts(objects)
    signals = NatsSignals(lambda: service.nats)
    service.on_start(Sender(Queue(service.engine), HttpPost(settings.webhook_networks)).run)
    index = Index()
    transcripts = Transcripts(
        documents=documents, layers=Layers(service.engine), cache_bytes=settings.cache_bytes
    )
    editor = Editor(service.transaction, index)
    handlers.subscribe(
        service, documents=documents, signals=signals, transcripts=transcripts, editor=editor, index=index
    )
    service.erase(
        objects,
        partial(erase, objects=objects, documents=documents, transcripts=transcripts, index=index),
    )
    service.on_start(CatchUp(service.engine, documents=documents, transcripts=transcripts, index=index).run)
    service.serve(
        api.build(
            identity=identify(service, settings),
            recordings=Recordings(service.engine),
            documents=documents,
            archive=Archive(service.engine),
            shares=Shares(service.engine),
            log=AccessLog(service.engine),
            transcripts=transcripts,
            editor=editor,
            paces=Paces(service.engine),
            media=objects,
            transactions=service.transaction_of,
            signals=signals,
            audio=objects,
            webhooks=Webhooks(service.engine),
            settings=settings,
        )
    )
    return service
