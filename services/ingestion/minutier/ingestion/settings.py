from datetime import timedelta
from pathlib import Path
from tempfile import gettempdir

from pydantic import Field, HttpUrl, IPvAnyNetwork, field_validator
from pydantic_settings import SettingsConfigDict

from minutier.ingestion.domain import Limits, Patience
from minutier.ingestion.tenants import Bucket, Key, Tenant, Tenants
from minutier.schemas.base import Tenant as TenantName
from minutier.shared.objects import UPLOADS
from minutier.shared.settings import Settings


class IngestionSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_INGESTION_", env_nested_delimiter="__")

    max_hours: float = Field(8.0, gt=0)
    max_bytes: int = Field(16 * 1024**3, gt=0)
    allowed_buckets: frozenset[Bucket] = Field(
        frozenset({UPLOADS}), description="where announced media may lie, as a JSON list"
    )
    decode_limit_seconds: float = Field(1800.0, gt=0, description="time to decode one file")
    fetch_limit_seconds: float = Field(1800.0, gt=0, description="time to fetch one file from a link")
    arrival_seconds: float = Field(
        600.0, ge=0, description="how long after its announcement a recording may be missing"
    )
    metadata_seconds: float = Field(
        60.0, ge=0, description="how long after it the meeting server's account may be missing"
    )
    reconcile_seconds: float = Field(300.0, gt=0, description="between two comparisons with the buckets")
    reconcile_grace_seconds: float = Field(
        600.0, ge=0, description="how long somebody may yet announce an object before the reconciler does"
    )
    workspace: Path = Field(Path(gettempdir()), description="where media lies while it is checked")
    tenants: dict[TenantName, Tenant] = Field({}, description="who may hand recordings in over HTTP")
    operator_key: Key | None = Field(None, description="bearer key of the operator")
    speech_wait_seconds: float = Field(
        3600.0, gt=0, description="how long a speech-to-text request waits for its transcript"
    )
    speech_requests: int = Field(
        32, ge=1, description="speech-to-text requests of a tenant under way at a time"
    )
    upload_seconds: float = Field(3600.0, gt=0, description="how long an address for an upload is valid")
    callback_attempts: int = Field(
        # The delay before one is a power of three, which as a float ends a little further on.
        500,
        ge=1,
        le=600,
        description="to tell a tenant's servers of a job's end; minutes apart after the first",
    )
    result_days: int = Field(7, ge=1, le=365, description="how long the address of a job's result is valid")
    public_url: HttpUrl | None = Field(None, description="where meeting servers reach this service")
    fetch_networks: frozenset[IPvAnyNetwork] = Field(
        frozenset(), description="private networks in which links may lead to an allowed host, as a JSON list"
    )

    @field_validator("tenants")
    @classmethod
    def no_two_share(cls, tenants: dict[str, Tenant]) -> dict[str, Tenant]:
        known = tenants.values()
        for what, shown in {
            "an api_key": [tenant.api_key.get_secret_value() for tenant in known],
            "a livekit_api_key": [tenant.livekit_api_key for tenant in known if tenant.livekit_api_key],
            "a bucket": [bucket for tenant in known for bucket in tenant.buckets],
        }.items():
            if len(set(shown)) < len(shown):
                raise ValueError(f"two tenants share {what}; give each its own")
        return tenants

    @property
    def patience(self) -> Patience:
        return Patience(media=self.arrival_seconds, account=self.metadata_seconds)

    def limits_of(self, tenant: str) -> Limits:
        """Those of the service, or less where the tenant may have less."""
        limits = Limits(seconds=self.max_hours * 3600, size=self.max_bytes)
        if (known := self.tenants.get(tenant)) is None:
            return limits
        hours = known.max_hours
        return limits.narrowed(seconds=None if hours is None else hours * 3600, size=known.max_bytes)

    def owner_of(self, tenant: str) -> str | None:
        """The e-mail of the one whose a tenant's recordings are as long as nobody says so."""
        known = self.tenants.get(tenant)
        return known.owner if known else None

    @property
    def due_after(self) -> timedelta:
        """How long after its beginning a recording's end may be told of."""
        return timedelta(hours=self.max_hours + 1)

    @property
    def public_address(self) -> str | None:
        return str(self.public_url) if self.public_url else None

    @property
    def known_tenants(self) -> Tenants:
        return Tenants(self.tenants)
