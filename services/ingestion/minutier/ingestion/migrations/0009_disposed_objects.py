"""Objects of meeting servers that were recordings which are purged, by digests alone."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "disposed_objects",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("etag", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("disposed_objects")
