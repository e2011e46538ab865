from pathlib import Path
from tempfile import gettempdir

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from minutier.shared.offers import Models
from minutier.shared.settings import Settings
from minutier.transcription.weights import BUNDLED


class TranscriptionSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_TRANSCRIPTION_")

    model: str = Field(BUNDLED, description="'bundled', a directory, or a hub name such as large-v3-turbo")
    models: Models = Field({}, description="others that may be asked for, as a JSON object by name")
    limit_ratio: float = Field(
        4.0, gt=0, description="how many times its own length a recording may take, after which it is retried"
    )
    workspace: Path = Field(Path(gettempdir()), description="where audio lies while it is transcribed")
