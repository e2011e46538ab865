"""What a service is told of the people who reach it."""

from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl

from minutier.shared.identity.providers import Provider, encrypted, told_apart
from minutier.shared.settings import Settings

ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


def _origin(url: HttpUrl) -> HttpUrl:
    if url.path not in (None, "/") or url.query or url.fragment or url.username or url.password:
        raise ValueError("give the origin alone, such as https://minutier.example.org")
    encrypted(str(url))
    return url


class SiteSettings(Settings):
    """Those of every service with pages; each gives them a prefix of its own."""

    providers: Annotated[dict[ProviderName, Provider], AfterValidator(told_apart)] = Field(
        {}, description="who signs people in, by name"
    )
    public_url: Annotated[HttpUrl, AfterValidator(_origin)] | None = Field(
        None, description="where people reach it"
    )
    session_hours: float = Field(12.0, gt=0, le=24 * 90, description="after which one signs in again")
    session_idle_hours: float = Field(4.0, gt=0, le=24 * 90, description="without a request")
    requests_per_minute: int = Field(600, ge=1, description="of one person, in each process")
    searches_per_minute: int = Field(120, ge=1, description="of one person, with whatever else costs as much")
    failures_per_minute: int = Field(60, ge=1, description="bad tokens of one address")

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable that sets a field."""
        return f"{cls.model_config['env_prefix']}{field}".upper()
