"""LiveKit's webhooks, as it signs them."""

import base64
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.security import APIKeyHeader
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from minutier.ingestion.access import Access, body_of
from minutier.ingestion.announce import Transactions, announce, expect, give_up
from minutier.ingestion.domain import Identity
from minutier.ingestion.sources.livekit_egress import SOURCE, Result, announcement, makes_recordings, results
from minutier.ingestion.tenants import Tenant
from minutier.schemas.clock import now
from minutier.schemas.rejections import RejectionReason
from minutier.shared.delivery import Transaction
from minutier.shared.errors import Purged

if TYPE_CHECKING:
    from livekit.protocol.egress import EgressInfo
    from livekit.protocol.webhook import WebhookEvent

_BODY_BYTES = 1024**2
# As long as LiveKit signs one for.
_WINDOW_SECONDS = 300
_LEEWAY_SECONDS = 60
# All of an event is done in one transaction, which others wait for.
_RESULTS = 200

Authorization = Annotated[
    str | None, Depends(APIKeyHeader(name="Authorization", auto_error=False, scheme_name="livekit"))
]


def warm_up() -> None:
    """Load LiveKit's types, which takes longer than an answer may."""
    import jwt  # noqa: F401
    import livekit.api  # noqa: F401


class Unsigned(HTTPException):
    """Says what to look at, and not which of it was wrong to whom."""

    def __init__(self) -> None:
        super().__init__(
            401,
            "Not signed by a LiveKit server that is known here, or not within the last five minutes. Check "
            "livekit_api_key and livekit_api_secret of the tenant, and both clocks.",
        )


class Signatures:
    """Tells whose LiveKit server has signed a body."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def signer(self, token: str) -> str:
        """The tenant whose server has made the token just now; raises `Unsigned`."""
        import jwt

        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            tenant = self._access.tenants.with_livekit_key(issuer) if isinstance(issuer, str) else None
            if tenant is None:
                raise Unsigned
            key, secret = self._keys(tenant)
            claims = jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                issuer=key,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp"]},
            )
        except jwt.InvalidTokenError:
            raise Unsigned from None
        made_at = claims.get("nbf", claims.get("iat"))
        if not isinstance(made_at, int | float) or time.time() - made_at > _WINDOW_SECONDS:
            raise Unsigned
        return tenant

    def event(self, tenant: str, token: str, body: bytes) -> "WebhookEvent":
        """What the body says, which is the one that the token was made for; raises `Unsigned`."""
        from google.protobuf.json_format import ParseError
        from livekit.api import TokenVerifier, WebhookReceiver

        verifier = TokenVerifier(*self._keys(tenant))
        try:
            signed = base64.b64decode(verifier.verify(token).sha256 or "", validate=True)
        # What is no base64, or not even ASCII.
        except ValueError:
            raise Unsigned from None
        # The receiver looks at it too, in a time that tells how much of it was right.
        if not hmac.compare_digest(signed, hashlib.sha256(body).digest()):
            raise Unsigned
        unreadable = HTTPException(422, "The body is not an event as LiveKit writes one in JSON.")
        # Protobuf's reader finds no field in a string, and is content.
        if not body.lstrip().startswith(b"{"):
            raise unreadable
        try:
            return WebhookReceiver(verifier).receive(body.decode(), token)
        except (ParseError, UnicodeDecodeError, RecursionError):
            raise unreadable from None

    def _keys(self, tenant: str) -> tuple[str, str]:
        settings = self._access.settings_of(tenant)
        assert settings.livekit_api_key is not None
        assert settings.livekit_api_secret is not None
        return settings.livekit_api_key, settings.livekit_api_secret.get_secret_value()


@dataclass(frozen=True)
class EgressRegister:
    """The use case: an egress that has ended is announced, or told not to come; others are expected.

    What was purged is passed over: LiveKit would tell of it again. ``due_after`` is how long a recording may
    take to end.
    """

    transactions: Transactions
    due_after: timedelta

    async def take(self, tenant: str, settings: Tenant, event: "WebhookEvent") -> None:
        """In one transaction; raises `ValidationError` where an egress has no id to go by."""
        from livekit.protocol.egress import EGRESS_COMPLETE, EGRESS_LIMIT_REACHED

        egress = event.egress_info
        if not event.event.startswith("egress_") or not makes_recordings(egress):
            return
        own = Identity(tenant, SOURCE, egress.egress_id)
        async with self.transactions() as transaction:
            if event.event != "egress_ended":
                with suppress(Purged):
                    await expect(transaction, own, due_at=now() + self.due_after)
                return
            made = results(egress) if egress.status in {EGRESS_COMPLETE, EGRESS_LIMIT_REACHED} else []
            if not made:
                with suppress(Purged):
                    await give_up(transaction, own, RejectionReason.NOT_RECORDED)
            for result in made:
                with suppress(Purged):
                    await self._tell(transaction, tenant, settings, egress, result)

    async def _tell(
        self, transaction: Transaction, tenant: str, settings: Tenant, egress: "EgressInfo", result: Result
    ) -> None:
        if (location := result.location(settings.buckets)) is None:
            identity = Identity(tenant, SOURCE, result.external_id)
            await give_up(transaction, identity, RejectionReason.FORBIDDEN_LOCATION)
            return
        await announce(
            transaction,
            tenant,
            announcement(egress, result, location, settings),
            # A server may record each meeting of a room under the room's name.
            ids_are_recordings=True,
        )


def router(access: Access, heed: Callable[[str, Tenant, "WebhookEvent"], Awaitable[None]]) -> APIRouter:
    """``heed`` is given what a tenant's server has signed; it may raise `ValidationError`."""
    routes = APIRouter(tags=["sources"])
    signatures = Signatures(access)

    async def take(request: Request, authorization: Authorization) -> None:
        """Take an event of a LiveKit server, signed as it signs them."""
        token = (authorization or "").removeprefix("Bearer ").strip()
        tenant = signatures.signer(token)
        await access.admit(tenant)
        event = signatures.event(tenant, token, await body_of(request, limit=_BODY_BYTES))
        if len(event.egress_info.file_results) + len(event.egress_info.segment_results) > _RESULTS:
            raise HTTPException(422, f"The egress has more than {_RESULTS} results.")
        try:
            await heed(tenant, access.settings_of(tenant), event)
        except ValidationError:
            raise HTTPException(422, "The egress has no egressId, or one that is no id.") from None

    document = {"content": {"application/webhook+json": {"schema": {"type": "object"}}}, "required": True}
    routes.post("/webhooks/livekit", status_code=204, openapi_extra={"requestBody": document})(take)
    return routes
