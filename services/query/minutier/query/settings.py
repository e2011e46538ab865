from pydantic import Field
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import SettingsConfigDict

from minutier.schemas.events import ModelName, Stage
from minutier.shared.identity.settings import SiteSettings


class QuerySettings(SiteSettings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_QUERY_")

    heartbeat_seconds: float = Field(15.0, gt=0, description="between comments on a quiet progress stream")
    poll_seconds: float = Field(10.0, gt=0, description="after which a watcher looks without a signal")
    send_seconds: float = Field(30.0, gt=0, description="how long a watching client may not read")
    cache_bytes: int = Field(256 * 2**20, ge=0, description="of memory for transcripts that were read lately")
    models: dict[Stage, tuple[ModelName, ...]] = Field(
        {}, description="those that may be asked for beside the default, as a JSON object of lists by stage"
    )
    watchers: int = Field(500, ge=1, description="clients that may follow a recording at a time")
    webhook_networks: frozenset[IPvAnyNetwork] = Field(
        frozenset(), description="private networks that webhooks may lead into, as a JSON list"
    )
