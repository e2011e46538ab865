"""Pages to which nobody is led who is signed in and does nothing wrong, as the service writes them."""

import gzip
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from fastapi import Request, Response

from minutier.query.pages.look import LOOK
from minutier.shared.identity.routes import Choice, SignedOutPage, SignInPage
from minutier.shared.identity.sign_in import Trouble
from minutier.shared.pages.render import Pages
from minutier.shared.pages.sign_in import showing

_PAGES = Pages(LOOK)
_SHOW = showing(_PAGES, "MINUTIER_QUERY_PROVIDERS")
_CHOICES = (Choice("ProConnect", "/sign-in/pro"), Choice("Keycloak", "/sign-in/key"))


def written_pages(language: str) -> Mapping[str, str]:
    """By paths at which the service itself has nothing."""
    header = (b"accept-language", language.encode())
    return {
        f"/written/{name}": _text(answer)
        for name, answer in _answers(
            Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [header]})
        )
    }


def _answers(request: Request) -> Iterator[tuple[str, Response]]:
    yield "sign-in", _SHOW(request, SignInPage(_CHOICES, Trouble.REFUSED))
    yield "signed-out", _SHOW(request, SignedOutPage("https://provider.example/end"))
    view = {"person": None, "code": HTTPStatus.TOO_MANY_REQUESTS, "retry_seconds": 30}
    yield "refusal", _PAGES.written(request, "refusal.html", view=view, status=HTTPStatus.TOO_MANY_REQUESTS)


def _text(answer: Response) -> str:
    body = bytes(answer.body)
    return (gzip.decompress(body) if "content-encoding" in answer.headers else body).decode()
