from pathlib import Path
from tempfile import gettempdir

from pydantic import Field, HttpUrl, IPvAnyNetwork, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from minutier.ingestion.domain import Limits
from minutier.ingestion.tenants import Bucket, Tenant, Tenants
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
    workspace: Path = Field(Path(gettempdir()), description="where media lies while it is checked")
    tenants: dict[TenantName, Tenant] = Field({}, description="who may hand recordings in over HTTP")
    operator_key: SecretStr | None = Field(None, min_length=16, description="bearer key of the operator")
    public_url: HttpUrl | None = Field(None, description="where meeting servers reach this service")
    fetch_networks: frozenset[IPvAnyNetwork] = Field(
        frozenset(), description="private networks in which links may lead to an allowed host, as a JSON list"
    )

    @field_validator("tenants")
    @classmethod
    def no_two_share(cls, tenants: dict[str, Tenant]) -> dict[str, Tenant]:
        keys = [tenant.api_key.get_secret_value() for tenant in tenants.values()]
        livekit = [tenant.livekit_api_key for tenant in tenants.values() if tenant.livekit_api_key]
        buckets = [bucket for tenant in tenants.values() for bucket in tenant.buckets]
        if any(len(set(shown)) < len(shown) for shown in (keys, livekit, buckets)):
            raise ValueError("two tenants share an api_key, a livekit_api_key or a bucket")
        return tenants

    @property
    def limits(self) -> Limits:
        return Limits(seconds=self.max_hours * 3600, size=self.max_bytes)

    @property
    def known_tenants(self) -> Tenants:
        return Tenants(self.tenants)
