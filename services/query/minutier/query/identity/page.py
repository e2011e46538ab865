"""The sign-in page where there are no others: a line and a link for each provider."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from minutier.query.identity.routes import SignedOutPage, SignInPage
from minutier.query.identity.sign_in import Trouble

_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_TROUBLES = {
    Trouble.STALE: "That took too long, or began in another browser. Sign in again.",
    Trouble.REFUSED: "The identity provider did not let you in, or could not be believed. Sign in again.",
    Trouble.UNKNOWN: "Your organisation does not use this server: ask its operator to add it.",
    Trouble.UNAVAILABLE: "The identity provider does not answer. Try again later.",
    Trouble.TOO_MANY: "Too many people are signing in from where you are. Try again in ten minutes.",
}


def show(request: Request, page: SignInPage | SignedOutPage) -> Response:
    if isinstance(page, SignedOutPage):
        return _document("Signed out", [f'<a href="{escape(page.url)}">Continue</a>'], 200)
    choices = [f'<a href="{escape(choice.path)}">{escape(choice.label)}</a>' for choice in page.choices]
    lines = [*([escape(_TROUBLES[page.trouble])] if page.trouble else []), *choices]
    if not choices:
        lines.append("No identity provider is set: the operator sets MINUTIER_QUERY_PROVIDERS.")
    return _document("Sign in", lines, page.status)


def _document(title: str, lines: list[str], status: int) -> Response:
    body = "".join(f"<p>{line}</p>" for line in lines)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} – Minutier</title>'
        f'<meta name="viewport" content="width=device-width"><main><h1>{title}</h1>{body}</main></html>',
        status,
        headers={"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"},
    )
