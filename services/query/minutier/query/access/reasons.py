"""Why compliance staff read what is restricted.

Programs say so with each request. A browser keeps what was said on a page in a cookie, for this recording,
the session and an hour: the server keeps it nowhere but in the access log.
"""

import binascii
import hashlib
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import Header, Request, Response
from starlette.exceptions import HTTPException

from minutier.shared.identity.gate import Gate

HEADER = "Minutier-Reason"
MOST_CHARACTERS = 500

_COOKIE = "minutier-reason"
_SECONDS = 3600
# Each character may take four bytes, and each of these three.
_MOST_ENCODED = 12 * MOST_CHARACTERS

Given = Annotated[
    str | None,
    Header(
        alias=HEADER,
        max_length=_MOST_ENCODED,
        description="why compliance staff read what is restricted, as percent-encoded UTF-8; "
        f"1 to {MOST_CHARACTERS} characters, which the access log keeps",
    ),
]


class Reasons:
    """What whoever asks has said, with the request or on a page; called as a dependency of a recording's."""

    def __init__(self, gate: Gate, *, clock: Callable[[], float] = time.time) -> None:
        self._gate = gate
        self._clock = clock

    async def __call__(self, id: UUID, request: Request, reason: Given = None) -> str | None:
        """Answers 422 to what is none."""
        if reason is not None:
            return checked(_decoded(reason))
        return self._kept(request, id)

    def keep(self, answer: Response, request: Request, id: UUID, reason: str) -> None:
        """Have the browser that signed in say ``reason`` for an hour, where it asks for this recording."""
        secret = self._gate.session(request)
        if secret is None:
            return
        until = int(self._clock()) + _SECONDS
        # Padding would have the cookie quoted.
        written = urlsafe_b64encode(reason.encode()).decode().rstrip("=")
        value = f"{until}.{_sealed(secret, id, until, reason)}.{written}"
        for path in (f"/recordings/{id}", f"/api/v1/recordings/{id}"):
            self._gate.site.give(answer, request, _COOKIE, value, seconds=_SECONDS, path=path)

    def _kept(self, request: Request, id: UUID) -> str | None:
        """Nothing where the cookie is old, another session's, or of another recording."""
        secret = self._gate.session(request)
        if secret is None:
            return None
        value = request.cookies.get(self._gate.site.cookie(request, _COOKIE, path=f"/recordings/{id}"), "")
        try:
            until, seal, written = value.split(".")
            reason, ends = urlsafe_b64decode(f"{written}==").decode(), int(until)
        except (ValueError, binascii.Error):
            return None
        genuine = hmac.compare_digest(seal.encode(), _sealed(secret, id, ends, reason).encode())
        return reason if genuine and self._clock() < ends else None


def checked(reason: str) -> str:
    """Answers 422 to what tells nobody anything."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MOST_CHARACTERS or not reason.isprintable():
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"Give a reason of 1 to {MOST_CHARACTERS} characters."
        )
    return reason


def _decoded(header: str) -> str:
    try:
        return unquote(header, errors="strict")
    except UnicodeDecodeError:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"'{HEADER}': give it as percent-encoded UTF-8."
        ) from None


def _sealed(secret: str, id: UUID, until: int, reason: str) -> str:
    return hmac.new(secret.encode(), f"{id} {until} {reason}".encode(), hashlib.sha256).hexdigest()
