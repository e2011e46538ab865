"""Pages from templates, and how they are answered."""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus
from threading import Lock
from typing import Any

from fastapi import Request, Response

from minutier.shared.etags import has
from minutier.shared.identity.domain import Person
from minutier.shared.pages.look import Look
from minutier.shared.pages.phrases import Format
from minutier.shared.pages.preferences import Preferences, preferences

# What fits into a packet or two gains nothing.
_LEAST_BYTES = 1400
_EFFORT = 5

# As many tags are known of pages written lately; each takes some two hundred bytes.
_TAGS = 2000
# Python says so of what has nothing better to say of itself, such as what it is.
_OPAQUE = " at 0x"

_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Accept-Language, Cookie"}


class Tags:
    """The tags of pages by all that they are written from, as long as this process lives.

    What leads to a page is known long before the page: hours of speech take a while to write.
    """

    def __init__(self, most: int = _TAGS) -> None:
        self._most = most
        self._known: OrderedDict[bytes, str] = OrderedDict()
        self._one_at_a_time = Lock()

    def find(self, source: bytes) -> str | None:
        with self._one_at_a_time:
            return self._known.get(source)

    def keep(self, source: bytes, tag: str) -> None:
        with self._one_at_a_time:
            self._known[source] = tag
            self._known.move_to_end(source)
            if len(self._known) > self._most:
                self._known.popitem(last=False)


def source_of(template: str, given: Mapping[str, Any]) -> bytes | None:
    """The same for what leads to the same page; none where that cannot be told."""
    said = repr((template, sorted(given.items())))
    return None if _OPAQUE in said else hashlib.sha256(said.encode()).digest()


def prefers(request: Request) -> Preferences:
    return preferences(request.cookies, request.headers.get("accept-language", ""))


def formats(request: Request) -> Format:
    chosen = prefers(request)
    return Format(chosen.language, chosen.zone)


class Pages:
    """The pages of one service, as `Look` has them."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._tags = Tags()

    async def page(
        self,
        request: Request,
        template: str,
        *,
        person: Person | None,
        status: HTTPStatus = HTTPStatus.OK,
        **view: Any,
    ) -> Response:
        """As `written`; hours of speech take a while, in which others want to be answered."""
        return await asyncio.to_thread(
            self.written, request, template, view={"person": person, **view}, status=status
        )

    def written(
        self, request: Request, template: str, *, view: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        """The page, or that whoever asked has it already."""
        chosen = prefers(request)
        query = f"?{request.url.query}" if request.url.query else ""
        given = {"prefers": chosen, "format": formats(request), "here": f"{request.url.path}{query}", **view}
        headers = {"Content-Type": "text/html; charset=utf-8", **_PRIVATE}
        source = source_of(template, given) if status is HTTPStatus.OK else None
        tag = self._tags.find(source) if source else None
        if tag is not None and has(request, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**headers, "ETag": tag})
        body = self.look.environment(chosen.language).get_template(template).render(given).encode()
        if status is HTTPStatus.OK:
            # It is of the whole page, and so of all it depends on.
            headers["ETag"] = tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
            if source is not None:
                self._tags.keep(source, tag)
            if has(request, tag):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if len(body) >= _LEAST_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, _EFFORT, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(body, status, headers)
