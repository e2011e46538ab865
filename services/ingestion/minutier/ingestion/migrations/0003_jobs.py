"""What was asked for, and what has come of recordings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("recording_id", sa.Uuid, nullable=False, index=True),
        sa.Column("user_sub", sa.String, nullable=False),
        sa.Column("base_url", sa.String, nullable=False),
        sa.Column("language", sa.String),
        sa.Column("docs", JSONB),
        sa.Column("callback", sa.Boolean, nullable=False),
        sa.Column("spoken", sa.String),
        sa.Column("announcement", JSONB),
        sa.Column("failure", sa.String),
        sa.Column("document_id", sa.String),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("told_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "ends",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", JSONB),
        sa.Column("failure", sa.String),
        sa.Column("language", sa.String),
    )


def downgrade() -> None:
    op.drop_table("ends")
    op.drop_table("jobs")
