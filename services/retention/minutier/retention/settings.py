from pydantic import Field
from pydantic_settings import SettingsConfigDict

from minutier.retention.domain import Policy
from minutier.shared.settings import Settings


class RetentionSettings(Settings):
    """The default policy, for recordings taken in from now on."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_RETENTION_")

    media_days: int = Field(120, ge=1, le=36500)
    transcript_days: int = Field(365, ge=1, le=36500)
    minutes_days: int = Field(365, ge=1, le=36500)

    @property
    def policy(self) -> Policy:
        return Policy("default", self.media_days, self.transcript_days, self.minutes_days)
