"""Which of several parts is the newest, and which recordings were cancelled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared import cancellations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    cancellations.create_table(op.get_bind())
    op.add_column("parts", sa.Column("told", JSONB, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("parts", sa.Column("wanted_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("parts", "wanted_since")
    op.drop_column("parts", "told")
    op.drop_table("cancellations")
