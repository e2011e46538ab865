"""One person's erasure: who asked for it, where the documents lie, and what is instead of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared.remains import OUTLIVES, WHOLE, say
from minutier.shared.rows import protect

revision = "0009"
down_revision = "0008"

_MOMENT = sa.DateTime(timezone=True)

_COLUMNS = {
    "documents.recording_id": WHOLE,
    "erasure_requests.recording_id": OUTLIVES + "who asked to be erased, by the organisation's own reference",
}


def upgrade() -> None:
    op.create_table(
        "erasure_requests",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("recording_id", sa.Uuid, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("registered_by", sa.String, nullable=False),
        sa.Column("registered_at", _MOMENT, nullable=False),
        sa.Column("purge_id", sa.Uuid),
        sa.Column("completed_at", _MOMENT),
        sa.Column("refused_by", sa.String),
        sa.Column("refused_at", _MOMENT),
        sa.Column("ground", sa.String),
        sa.Column("explanation", sa.String),
    )
    op.create_index("erasure_requests_pages", "erasure_requests", ["tenant", "registered_at", "id"])
    op.create_index("erasure_requests_purges", "erasure_requests", ["purge_id"])
    op.create_table(
        "documents",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("told_by", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("wanted_since", _MOMENT, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("data", JSONB, nullable=False),
    )
    for table in ("erasure_requests", "documents"):
        protect(table)
    op.add_column("purge_items", sa.Column("person", JSONB(none_as_null=True)))
    op.add_column("purge_items", sa.Column("instead", JSONB(none_as_null=True)))
    say(_COLUMNS)


def downgrade() -> None:
    op.drop_column("purge_items", "instead")
    op.drop_column("purge_items", "person")
    op.drop_table("documents")
    op.drop_table("erasure_requests")
