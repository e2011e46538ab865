from collections.abc import Mapping

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from minutier.retention.policies.domain import MOST_DAYS, Kind
from minutier.shared.identity.settings import SiteSettings


class RetentionSettings(SiteSettings):
    """The periods are those of the default policy, in days, as long as nobody has set another one."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_RETENTION_")

    media_days: int = Field(120, ge=1, le=MOST_DAYS)
    transcript_days: int = Field(365, ge=1, le=MOST_DAYS)
    minutes_days: int = Field(365, ge=1, le=MOST_DAYS)
    access_log_days: int = Field(365, ge=1, le=MOST_DAYS)

    @property
    def periods(self) -> Mapping[Kind, int]:
        return {
            Kind.MEDIA: self.media_days,
            Kind.TRANSCRIPT: self.transcript_days,
            Kind.MINUTES: self.minutes_days,
            Kind.ACCESS_LOG: self.access_log_days,
        }
