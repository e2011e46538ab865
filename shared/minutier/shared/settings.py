"""Settings, read from the environment, and those that every service has."""

import re
from json import JSONDecodeError
from typing import Any, Literal

from pydantic import Field, PostgresDsn, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

# The status of a program that ends because of them.
INVALID_SETTINGS = 2


class InvalidSettings(ValueError):
    """The text names each variable that is missing or wrong, and says why, without its value."""


class Settings(BaseSettings):
    """What a program is told; raises `InvalidSettings` when it is made of what will not do."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, hide_input_in_errors=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            prefix = self.model_config.get("env_prefix", "")
            faults = error.errors(include_input=False, include_url=False)
            raise InvalidSettings("\n".join(_told(prefix, fault) for fault in faults)) from None
        except SettingsError as error:
            prefix = self.model_config.get("env_prefix", "")
            raise InvalidSettings(_no_json(prefix, error)) from None


# Said better than pydantic says it.
_REASONS = {"extra_forbidden": "is unknown; correct its name, or leave it out"}


def _told(prefix: str, fault: ErrorDetails) -> str:
    reason = _REASONS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
    # What concerns several settings says which.
    return f"{prefix}{'__'.join(map(str, fault['loc'])).upper()}: {reason}" if fault["loc"] else reason


def _no_json(prefix: str, error: SettingsError) -> str:
    """The error names its field, and its cause the place; neither is to be quoted whole."""
    field = re.search(r'field "(\w+)"', str(error))
    cause = error.__cause__
    place = f", from character {cause.pos + 1} on" if isinstance(cause, JSONDecodeError) else ""
    return f"{prefix}{field[1].upper() if field else '…'}: is no JSON{place}"


class NatsSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_NATS_")

    url: str = "nats://127.0.0.1:4222"
    token: SecretStr | None = None
    timeout_seconds: float = Field(10.0, gt=0)


class DatabaseSettings(Settings):
    """``url`` names the service's own role; its schema has the same name, so that it is found first."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_DATABASE_")

    url: PostgresDsn = PostgresDsn("postgresql+psycopg://127.0.0.1:5432/minutier")
    pool_size: int = Field(4, ge=1)
    timeout_seconds: float = Field(10.0, gt=0)


class ObjectSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_OBJECTS_")

    endpoint: str = Field("127.0.0.1:9000", description="host:port, without a scheme")
    access_key: str = "minutier"
    secret_key: SecretStr = SecretStr("minutier")
    secure: bool = False
    region: str = "us-east-1"
    timeout_seconds: float = Field(30.0, gt=0)


class DeliverySettings(Settings):
    """The delay before attempt n+1 is ``retry_seconds * 3**(n-1)``, at most ``retry_limit_seconds``."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_DELIVERY_")

    attempts: int = Field(10, ge=1, le=100)
    retry_seconds: float = Field(1.0, gt=0)
    retry_limit_seconds: float = Field(300.0, gt=0)
    start_seconds: float = Field(60.0, gt=0, description="how long to wait for the servers on start")
    shutdown_seconds: float = Field(2.0, gt=0, description="how long work in hand may finish on shutdown")


class HttpSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_HTTP_")

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0 lets the system choose one")


class LogSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_LOG_")

    level: Literal["debug", "info", "warning", "error"] = "info"
