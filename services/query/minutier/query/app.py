"""The composition root of query."""

from datetime import timedelta

import httpx

from minutier.query import api, handlers
from minutier.query.access.repository import AccessLog, Shares
from minutier.query.catch_up import catch_up
from minutier.query.identity.relying_party import RelyingParty
from minutier.query.identity.repository import Sessions, SignIns
from minutier.query.identity.sign_in import Entrance
from minutier.query.identity.tokens import Tokens
from minutier.query.nats import NatsSignals
from minutier.query.repository import Recordings
from minutier.query.settings import QuerySettings
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings


def build() -> Service:
    service = Service("query")
    settings = QuerySettings()
    documents = Artefacts(Objects(ObjectSettings()))
    signals = NatsSignals(lambda: service.nats)
    http = httpx.AsyncClient(follow_redirects=False)
    service.on_stop(http.aclose)
    service.on_start(lambda: catch_up(service.engine))
    tokens = Tokens(settings.providers, http)
    sessions = Sessions(
        service.engine,
        lasting=timedelta(hours=settings.session_hours),
        idle=timedelta(hours=settings.session_idle_hours),
    )
    service.on_start(sessions.sweep)
    entrance = Entrance(
        settings.providers,
        {
            name: RelyingParty(provider, tokens.discoveries[name], http)
            for name, provider in settings.providers.items()
        },
        sign_ins=SignIns(service.engine),
        sessions=sessions,
    )
    handlers.subscribe(service, documents=documents, signals=signals)
    service.serve(
        api.build(
            bearers=tokens,
            entrance=entrance,
            recordings=Recordings(service.engine),
            shares=Shares(service.engine),
            log=AccessLog(service.engine),
            documents=documents,
            signals=signals,
            transactions=service.transaction,
            settings=settings,
        )
    )
    return service
