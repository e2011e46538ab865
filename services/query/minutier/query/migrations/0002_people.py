"""Who may see what: tenants apart, grants, the access log, and what lists are filtered by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared.rows import protect

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "register",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
    )
    op.execute("insert into register (id, tenant) select id, tenant from recordings")
    op.add_column("recordings", sa.Column("happened_at", _MOMENT))
    op.execute("update recordings set happened_at = announced_at")
    op.alter_column("recordings", "happened_at", nullable=False)
    op.add_column("recordings", sa.Column("state", sa.String, nullable=False, server_default="announced"))
    op.add_column("recordings", sa.Column("title", sa.String))
    op.add_column("recordings", sa.Column("found_by", sa.String, nullable=False, server_default=""))
    # Revision 0 tells that nothing was derived yet: the service does that when it starts.
    op.add_column("recordings", sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"))
    op.drop_index("recordings_newest", "recordings")
    op.drop_index("recordings_tenant_newest", "recordings")
    op.create_index("recordings_newest", "recordings", ["tenant", "happened_at", "id"])
    op.create_table(
        "grants",
        sa.Column("recording_id", sa.Uuid, sa.ForeignKey("recordings.id", ondelete="cascade")),
        sa.Column("principal", sa.String),
        sa.Column("origin", sa.String),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("until", _MOMENT),
        sa.Column("given_by", sa.String),
        sa.Column("given_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("recording_id", "principal", "origin"),
    )
    op.create_index("grants_principal", "grants", ["tenant", "principal", "recording_id"])
    op.create_table(
        "access_log",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("recording_id", sa.Uuid),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("person_name", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("detail", JSONB, nullable=False),
        sa.Column("at", _MOMENT, nullable=False, server_default=sa.func.now()),
    )
    op.create_index("access_log_recording", "access_log", ["tenant", "recording_id", "id"])
    for table in ("recordings", "grants", "access_log"):
        protect(table)


def downgrade() -> None:
    op.drop_table("access_log")
    op.drop_table("grants")
    op.execute("drop policy tenants on recordings")
    op.execute("alter table recordings disable row level security, no force row level security")
    op.drop_index("recordings_newest", "recordings")
    op.create_index("recordings_newest", "recordings", ["announced_at", "id"])
    op.create_index("recordings_tenant_newest", "recordings", ["tenant", "announced_at", "id"])
    for column in ("happened_at", "state", "title", "found_by", "revision"):
        op.drop_column("recordings", column)
    op.drop_table("register")
