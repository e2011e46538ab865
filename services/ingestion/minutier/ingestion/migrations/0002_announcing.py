"""What was announced, and what is expected."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "announced_objects",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("bucket", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("etag", sa.String, primary_key=True),
        sa.Column("recording_id", sa.Uuid, nullable=False, index=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("language", sa.String),
        sa.Column("has_metadata", sa.Boolean, nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "expectations",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("external_id", sa.String, nullable=False),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), index=True),
    )


def downgrade() -> None:
    op.drop_table("expectations")
    op.drop_table("announced_objects")
