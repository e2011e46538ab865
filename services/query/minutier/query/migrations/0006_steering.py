"""What waits, and how fast it goes: of all tenants, so that one tells nobody of another but in numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "queue",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("stage", sa.String, primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Double),
    )
    op.create_index("queue_of_stage", "queue", ["stage", "since", "recording_id"])
    op.create_table(
        "rates",
        sa.Column("stage", sa.String, primary_key=True),
        sa.Column("sound_seconds", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("rates")
    op.drop_table("queue")
