"""What people lay over transcripts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared.rows import protect

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "layers",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column(
            "recording_id", sa.Uuid, sa.ForeignKey("recordings.id", ondelete="cascade"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("content", JSONB, nullable=False),
    )
    op.create_index("layers_of_recording", "layers", ["tenant", "recording_id", "at", "id"])
    protect("layers")


def downgrade() -> None:
    op.drop_table("layers")
