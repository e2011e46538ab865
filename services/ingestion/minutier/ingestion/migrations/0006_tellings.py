"""What was announced of a recording, and need not be told again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "tellings",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("digest", sa.Uuid, primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("tellings")
