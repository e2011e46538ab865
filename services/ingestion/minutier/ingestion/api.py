"""The HTTP front: what meeting servers, and people with a file, ask of ingestion."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from minutier.ingestion.gone import gone
from minutier.shared.errors import Purged
from minutier.shared.problems import described, install


def build(routers: Sequence[APIRouter]) -> FastAPI:
    app = FastAPI(
        title="Minutier: ingestion",
        version="1",
        # Their pages load scripts from elsewhere; the document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        description="How meeting servers hand recordings in, and hear what came of them.",
        responses=described(401, 413, 422, 429),
    )
    app.add_middleware(WithoutTrailingSlash)
    install(app)
    app.add_exception_handler(Purged, _on_purged)
    for router in routers:
        app.include_router(router)
    return app


async def _on_purged(request: Request, error: Exception) -> Response:
    return gone()


class WithoutTrailingSlash:
    """Answers an address with a slash behind it as the one without: who posts follows no redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await self._app(scope, receive, send)
