"""The HTTP front: what meeting servers, and people with a file, ask of ingestion."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from minutier.shared.problems import Problem, install

_PROBLEM = {"model": Problem, "content": {"application/problem+json": {}}}


def build(routers: Sequence[APIRouter]) -> FastAPI:
    app = FastAPI(
        title="Minutier: ingestion",
        version="1",
        # Their pages load scripts from elsewhere; the document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        # A client that posts to the address with a slash is not sent elsewhere: it would not follow.
        redirect_slashes=False,
        description="How meeting servers hand recordings in, and hear what came of them.",
        responses={code: dict(_PROBLEM) for code in (401, 413, 422, 429)},
    )
    install(app)
    for router in routers:
        app.include_router(router)
    return app
