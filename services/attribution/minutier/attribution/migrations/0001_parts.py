"""The parts of recordings that wait for one another."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared.migrations import create_delivery_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_delivery_tables(op.get_bind())
    op.create_table(
        "parts",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("ingested", JSONB),
        sa.Column("diarized", JSONB),
        sa.Column("transcribed", JSONB),
    )


def downgrade() -> None:
    op.drop_table("parts")
