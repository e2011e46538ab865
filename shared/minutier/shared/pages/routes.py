"""What every service's pages have besides: how somebody likes to read, and what pages are shown with."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from minutier.shared.identity.gate import Gate
from minutier.shared.identity.site import local_path
from minutier.shared.pages.look import Look
from minutier.shared.pages.preferences import LANGUAGE_COOKIE, THEME_COOKIE, Language, Theme

_YEAR = 365 * 24 * 3600

_FOREVER = {"Cache-Control": f"public, max-age={_YEAR}, immutable", "Vary": "Accept-Encoding"}


def router(*, gate: Gate, look: Look) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.post("/preferences")
    async def keep_preferences(
        request: Request,
        back: Annotated[str, Form(max_length=2000)] = "/",
        language: Annotated[Language | None, Form()] = None,
        theme: Annotated[Theme | None, Form()] = None,
    ) -> Response:
        gate.refuse_elsewhere(request)
        response = RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
        for cookie, chosen in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, theme)):
            if chosen is not None:
                response.set_cookie(cookie, chosen.value, max_age=_YEAR, httponly=True, samesite="lax")
        return response

    @pages.get("/static/{digest}/{name:path}")
    async def get_asset(digest: str, name: str, request: Request) -> Response:
        found = look.assets.find(digest, name)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file. Load the page again.")
        headers = {"Content-Type": found.media_type, "ETag": f'"{digest}"', **_FOREVER}
        if found.pressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.pressed, headers={**headers, "Content-Encoding": "gzip"})
        return Response(found.body, headers=headers)

    return pages
