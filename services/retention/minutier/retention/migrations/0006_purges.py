"""Purges, and what each destroys of which recording."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from minutier.shared import tombstones
from minutier.shared.remains import DELIVERY, OUTLIVES, WHOLE, tell, untell
from minutier.shared.rows import protect

revision = "0006"
down_revision = "0005"

_MOMENT = sa.DateTime(timezone=True)

_COLUMNS = {
    **DELIVERY,
    "recordings.id": WHOLE,
    "schedules.recording_id": WHOLE,
    "held.recording_id": OUTLIVES + "which holds there were is part of their history",
    "purge_items.recording_id": OUTLIVES + "what was destroyed, by numbers and digests",
}

# Of the states of an item those in which somebody is about to destroy it.
_OPEN = "state in ('listed', 'counted', 'ordered', 'answered')"

_IS_ORDERED = """
    create function is_ordered(id uuid, kind text) returns boolean
        language sql stable security definer set search_path = retention, pg_temp as $$
        select exists (
            select from purge_items where recording_id = id and kind = any(kinds) and state = 'ordered'
        )
    $$
"""


def upgrade() -> None:
    op.create_table(
        "purges",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("legal_basis", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("query", JSONB),
        sa.Column("needs_visa", sa.Boolean, nullable=False),
        sa.Column("proposed_by", sa.String, nullable=False),
        sa.Column("proposed_at", _MOMENT, nullable=False),
        sa.Column("proposal", sa.String, nullable=False, server_default=""),
        sa.Column("inventory", sa.String),
        sa.Column("approved_by", sa.String),
        sa.Column("approved_at", _MOMENT),
        sa.Column("approval", sa.String),
        sa.Column("visa", sa.String),
        sa.Column("executes_at", _MOMENT),
        sa.Column("ended_by", sa.String),
        sa.Column("ended_at", _MOMENT),
    )
    op.create_index("purges_pages", "purges", ["tenant", "proposed_at", "id"])
    op.create_index("purges_open", "purges", ["tenant", "state"])
    op.create_table(
        "purge_items",
        sa.Column("purge_id", sa.Uuid, sa.ForeignKey("purges.id"), primary_key=True),
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("kinds", ARRAY(sa.String), nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("source", sa.String),
        sa.Column("earliest", _MOMENT),
        sa.Column("latest", _MOMENT),
        sa.Column("policy_id", sa.Uuid),
        sa.Column("policy_version", sa.Integer),
        sa.Column("inventory", JSONB(none_as_null=True)),
        sa.Column("digest", sa.String),
        sa.Column("substance", sa.String),
        sa.Column("versions", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rows", sa.Integer, nullable=False, server_default="0"),
        sa.Column("messages", sa.Integer, nullable=False, server_default="0"),
        sa.Column("bytes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("original", JSONB(none_as_null=True)),
        sa.Column("reason", sa.String),
        sa.Column("ordered_at", _MOMENT),
        sa.Column("told_at", _MOMENT),
        sa.Column("first_try", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("answers", JSONB, nullable=False, server_default="{}"),
        sa.Column("executed_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
    )
    op.create_index("purge_items_states", "purge_items", ["purge_id", "state", "recording_id"])
    op.create_index("purge_items_late", "purge_items", ["tenant", "state", "told_at"])
    # Of two purges of one recording only one destroys it.
    op.create_index(
        "purge_items_once", "purge_items", ["recording_id"], unique=True, postgresql_where=sa.text(_OPEN)
    )
    for table in ("purges", "purge_items"):
        protect(table)
    op.execute(_IS_ORDERED)
    tombstones.create_table(op.get_bind())
    tell("retention", _COLUMNS)


def downgrade() -> None:
    untell("retention", _COLUMNS)
    op.drop_table("tombstones")
    op.execute("drop function is_ordered(uuid, text)")
    op.drop_table("purge_items")
    op.drop_table("purges")
