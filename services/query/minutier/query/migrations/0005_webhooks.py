"""Applications that are told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from minutier.shared.rows import protect

revision = "0005"
down_revision = "0004"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Readable by whoever sends for all of them, as the register is.
    op.create_table("webhook_tenants", sa.Column("tenant", sa.String, primary_key=True))
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("events", ARRAY(sa.String), nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("secret", sa.String, nullable=False),
        sa.Column("old_secret", sa.String),
        sa.Column("old_secret_until", _MOMENT),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
    op.create_index("webhooks_of_tenant", "webhooks", ["tenant"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("webhook_id", sa.Uuid, sa.ForeignKey("webhooks.id", ondelete="cascade"), nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("recording_id", sa.Uuid),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("next_at", _MOMENT),
        sa.Column("claim", sa.Uuid),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("attempts", JSONB, nullable=False),
    )
    op.create_index("webhook_deliveries_newest", "webhook_deliveries", ["webhook_id", "created_at", "id"])
    op.create_index(
        "webhook_deliveries_due",
        "webhook_deliveries",
        ["webhook_id", "next_at"],
        postgresql_where=sa.text("next_at is not null"),
    )
    op.create_index("webhook_deliveries_old", "webhook_deliveries", ["tenant", "created_at"])
    for table in ("webhooks", "webhook_deliveries"):
        protect(table)


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.drop_table("webhook_tenants")
