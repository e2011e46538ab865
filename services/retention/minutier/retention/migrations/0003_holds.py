"""Holds, and what refuses to delete in every schema what they cover.

Placing a hold and deleting wait for each other, by locks of the recording's number: nobody does one without
having seen the other. A number is for many recordings, so that few locks do for a hold on all of them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared.held import guard
from minutier.shared.migrations import owner
from minutier.shared.rows import protect

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True)
_NUMBERS = 1024

# Other schemas ask by these alone, as their owner, who may see the rows of every tenant.
_FUNCTIONS = f"""
    create function lock_numbers() returns integer language sql immutable return {_NUMBERS};

    create function lock_number(id uuid) returns integer language sql immutable
        return (hashtext(id::text) % {_NUMBERS} + {_NUMBERS}) % {_NUMBERS};

    create function is_held(id uuid) returns boolean
        language plpgsql volatile security definer set search_path = retention, pg_temp as $$
    begin
        perform pg_advisory_xact_lock_shared(hashtext('retention.held'), lock_number(id));
        return exists (select from held where recording_id = id and not released);
    end $$;

    create function refuse_held() returns trigger
        language plpgsql volatile security definer set search_path = retention, pg_temp as $$
    declare
        id uuid;
    begin
        execute format('select ($1).%I', tg_argv[0]) into id using old;
        if is_held(id) then
            raise exception using errcode = 'MH001', message = 'a legal hold covers the recording';
        end if;
        return old;
    end $$;
"""


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("matter", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("placed_by", sa.String, nullable=False),
        sa.Column("placed_at", _MOMENT, nullable=False),
        sa.Column("search", JSONB),
        sa.Column("released_by", sa.String),
        sa.Column("released_at", _MOMENT),
        sa.Column("release_reason", sa.String),
    )
    op.create_index("holds_pages", "holds", ["tenant", "placed_at", "id"])
    op.create_table(
        "held",
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.id"), primary_key=True),
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("released", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("stale", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("told", sa.SmallInteger, nullable=False, server_default="0"),
    )
    op.create_index("held_recordings", "held", ["recording_id"], postgresql_where=sa.text("not released"))
    op.create_index("held_stale", "held", ["tenant", "recording_id"], postgresql_where=sa.text("stale"))
    for table in ("holds", "held"):
        protect(table)
    op.execute(f"create policy guarding on held for select to {owner('retention')} using (true)")
    op.execute(_FUNCTIONS)
    # They are looked for from the schemas of all services; there is nothing else to be had without a grant.
    op.execute("grant usage on schema retention to public")
    guard("recordings", "id")
    guard("schedules", "recording_id")


def downgrade() -> None:
    for table in ("recordings", "schedules"):
        op.execute(f"drop trigger keep_held on {table}")
    for function in ("refuse_held()", "is_held(uuid)", "lock_number(uuid)", "lock_numbers()"):
        op.execute(f"drop function {function}")
    op.drop_table("held")
    op.drop_table("holds")
