"""Settings that every service has, read from the environment."""

from typing import Literal

from pydantic import Field, PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NatsSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_NATS_", frozen=True)

    url: str = "nats://127.0.0.1:4222"
    token: SecretStr | None = None
    timeout_seconds: float = Field(10.0, gt=0)


class DatabaseSettings(BaseSettings):
    """``url`` names the service's own role; its schema has the same name, so that it is found first."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_DATABASE_", frozen=True)

    url: PostgresDsn = PostgresDsn("postgresql+psycopg://127.0.0.1:5432/minutier")
    pool_size: int = Field(4, ge=1)
    timeout_seconds: float = Field(10.0, gt=0)


class ObjectSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_OBJECTS_", frozen=True)

    endpoint: str = Field("127.0.0.1:9000", description="host:port, without a scheme")
    access_key: str = "minutier"
    secret_key: SecretStr = SecretStr("minutier")
    secure: bool = False
    region: str = "us-east-1"
    timeout_seconds: float = Field(30.0, gt=0)


class DeliverySettings(BaseSettings):
    """The delay before attempt n+1 is ``retry_seconds * 3**(n-1)``, at most ``retry_limit_seconds``."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_DELIVERY_", frozen=True)

    attempts: int = Field(10, ge=1, le=100)
    retry_seconds: float = Field(1.0, gt=0)
    retry_limit_seconds: float = Field(300.0, gt=0)
    start_seconds: float = Field(60.0, gt=0, description="how long to wait for the servers on start")
    shutdown_seconds: float = Field(2.0, gt=0, description="how long work in hand may finish on shutdown")


class HttpSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_HTTP_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0 lets the system choose one")


class LogSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_LOG_", frozen=True)

    level: Literal["debug", "info", "warning", "error"] = "info"
