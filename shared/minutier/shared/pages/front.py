"""What every service with pages has around its own: who asks, how often, and how it is shown."""

from fastapi import FastAPI

from minutier.shared.bodies import SmallBodies
from minutier.shared.etags import Unkept
from minutier.shared.identity import routes as signing_in
from minutier.shared.identity.gate import Gate
from minutier.shared.identity.identify import Identity
from minutier.shared.identity.rates import RateFields, Rates
from minutier.shared.identity.settings import SiteSettings
from minutier.shared.identity.site import OnlyHere, Site
from minutier.shared.pages import routes as reading
from minutier.shared.pages.render import Pages
from minutier.shared.pages.shell import Shell
from minutier.shared.pages.sign_in import showing
from minutier.shared.problems import install

_BODY_BYTES = 64 * 1024


def stand_before(app: FastAPI, *, identity: Identity, pages: Pages, settings: SiteSettings) -> Gate:
    """Give ``app`` all of it; the gate is for its own endpoints."""
    install(app)
    site = Site(
        str(settings.public_url) if settings.public_url else None, setting=settings.variable("public_url")
    )
    app.add_middleware(SmallBodies, limit=_BODY_BYTES)
    app.add_middleware(OnlyHere, site=site)
    app.add_middleware(Shell, pages=pages)
    app.add_middleware(RateFields)
    app.add_middleware(Unkept)
    rates = Rates(
        requests=settings.requests_per_minute,
        searches=settings.searches_per_minute,
        failures=settings.failures_per_minute,
    )
    gate = Gate(identity.bearers, identity.entrance, site, rates)
    show = showing(pages, settings.variable("providers"))
    app.include_router(signing_in.router(gate=gate, entrance=identity.entrance, site=site, show=show))
    app.include_router(reading.router(gate=gate, look=pages.look))
    return gate
