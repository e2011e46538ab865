"""Pages from templates, and how they are answered."""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from minutier.query.identity.domain import Person, Role
from minutier.query.pages import assets, phrases
from minutier.query.pages.phrases import Format
from minutier.query.pages.preferences import Language, Preferences, preferences
from minutier.query.pages.views.transcript import unnamed

_TEMPLATES = Path(__file__).parent / "templates"

# What fits into a packet or two gains nothing.
_LEAST_BYTES = 1400
_EFFORT = 5

_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Accept-Language, Cookie"}


@cache
def environment(language: Language) -> Environment:
    """Templates that say everything in ``language``, and refuse what they are not given."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        phrases.translations(language), newstyle=True
    )
    environment.filters |= {"fine": phrases.fine, "unnamed": unnamed}
    environment.globals |= {
        "asset": assets.load().url,
        "clock": phrases.clock,
        "numbers": lambda values: " ".join(map(str, values)),
        "languages": tuple(Language),
        "roles": Role,
    }
    return environment


def prefers(request: Request) -> Preferences:
    return preferences(request.cookies, request.headers.get("accept-language", ""))


def formats(request: Request) -> Format:
    chosen = prefers(request)
    return Format(chosen.language, chosen.zone)


async def page(
    request: Request,
    template: str,
    *,
    person: Person | None,
    status: HTTPStatus = HTTPStatus.OK,
    **view: Any,
) -> Response:
    """As `written`; hours of speech take a while, in which others want to be answered."""
    return await asyncio.to_thread(written, request, template, view={"person": person, **view}, status=status)


def written(
    request: Request, template: str, *, view: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """The page, or that whoever asked has it already."""
    chosen = prefers(request)
    query = f"?{request.url.query}" if request.url.query else ""
    body = (
        environment(chosen.language)
        .get_template(template)
        .render(prefers=chosen, format=formats(request), here=f"{request.url.path}{query}", **view)
        .encode()
    )
    headers = {"Content-Type": "text/html; charset=utf-8", **_PRIVATE}
    if status is HTTPStatus.OK:
        # It is of the whole page, and so of all it depends on.
        headers["ETag"] = tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if len(body) >= _LEAST_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, _EFFORT, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers)
