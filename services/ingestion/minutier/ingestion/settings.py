from pathlib import Path
from tempfile import gettempdir
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from minutier.ingestion.domain import Limits
from minutier.shared.objects import ARTEFACTS, RECORDINGS, UPLOADS
from minutier.shared.settings import Settings


def _not_our_own(bucket: str) -> str:
    if bucket in {RECORDINGS, ARTEFACTS}:
        raise ValueError("an announcement could name another tenant's recording there")
    return bucket


Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"), AfterValidator(_not_our_own)]


class IngestionSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_INGESTION_")

    max_hours: float = Field(8.0, gt=0)
    max_bytes: int = Field(16 * 1024**3, gt=0)
    allowed_buckets: frozenset[Bucket] = Field(
        frozenset({UPLOADS}), description="where announced media may lie, as a JSON list"
    )
    decode_limit_seconds: float = Field(1800.0, gt=0, description="time to decode one file")
    workspace: Path = Field(Path(gettempdir()), description="where media lies while it is checked")

    @property
    def limits(self) -> Limits:
        return Limits(seconds=self.max_hours * 3600, size=self.max_bytes)
