from pathlib import Path
from tempfile import gettempdir

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from minutier.diarization.weights import BUNDLED
from minutier.shared.offers import Models
from minutier.shared.settings import Settings


class DiarizationSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_DIARIZATION_")

    model: str = Field(
        BUNDLED,
        description="'bundled', or a pipeline of pyannote.audio: a directory or a hub's name such as "
        "'pyannote/speaker-diarization-community-1'",
    )
    models: Models = Field({}, description="others that may be asked for, as a JSON object by name")
    threads: int = Field(0, ge=0, description="of the processor; 0 takes all there are")
    limit_seconds: float = Field(4 * 3600.0, gt=0, description="time for a mix, or for one track")
    workspace: Path = Field(Path(gettempdir()), description="where audio lies while it is listened to")
