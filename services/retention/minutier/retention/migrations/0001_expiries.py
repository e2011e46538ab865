"""Policies, and the expiry dates of recordings."""

import sqlalchemy as sa
from alembic import op

from minutier.shared.migrations import create_delivery_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_delivery_tables(op.get_bind())
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("media_days", sa.Integer, nullable=False),
        sa.Column("transcript_days", sa.Integer, nullable=False),
        sa.Column("minutes_days", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "expiries",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("policy_id", sa.Uuid, sa.ForeignKey("policies.id"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    # What is due next is what a purge will ask for.
    op.create_index("expiries_due", "expiries", ["expires_at"])


def downgrade() -> None:
    op.drop_table("expiries")
    op.drop_table("policies")
