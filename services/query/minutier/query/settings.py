from pydantic import Field
from pydantic_settings import SettingsConfigDict

from minutier.query.identity.providers import Provider
from minutier.shared.settings import Settings


class QuerySettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_QUERY_")

    heartbeat_seconds: float = Field(15.0, gt=0, description="between comments on a quiet progress stream")
    poll_seconds: float = Field(10.0, gt=0, description="after which a watcher looks without a signal")
    send_seconds: float = Field(30.0, gt=0, description="how long a watching client may not read")
    providers: dict[str, Provider] = Field({}, description="who signs people in, as a JSON object by name")
    watchers: int = Field(500, ge=1, description="clients that may follow a recording at a time")
