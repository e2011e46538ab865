"""Signing in and out, as pages."""

from fastapi import Request, Response

from minutier.query.identity.routes import SignedOutPage, SignInPage
from minutier.query.pages.render import written


def show(request: Request, view: SignInPage | SignedOutPage) -> Response:
    if isinstance(view, SignedOutPage):
        return written(request, "signed_out.html", view={"person": None, "url": view.url})
    return written(
        request,
        "sign_in.html",
        view={"person": None, "choices": view.choices, "trouble": view.trouble},
        status=view.status,
    )
