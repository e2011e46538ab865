"""What an OpenID provider tells of itself (OpenID Connect Discovery 1.0), and its keys."""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from minutier.shared.identity.outgoing import ProviderUnavailable, ask
from minutier.shared.identity.providers import Provider, encrypted

_FRESH_SECONDS = 3600.0
# Between two looks for a key that is not there, whoever asks for it and however often.
_PATIENCE_SECONDS = 10.0
# Before a provider that was never reached is asked again: not for each of those who wait.
_AWAY_SECONDS = 3.0


Endpoint = Annotated[str, AfterValidator(encrypted)]


class Metadata(BaseModel):
    """The part of a provider's configuration that is used here."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    issuer: str
    authorization_endpoint: Endpoint
    token_endpoint: Endpoint
    jwks_uri: Endpoint
    userinfo_endpoint: Endpoint | None = None
    end_session_endpoint: Endpoint | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


@dataclass
class _Kept:
    metadata: Metadata
    keys: KeySet
    fetched: float

    @property
    def fresh(self) -> bool:
        return time.monotonic() - self.fetched <= _FRESH_SECONDS


class Discovery:
    """One provider's metadata and keys; fetched when first wanted, hourly, and for a key that is new."""

    def __init__(self, provider: Provider, http: httpx.AsyncClient) -> None:
        self._provider = provider
        self._http = http
        self._kept: _Kept | None = None
        self._tried = -_PATIENCE_SECONDS
        self._fetching = asyncio.Lock()

    async def metadata(self) -> Metadata:
        """Raises `ProviderUnavailable`."""
        return (await self._current()).metadata

    async def keys(self, kid: str | None) -> KeySet:
        """The keys, which have ``kid`` where the provider has it now. Raises `ProviderUnavailable`."""
        kept = await self._current()
        if kid is None or any(key.kid == kid for key in kept.keys):
            return kept.keys
        return (await self._current(newer_than=kept.fetched)).keys

    async def _current(self, newer_than: float | None = None) -> _Kept:
        kept = self._kept
        if kept is not None and kept.fetched != newer_than and (kept.fresh or self._fetching.locked()):
            # While one asks a provider that is slow, others go by what is known.
            return kept
        async with self._fetching:
            kept, now = self._kept, time.monotonic()
            if kept is None:
                if now - self._tried < _AWAY_SECONDS:
                    raise ProviderUnavailable
            else:
                stale = not kept.fresh or kept.fetched == newer_than
                if not stale or now - self._tried < _PATIENCE_SECONDS:
                    return kept
            try:
                self._kept = await self._fetch()
            except ProviderUnavailable:
                # What was known an hour ago is still what signed the tokens of an hour ago.
                if kept is None:
                    raise
                return kept
            finally:
                # Afterwards, for it may take long to fail.
                self._tried = time.monotonic()
            return self._kept

    async def _fetch(self) -> _Kept:
        try:
            metadata = Metadata.model_validate(await self._document(self._provider.discovery_url))
            if metadata.issuer.rstrip("/") != str(self._provider.issuer).rstrip("/"):
                raise ProviderUnavailable
            keys = KeySet.import_key_set(await self._document(metadata.jwks_uri))  # type: ignore[arg-type]
        except (ValidationError, JoseError, ValueError, KeyError, TypeError):
            raise ProviderUnavailable from None
        return _Kept(metadata, keys, time.monotonic())

    async def _document(self, url: str) -> dict[str, Any]:
        answer = await ask(self._http, "GET", url)
        if answer.status != httpx.codes.OK:
            raise ProviderUnavailable
        return answer.document
