"""Bringing a service's schema up to date."""

from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from minutier.shared import inbox, outbox


def owner(service: str) -> str:
    """The role that the service's schema and tables belong to: nobody can log in with it."""
    return f"{service}_owner"


def upgrade(service: str, url: str) -> None:
    """Run the service's migrations; several at once wait for one another.

    ``url`` is an administrator's, who acts as the role that owns the service's schema.
    """
    engine = create_engine(url, connect_args={"connect_timeout": 10})
    try:
        with engine.begin() as connection:
            quote = connection.dialect.identifier_preparer.quote
            connection.execute(text(f"set local role {quote(owner(service))}"))
            connection.execute(text(f"set local search_path to {quote(service)}"))
            connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": service})
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
            config.set_main_option("version_locations", str(_versions(service)))
            config.set_main_option("path_separator", "newline")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def create_delivery_tables(connection: Connection) -> None:
    """The inbox and the outbox, for the first migration of a service."""
    inbox.metadata.create_all(connection)
    outbox.metadata.create_all(connection)


def _versions(service: str) -> Path:
    spec = find_spec(f"minutier.{service}")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"minutier.{service}")
    return Path(spec.origin).parent / "migrations"
