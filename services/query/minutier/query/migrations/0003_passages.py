"""What is searched."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from minutier.shared.rows import protect

revision = "0003"
down_revision = "0002"


def _of_a_recording() -> sa.ForeignKey:
    return sa.ForeignKey("recordings.id", ondelete="cascade")


def upgrade() -> None:
    op.create_table(
        "searched",
        sa.Column("recording_id", sa.Uuid, _of_a_recording(), primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("duration", sa.Double),
        sa.Column("passages", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rules", sa.SmallInteger, nullable=False),
        sa.Column("lexemes", TSVECTOR, nullable=False, server_default=""),
        # Lexemes lie apart, as they are, so that what a search reads of many recordings is on few pages.
        postgresql_with={"toast_tuple_target": 128},
    )
    op.execute("alter table searched alter column lexemes set storage external")
    # What is new is found as fast as the rest, and no search has to go through a list of it.
    op.create_index(
        "searched_lexemes",
        "searched",
        ["lexemes"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "languages",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("language", sa.String, primary_key=True),
    )
    op.create_table(
        "passages",
        sa.Column("recording_id", sa.Uuid, _of_a_recording(), primary_key=True),
        sa.Column("kind", sa.SmallInteger, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("segment", sa.String),
        sa.Column("start", sa.Double),
        sa.Column("end", sa.Double),
        sa.Column("speaker", sa.String),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("clock", sa.LargeBinary, nullable=False),
        sa.Column("lexemes", TSVECTOR, nullable=False),
    )
    for table in ("searched", "languages", "passages"):
        protect(table)


def downgrade() -> None:
    op.drop_table("passages")
    op.drop_table("languages")
    op.drop_table("searched")
