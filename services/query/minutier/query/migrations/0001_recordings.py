"""The read model."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared.migrations import create_delivery_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_delivery_tables(op.get_bind())
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", JSONB, nullable=False),
    )
    op.create_index("recordings_newest", "recordings", ["announced_at", "id"])
    op.create_index("recordings_tenant_newest", "recordings", ["tenant", "announced_at", "id"])


def downgrade() -> None:
    op.drop_table("recordings")
