"""The HTTP API, from the routers of its parts."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from minutier.query import routes
from minutier.query.access import routes as access
from minutier.query.access.door import UNKNOWN, Door
from minutier.query.access.ports import AccessLog, Shares
from minutier.query.access.reasons import Reasons
from minutier.query.audio import routes as audio_routes
from minutier.query.audio.listening import Listening
from minutier.query.audio.ports import Objects
from minutier.query.edits import routes as edits
from minutier.query.edits.lay import Laying
from minutier.query.edits.ports import Editor
from minutier.query.exports import routes as exports
from minutier.query.pages import routes as page_routes
from minutier.query.pages.look import LOOK
from minutier.query.pages.read import Sources
from minutier.query.ports import Documents, Recordings, Signals, Transactions
from minutier.query.search import routes as searching
from minutier.query.search.ports import Archive
from minutier.query.settings import QuerySettings
from minutier.query.steering import routes as steering
from minutier.query.steering.ports import Media, Paces
from minutier.query.transcripts import routes as reading
from minutier.query.transcripts.read import Transcripts
from minutier.query.webhooks import routes as applications
from minutier.query.webhooks.ports import Webhooks
from minutier.shared.errors import Purged
from minutier.shared.identity.identify import Identity
from minutier.shared.pages.front import stand_before
from minutier.shared.pages.render import Pages
from minutier.shared.problems import described, problem


def build(
    *,
    identity: Identity,
    recordings: Recordings,
    documents: Documents,
    archive: Archive,
    shares: Shares,
    log: AccessLog,
    transcripts: Transcripts,
    editor: Editor,
    paces: Paces,
    media: Media,
    transactions: Transactions,
    signals: Signals,
    audio: Objects,
    webhooks: Webhooks,
    settings: QuerySettings,
) -> FastAPI:
    app = FastAPI(
        title="Minutier",
        version="1",
        # Their pages load scripts from elsewhere; the document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        description="Recordings, who said what in them, and their minutes.",
        responses=described(429, 503),
    )
    pages = Pages(LOOK)
    app.add_exception_handler(Purged, _on_purged)
    gate = stand_before(app, identity=identity, pages=pages, settings=settings)
    door, reasons = Door(recordings), Reasons(gate)
    laying = Laying(transcripts=transcripts, editor=editor, signals=signals)
    app.include_router(
        routes.router(
            gate=gate, door=door, recordings=recordings, paces=paces, signals=signals, settings=settings
        )
    )
    app.include_router(
        steering.router(
            gate=gate,
            door=door,
            transcripts=transcripts,
            media=media,
            transactions=transactions,
            editor=editor,
            models=settings.models,
        )
    )
    app.include_router(
        reading.router(gate=gate, door=door, reasons=reasons, log=log, transcripts=transcripts)
    )
    app.include_router(
        edits.router(gate=gate, door=door, reasons=reasons, log=log, transcripts=transcripts, laying=laying)
    )
    app.include_router(access.router(gate=gate, door=door, reasons=reasons, shares=shares, log=log))
    app.include_router(
        audio_routes.router(
            gate=gate,
            door=door,
            reasons=reasons,
            listening=Listening(log),
            objects=audio,
            documents=documents,
        )
    )
    app.include_router(
        exports.router(gate=gate, door=door, reasons=reasons, log=log, transcripts=transcripts)
    )
    app.include_router(searching.router(gate=gate, archive=archive))
    app.include_router(
        page_routes.router(
            gate=gate,
            pages=pages,
            door=door,
            reasons=reasons,
            laying=laying,
            sources=Sources(
                recordings=recordings,
                transcripts=transcripts,
                documents=documents,
                archive=archive,
                shares=shares,
                log=log,
            ),
        )
    )
    app.include_router(applications.router(gate=gate, webhooks=webhooks, networks=settings.webhook_networks))
    return app


async def _on_purged(request: Request, error: Exception) -> Response:
    """It was there when it was asked for, and is not any more."""
    return problem(HTTPStatus.NOT_FOUND, UNKNOWN)
