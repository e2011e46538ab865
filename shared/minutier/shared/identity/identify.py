"""Who vouches for the people of a service, from its settings."""

from dataclasses import dataclass
from datetime import timedelta

import httpx

from minutier.shared.identity.gate import Bearers
from minutier.shared.identity.relying_party import RelyingParty
from minutier.shared.identity.repository import Sessions, SignIns
from minutier.shared.identity.settings import SiteSettings
from minutier.shared.identity.sign_in import Entrance
from minutier.shared.identity.tokens import Tokens
from minutier.shared.service import Service

_SWEEP_SECONDS = 3600.0


@dataclass(frozen=True)
class Identity:
    """Who vouches for whom: for programs by tokens, for browsers by sessions."""

    bearers: Bearers
    entrance: Entrance


def identify(service: Service, settings: SiteSettings) -> Identity:
    """By the providers of ``settings``; sessions are in the service's own schema."""
    http = httpx.AsyncClient(follow_redirects=False)
    service.on_stop(http.aclose)
    tokens = Tokens(settings.providers, http)
    sessions = Sessions(
        service.engine,
        lasting=timedelta(hours=settings.session_hours),
        idle=timedelta(hours=settings.session_idle_hours),
    )
    service.repeat(sessions.sweep, named="forget sessions", seconds=_SWEEP_SECONDS)
    parties = {
        name: RelyingParty(provider, tokens.discoveries[name], http)
        for name, provider in settings.providers.items()
    }
    return Identity(
        tokens,
        Entrance(settings.providers, parties, sign_ins=SignIns(service.engine), sessions=sessions),
    )
