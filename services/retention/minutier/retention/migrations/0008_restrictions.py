"""What was told of the intermediate phase: of each kind whether it was restricted, and when that was."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("schedules", sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("recordings", sa.Column("told_at", sa.DateTime(timezone=True)))
    op.create_index(
        "schedules_begun", "schedules", ["tenant", "restricted_at"], postgresql_where=sa.text("not told")
    )
    op.create_index(
        "schedules_ended", "schedules", ["tenant", "restricted_at"], postgresql_where=sa.text("told")
    )


def downgrade() -> None:
    for index in ("schedules_ended", "schedules_begun"):
        op.drop_index(index, "schedules")
    op.drop_column("recordings", "told_at")
    op.drop_column("schedules", "told")
