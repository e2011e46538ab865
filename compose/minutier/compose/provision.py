"""Gives the servers what the services expect: roles and schemas, migrations, streams, buckets.

Everything here may be done again at any time. As a command, ``python -m minutier.compose.provision``
does it against servers named by the environment.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from minio import Minio
from minio.error import S3Error
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from sqlalchemy import URL

from minutier.compose.jetstream import jetstream
from minutier.shared import migrations, objects, topology
from minutier.shared.settings import InvalidSettings, NatsSettings, ObjectSettings, Settings

SERVICES = tuple(topology.SUBSCRIPTIONS)

# What a service may not do with a table of its own: whoever takes it over cannot hide what was read, or
# changed.
_ADDED_TO = "update, delete"
_REVOKED = {
    "query": {"access_log": _ADDED_TO, "erased_accesses": "insert, update, delete"},
    "retention": dict.fromkeys(("policies", "audit_log", "disposals"), _ADDED_TO),
}

_MATCHES = "pg_catalog.ts_match_vq(tsvector, tsquery)"

_OWNED = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class ProvisionSettings(Settings):
    """The administrator's connection, and the password each service's role is to have."""

    model_config = SettingsConfigDict(env_prefix="MINUTIER_PROVISION_", env_nested_delimiter="__")

    database_url: SecretStr = Field(description="postgresql://administrator:password@host:port/postgres")
    database: str = "minutier"
    passwords: dict[str, SecretStr] = Field(description="by service: MINUTIER_PROVISION_PASSWORDS__QUERY=…")
    nats_replicas: int = Field(1, ge=1)


async def provision(
    *,
    database_url: str,
    database: str,
    passwords: Mapping[str, str],
    nats_settings: NatsSettings,
    object_settings: ObjectSettings,
    nats_replicas: int = 1,
) -> None:
    """Make the three servers ready for the services that ``passwords`` names.

    ``database_url`` is an administrator's. Raises what the servers' clients raise.
    """
    await asyncio.gather(
        asyncio.to_thread(prepare_database, database_url, database=database, passwords=passwords),
        prepare_nats(nats_settings, replicas=nats_replicas),
        asyncio.to_thread(prepare_buckets, objects.client(object_settings)),
    )


def prepare_database(url: str, *, database: str, passwords: Mapping[str, str]) -> None:
    """The database; for each service a role, a schema of the same name, and its tables."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        # Two provisioners at once would both find a role missing, and one of them fail to make it.
        connection.execute("select pg_advisory_lock(hashtext('minutier.provision'))")
        if connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        inside = make_conninfo(url, dbname=database)
        with psycopg.connect(inside, autocommit=True, connect_timeout=10) as administrator:
            administrator.execute(
                sql.SQL("revoke all on database {} from public").format(sql.Identifier(database))
            )
            administrator.execute("revoke all on schema public from public")
            for service, password in passwords.items():
                _prepare_role(administrator, database, service, password)
            _let_words_be_looked_up(administrator)
        # The others' tables ask retention's what is held.
        migrated = sorted(filter(_has_migrations, passwords), key=lambda service: service != "retention")
        for service in migrated:
            migrations.upgrade(service, administrator_url(url, database))
        with psycopg.connect(inside, autocommit=True, connect_timeout=10) as administrator:
            for service in migrated:
                _grant_tables(administrator, service)


def service_url(url: str, database: str, service: str, password: str) -> str:
    """The address of the server behind ``url`` for a service's own role, for SQLAlchemy."""
    return _address(conninfo_to_dict(url), database, service, password)


def administrator_url(url: str, database: str) -> str:
    """``url`` for a database of that server, for SQLAlchemy."""
    parts = conninfo_to_dict(url)
    return _address(parts, database, str(parts["user"]), str(parts.get("password") or ""))


def _address(parts: Mapping[str, Any], database: str, user: str, password: str) -> str:
    return URL.create(
        "postgresql+psycopg",
        username=user,
        password=password or None,
        host=str(parts.get("host") or "127.0.0.1"),
        port=int(parts.get("port") or 5432),
        database=database,
    ).render_as_string(hide_password=False)


def _prepare_role(
    connection: psycopg.Connection[tuple[object, ...]], database: str, service: str, password: str
) -> None:
    """The service's role reads and writes rows, and owns nothing: it can change no table, and no policy."""
    role, owner = sql.Identifier(service), sql.Identifier(migrations.owner(service))
    for name, rights in (
        (migrations.owner(service), sql.SQL("nologin")),
        (service, sql.SQL("login password {}").format(sql.Literal(password))),
    ):
        known = connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
        verb = sql.SQL("create role" if known is None else "alter role")
        connection.execute(sql.SQL("{} {} {}").format(verb, sql.Identifier(name), rights))
    for statement in (
        "grant {owner} to current_user",
        "grant connect on database {database} to {role}",
        "create schema if not exists {role} authorization {owner}",
        # Of an earlier version, where each role owned its tables.
        "alter schema {role} owner to {owner}",
        "reassign owned by {role} to {owner}",
        "grant usage on schema {role} to {role}",
        "grant usage on all sequences in schema {role} to {role}",
        "alter default privileges for role {owner} in schema {role} "
        "grant select, insert, update, delete on tables to {role}",
        "alter default privileges for role {owner} in schema {role} grant usage on sequences to {role}",
    ):
        connection.execute(
            sql.SQL(statement).format(role=role, owner=owner, database=sql.Identifier(database))
        )


def _grant_tables(connection: psycopg.Connection[tuple[object, ...]], service: str) -> None:
    """Also those of an earlier version, in one transaction: at no moment may more be done than is meant."""
    role = sql.Identifier(service)
    with connection.transaction():
        connection.execute(
            sql.SQL("grant select, insert, update, delete on all tables in schema {role} to {role}").format(
                role=role
            )
        )
        for table, rights in _REVOKED.get(service, {}).items():
            connection.execute(
                sql.SQL("revoke {rights} on {role}.{table} from {role}").format(
                    rights=sql.SQL(rights), role=role, table=sql.Identifier(table)
                )
            )


def _let_words_be_looked_up(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let an index on words serve where tenants are kept apart by row-level security.

    PostgreSQL asks an index only by functions that are known to tell nothing of the rows that are not to be
    seen. This one answers yes or no and fails for no row, but is not marked; only a superuser may do that.
    """
    known = connection.execute(
        "select proleakproof from pg_proc where oid = %s::regprocedure", [_MATCHES]
    ).fetchone()
    if known == (True,):
        return
    mark = f"alter function {_MATCHES} leakproof"
    try:
        connection.execute(sql.SQL(mark))
    except psycopg.errors.InsufficientPrivilege:
        sys.stderr.write(
            "Searching will be slow where there are many recordings, since the administrator's role is no "
            f"superuser. Have one run this in the database '{connection.info.dbname}': {mark}\n"
        )


def _has_migrations(service: str) -> bool:
    spec = find_spec(f"minutier.{service}")
    return spec is not None and spec.origin is not None and (Path(spec.origin).parent / "migrations").is_dir()


async def prepare_nats(settings: NatsSettings, *, replicas: int) -> None:
    """The streams and consumers of the topology."""
    async with jetstream(settings) as js:
        await topology.upsert(js, replicas=replicas)


def prepare_buckets(client: Minio) -> None:
    """What is kept can be locked, which can only be said when a bucket is made."""
    _make_bucket(client, objects.RECORDINGS, object_lock=True)
    _make_bucket(client, objects.ARTEFACTS, object_lock=True)
    _make_bucket(client, objects.AUDIT, object_lock=True)
    _make_bucket(client, objects.UPLOADS)


def _make_bucket(client: Minio, name: str, *, object_lock: bool = False) -> bool:
    if client.bucket_exists(name):
        return False
    try:
        client.make_bucket(name, object_lock=object_lock)
    except S3Error as error:
        if error.code not in _OWNED:
            raise
        return False
    return True


def missing_passwords(passwords: Mapping[str, object]) -> Sequence[str]:
    return [service for service in SERVICES if service not in passwords]


def main() -> None:
    """Against the servers that the environment names."""
    try:
        settings = ProvisionSettings()
    except InvalidSettings as error:
        raise SystemExit(str(error)) from None
    if missing := missing_passwords(settings.passwords):
        names = ", ".join(f"MINUTIER_PROVISION_PASSWORDS__{service.upper()}" for service in missing)
        raise SystemExit(f"Set {names}: each service connects with a role of its own.")
    asyncio.run(
        provision(
            database_url=settings.database_url.get_secret_value(),
            database=settings.database,
            passwords={name: secret.get_secret_value() for name, secret in settings.passwords.items()},
            nats_settings=NatsSettings(),
            object_settings=ObjectSettings(),
            nats_replicas=settings.nats_replicas,
        )
    )


if __name__ == "__main__":
    main()
