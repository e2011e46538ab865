"""The register of recordings."""

import sqlalchemy as sa
from alembic import op

from minutier.shared.migrations import create_delivery_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_delivery_tables(op.get_bind())
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("external_id", sa.String, nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rejected", sa.String),
        sa.UniqueConstraint("tenant", "source", "external_id"),
    )


def downgrade() -> None:
    op.drop_table("recordings")
