import re
from typing import Self

from pydantic import Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from minutier.shared.offers import Models
from minutier.shared.settings import Settings

EXTRACTIVE = "extractive"


class SummarisationSettings(Settings):
    """Without ``base_url`` minutes are extracts of the transcript, and no model is asked."""

    model_config = SettingsConfigDict(
        env_prefix="MINUTIER_SUMMARISATION_",
    )

    base_url: HttpUrl | None = Field(
        None, description="an OpenAI-compatible endpoint", examples=["http://127.0.0.1:8000/v1"]
    )
    api_key: SecretStr | None = None
    model: str | None = Field(None, description="the endpoint's name of the model")
    models: Models = Field(
        {},
        description="others that may be asked for, as a JSON object by name: the endpoint's names, "
        "or 'extractive'",
    )
    context_tokens: int = Field(8192, ge=4096, description="most tokens of one request and its answer")
    answer_tokens: int = Field(2048, ge=256, description="most tokens of one answer")
    concurrency: int = Field(2, ge=1, le=64, description="requests under way at a time")
    retries: int = Field(3, ge=0, le=10, description="of one request that failed for a passing reason")
    connect_seconds: float = Field(5.0, gt=0)
    read_seconds: float = Field(180.0, gt=0, description="time without a byte of an answer")
    budget_seconds: float = Field(1800.0, gt=0, description="time for the minutes of one meeting")

    @model_validator(mode="after")
    def is_consistent(self) -> Self:
        if self.base_url is not None and self.model is None:
            raise ValueError("MINUTIER_SUMMARISATION_BASE_URL needs MINUTIER_SUMMARISATION_MODEL")
        if self.base_url is None and set(self.models.values()) - {EXTRACTIVE}:
            raise ValueError("MINUTIER_SUMMARISATION_MODELS needs MINUTIER_SUMMARISATION_BASE_URL")
        if self.api_key is not None and not re.fullmatch(r"[!-~]+", self.api_key.get_secret_value()):
            raise ValueError("MINUTIER_SUMMARISATION_API_KEY may hold printable ASCII without spaces only")
        if self.answer_tokens > self.context_tokens // 4:
            raise ValueError(
                "MINUTIER_SUMMARISATION_ANSWER_TOKENS may be at most a quarter of "
                "MINUTIER_SUMMARISATION_CONTEXT_TOKENS"
            )
        return self

    @property
    def default_model(self) -> str:
        """What writes where nothing else is asked for."""
        return self.model if self.base_url is not None and self.model is not None else EXTRACTIVE

    def of(self, model: str) -> "SummarisationSettings":
        """These, for another model of the endpoint."""
        return self.model_copy(update={"model": model})
