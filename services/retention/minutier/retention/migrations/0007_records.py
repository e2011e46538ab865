"""The log of disposal records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from minutier.shared.remains import OUTLIVES, say
from minutier.shared.rows import protect

revision = "0007"
down_revision = "0006"

_COLUMNS = {"disposals.recording_id": OUTLIVES + "the proof of what was destroyed, by numbers and digests"}


def upgrade() -> None:
    op.create_table(
        "disposal_logs",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("anchored", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "disposals",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("index", sa.BigInteger, primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("recording_id", sa.Uuid, nullable=False),
        sa.Column("purge_id", sa.Uuid, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("nodes", ARRAY(sa.LargeBinary), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    )
    # One record for each purge and recording.
    op.create_index("disposals_once", "disposals", ["tenant", "purge_id", "recording_id"], unique=True)
    op.create_index("disposals_recordings", "disposals", ["tenant", "recording_id"])
    for table in ("disposal_logs", "disposals"):
        protect(table)
    # Which logs there are is read before a transaction can say for whom it works.
    op.execute("create policy seen on disposal_logs for select using (true)")
    say(_COLUMNS)


def downgrade() -> None:
    op.drop_table("disposals")
    op.drop_table("disposal_logs")
