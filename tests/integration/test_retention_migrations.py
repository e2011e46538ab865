"""What an earlier version had written down is there after the migration, and stays due when it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

import minutier.retention
import minutier.shared
from minutier.compose.embedded import System
from minutier.compose.provision import administrator_url
from minutier.retention.policies.domain import Kind, default_id
from minutier.shared.migrations import owner

# The clocks are changed in France between these and what is due 120 days later.
TAKEN_IN = datetime(2026, 1, 10, 23, 30, tzinfo=UTC)
SET_AT = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = {"media": 120, "transcript": 365, "minutes": 400}
SHORTER = {"media": 30, "transcript": 60, "minutes": 90}


@pytest.fixture
def connection(system: System) -> Iterator[Connection]:
    """As the owner of retention's tables, in a schema of the first version that is thrown away."""
    engine = create_engine(administrator_url(system.administrator_url, "minutier"))
    role, schema = owner("retention"), f"s{uuid4().hex[:8]}"
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text(f"create schema {schema} authorization {role}"))
        connection.execute(text(f"set local role {role}"))
        connection.execute(text(f"set local search_path to {schema}"))
        connection.execute(text("set local timezone to 'Europe/Paris'"))
        migrate(connection, "0001")
        yield connection
        transaction.rollback()
    engine.dispose()


def migrate(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(minutier.shared.__file__)).parent / "alembic"))
    config.set_main_option(
        "version_locations", str(Path(str(minutier.retention.__file__)).parent / "migrations")
    )
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def write_policy(connection: Connection, days: dict[str, int], set_at: datetime) -> UUID:
    policy_id = uuid4()
    connection.execute(
        text("insert into policies values (:id, 'default', :media, :transcript, :minutes, :set_at)"),
        {"id": policy_id, **days, "set_at": set_at},
    )
    return policy_id


def write_recording(connection: Connection, tenant: str, policy_id: UUID, days: dict[str, int]) -> UUID:
    recording_id = uuid4()
    for kind, number in days.items():
        connection.execute(
            text("insert into expiries values (:id, :kind, :tenant, :policy, :at)"),
            {
                "id": recording_id,
                "kind": kind,
                "tenant": tenant,
                "policy": policy_id,
                "at": TAKEN_IN + timedelta(days=number),
            },
        )
    return recording_id


def test_no_row_is_lost(connection: Connection) -> None:
    first = write_policy(connection, DAYS, SET_AT)
    second = write_policy(connection, SHORTER, SET_AT + timedelta(days=1))
    whole = write_recording(connection, "acme", first, DAYS)
    text_only = write_recording(
        connection, "acme", second, {kind: SHORTER[kind] for kind in ("transcript", "minutes")}
    )
    others = write_recording(connection, "other", second, SHORTER)
    migrate(connection, "0002")
    connection.execute(text("reset role"))

    recordings = {
        row.id: row for row in connection.execute(text("select * from recordings order by tenant")).all()
    }
    assert {row.id: (row.tenant, row.ingested_at, row.source) for row in recordings.values()} == {
        whole: ("acme", TAKEN_IN, None),
        text_only: ("acme", TAKEN_IN, None),
        others: ("other", TAKEN_IN, None),
    }
    assert set(recordings[whole].kinds) == set(Kind)
    assert set(recordings[text_only].kinds) == set(Kind) - {Kind.MEDIA}

    versions = connection.execute(text("select * from policies order by tenant, version")).all()
    assert [(row.tenant, row.id, row.version, row.set_by, row.set_at) for row in versions] == [
        ("acme", default_id("acme"), 1, None, SET_AT),
        ("acme", default_id("acme"), 2, None, SET_AT + timedelta(days=1)),
        ("other", default_id("other"), 1, None, SET_AT + timedelta(days=1)),
    ]
    periods = [{kind: rule["current_days"] for kind, rule in row.rules.items()} for row in versions]
    assert periods == [{**days, "access_log": 365} for days in (DAYS, SHORTER, SHORTER)]

    schedules = connection.execute(text("select * from schedules")).all()
    assert {
        (row.recording_id, row.kind, row.policy_version): (row.due_at - TAKEN_IN).days for row in schedules
    } == {
        **{(whole, kind, 1): number for kind, number in DAYS.items()},
        **{(text_only, kind, 2): SHORTER[kind] for kind in ("transcript", "minutes")},
        **{(others, kind, 1): number for kind, number in SHORTER.items()},
    }
    behind = """
        select count(*) from recordings join tenants using (tenant)
        where recordings.revision < tenants.revision
    """
    assert connection.execute(text(behind)).scalar_one() == 3


def test_an_empty_database_is_migrated_too(connection: Connection) -> None:
    migrate(connection, "0002")
    connection.execute(text("reset role"))
    for table in ("tenants", "policies", "recordings", "schedules"):
        assert connection.execute(text(f"select count(*) from {table}")).scalar_one() == 0
