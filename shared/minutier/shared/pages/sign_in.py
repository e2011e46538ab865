"""Signing in and out, as pages."""

from fastapi import Request, Response

from minutier.shared.identity.routes import Show, SignedOutPage, SignInPage
from minutier.shared.pages.render import Pages


def showing(pages: Pages, setting: str) -> Show:
    """``setting`` is where whoever runs the service says who signs people in."""

    def show(request: Request, view: SignInPage | SignedOutPage) -> Response:
        if isinstance(view, SignedOutPage):
            return pages.written(request, "signed_out.html", view={"person": None, "url": view.url})
        return pages.written(
            request,
            "sign_in.html",
            view={"person": None, "choices": view.choices, "trouble": view.trouble, "setting": setting},
            status=view.status,
        )

    return show
