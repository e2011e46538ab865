"""Who may hand recordings in, and what is known of them."""

import hmac
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from minutier.ingestion.people import Email
from minutier.schemas.events import AnnouncedMetadata, MetadataKind
from minutier.schemas.references import Location
from minutier.shared.objects import ARTEFACTS, AUDIT, RECORDINGS, UPLOADS

_KEY_CHARACTERS = 16


def _not_our_own(bucket: str) -> str:
    if bucket in {RECORDINGS, ARTEFACTS}:
        raise ValueError("an announcement could name another tenant's recording there")
    if bucket == AUDIT:
        raise ValueError("the anchors of audit logs lie there, and no media")
    return bucket


def _not_for_all(bucket: str) -> str:
    if bucket == UPLOADS:
        raise ValueError("every tenant's uploads lie there; name a bucket of the tenant's own")
    return bucket


def _sendable(key: SecretStr) -> SecretStr:
    value = key.get_secret_value()
    if not (value.isascii() and value.isprintable()):
        raise ValueError("has characters that no HTTP header holds; 'openssl rand -hex 24' makes one without")
    return key


def _hard_to_guess(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < _KEY_CHARACTERS:
        raise ValueError(f"has fewer than {_KEY_CHARACTERS} characters; 'openssl rand -hex 24' makes one")
    return key


Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"), AfterValidator(_not_our_own)]
OwnBucket = Annotated[Bucket, AfterValidator(_not_for_all)]
Host = Annotated[str, Field(pattern=r"^[a-z0-9.:-]{1,253}$")]
ServerKey = Annotated[SecretStr, AfterValidator(_sendable)]
Key = Annotated[ServerKey, AfterValidator(_hard_to_guess)]


class Tenant(BaseModel):
    """One organisation's meeting servers: how they prove themselves, and what they may do."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Key = Field(description="bearer key of every endpoint but LiveKit's")
    livekit_api_key: str | None = Field(
        None, min_length=1, description="of the LiveKit server that sends webhooks"
    )
    livekit_api_secret: SecretStr | None = Field(None, min_length=1, description="its secret")
    buckets: frozenset[OwnBucket] = Field(
        frozenset(), description="where its meeting servers put recordings; the reconciler reads them"
    )
    metadata_key: str | None = Field(
        None,
        pattern=r"^[^{}]*\{stem\}[^{}]*$",
        description="where the account of a recording lies in its bucket, such as "
        "`metadata/{stem}-metadata.json`; `{stem}` is the recording's file name without its suffix",
    )
    metadata_kind: MetadataKind = Field(
        MetadataKind.LASUITE_MEET, description="who wrote that account, and so what is in it"
    )
    owner: Email | None = Field(
        None, description="whose recordings are as long as nobody names an owner, by e-mail"
    )
    fetch_hosts: frozenset[Host] = Field(
        frozenset(), description="where links may lead, as host or host:port"
    )
    webhook_url: HttpUrl | None = Field(None, description="who is told of a job's end")
    webhook_api_key: ServerKey | None = Field(None, description="bearer key for it")
    docs_url: HttpUrl | None = Field(None, description="La Suite Docs, where documents are made")
    docs_api_key: ServerKey | None = Field(None, description="bearer key for it")
    max_bytes: int | None = Field(None, gt=0, description="largest file, if less than the service's")
    max_hours: float | None = Field(None, gt=0, description="longest recording, if less than the service's")
    requests_per_minute: int = Field(600, ge=1)

    def metadata_of(self, location: Location) -> AnnouncedMetadata | None:
        """Where the account of what lies at ``location`` is, if this tenant's server writes one."""
        if self.metadata_key is None:
            return None
        key = self.metadata_key.replace("{stem}", PurePosixPath(location.key).stem)
        return AnnouncedMetadata(kind=self.metadata_kind, location=Location(bucket=location.bucket, key=key))

    @model_validator(mode="after")
    def is_whole(self) -> "Tenant":
        for one, other in (("livekit_api_key", "livekit_api_secret"), ("docs_url", "docs_api_key")):
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                raise ValueError(f"{one} and {other} go together; give both, or neither")
        return self


class Tenants:
    """The tenants by what they show."""

    def __init__(self, tenants: Mapping[str, Tenant]) -> None:
        self._tenants = dict(tenants)

    def __getitem__(self, name: str) -> Tenant:
        return self._tenants[name]

    def get(self, name: str) -> Tenant | None:
        return self._tenants.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._tenants)

    def with_key(self, key: str) -> str | None:
        """The tenant whose bearer key it is; how long that takes does not tell how much of one was right."""
        found = None
        for name, tenant in self._tenants.items():
            if hmac.compare_digest(tenant.api_key.get_secret_value().encode(), key.encode()):
                found = name
        return found

    @property
    def have_livekit(self) -> bool:
        """Whether any of them has a LiveKit server."""
        return any(tenant.livekit_api_key for tenant in self._tenants.values())

    def with_livekit_key(self, key: str) -> str | None:
        """The tenant whose LiveKit server has this key, which is no secret."""
        return next((name for name, tenant in self._tenants.items() if tenant.livekit_api_key == key), None)

    def with_bucket(self, bucket: str) -> str | None:
        """The tenant whose meeting servers write into this bucket."""
        return next((name for name, tenant in self._tenants.items() if bucket in tenant.buckets), None)
