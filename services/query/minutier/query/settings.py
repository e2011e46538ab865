from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import SettingsConfigDict

from minutier.query.identity.providers import Provider, encrypted, told_apart
from minutier.schemas.events import ModelName, Stage
from minutier.shared.settings import Settings

ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


def _origin(url: HttpUrl) -> HttpUrl:
    if url.path not in (None, "/") or url.query or url.fragment or url.username or url.password:
        raise ValueError("give the origin alone, such as https://minutier.example.org")
    encrypted(str(url))
    return url


class QuerySettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_QUERY_")

    heartbeat_seconds: float = Field(15.0, gt=0, description="between comments on a quiet progress stream")
    poll_seconds: float = Field(10.0, gt=0, description="after which a watcher looks without a signal")
    send_seconds: float = Field(30.0, gt=0, description="how long a watching client may not read")
    providers: Annotated[dict[ProviderName, Provider], AfterValidator(told_apart)] = Field(
        {}, description="who signs people in, by name"
    )
    public_url: Annotated[HttpUrl, AfterValidator(_origin)] | None = Field(
        None, description="where people reach it"
    )
    session_hours: float = Field(12.0, gt=0, le=24 * 90, description="after which one signs in again")
    session_idle_hours: float = Field(4.0, gt=0, le=24 * 90, description="without a request")
    cache_bytes: int = Field(256 * 2**20, ge=0, description="of memory for transcripts that were read lately")
    models: dict[Stage, tuple[ModelName, ...]] = Field(
        {}, description="those that may be asked for beside the default, as a JSON object of lists by stage"
    )
    watchers: int = Field(500, ge=1, description="clients that may follow a recording at a time")
    requests_per_minute: int = Field(600, ge=1, description="of one person, in each process")
    searches_per_minute: int = Field(120, ge=1, description="of one person, with exports and meetings' pages")
    failures_per_minute: int = Field(60, ge=1, description="bad tokens of one address")
    webhook_networks: frozenset[IPvAnyNetwork] = Field(
        frozenset(), description="private networks that webhooks may lead into, as a JSON list"
    )
