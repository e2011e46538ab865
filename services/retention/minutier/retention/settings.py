from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from minutier.retention.policies.domain import MOST_DAYS, Kind
from minutier.shared.identity.settings import SiteSettings
from minutier.shared.proofs.signing import PublicKey, SigningKey


def _signs(file: Path) -> Path:
    """Raises `ValueError` where it holds no key."""
    try:
        SigningKey.read(file)
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from None
    return file


def _checks(file: Path) -> Path:
    """Raises `ValueError` where it holds no public key."""
    try:
        PublicKey.read(file)
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from None
    return file


class RetentionSettings(SiteSettings):
    """The periods are those of the default policy, in days, as long as nobody has set another one."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_RETENTION_")

    media_days: int = Field(120, ge=1, le=MOST_DAYS)
    transcript_days: int = Field(365, ge=1, le=MOST_DAYS)
    minutes_days: int = Field(365, ge=1, le=MOST_DAYS)
    access_log_days: int = Field(365, ge=1, le=MOST_DAYS)
    anchor_seconds: float = Field(
        300.0, gt=0, description="after which an audit log that has moved is anchored"
    )
    grace_hours: float = Field(
        24.0, ge=0, le=24 * 90, description="between the approval of a purge and its execution"
    )
    purge_alarm_minutes: float = Field(
        15.0, gt=0, description="after which a service that has not answered a purge is asked again, aloud"
    )
    signing_key: Annotated[Path, AfterValidator(_signs)] | None = Field(
        None, description="a file with a private key for Ed25519 in PEM"
    )
    former_keys: frozenset[Annotated[Path, AfterValidator(_checks)]] = Field(
        frozenset(), description="files with the public keys of those that signed before"
    )

    @property
    def periods(self) -> Mapping[Kind, int]:
        return {
            Kind.MEDIA: self.media_days,
            Kind.TRANSCRIPT: self.transcript_days,
            Kind.MINUTES: self.minutes_days,
            Kind.ACCESS_LOG: self.access_log_days,
        }

    @property
    def grace(self) -> timedelta:
        return timedelta(hours=self.grace_hours)

    @property
    def alarm(self) -> timedelta:
        return timedelta(minutes=self.purge_alarm_minutes)

    @property
    def key(self) -> SigningKey | None:
        """What signs; raises `OSError` and `InvalidKey` where the file has gone since."""
        return SigningKey.read(self.signing_key) if self.signing_key else None

    @property
    def former(self) -> Mapping[str, PublicKey]:
        """By their ids; raises as `key`."""
        return {key.id: key for key in map(PublicKey.read, self.former_keys)}
