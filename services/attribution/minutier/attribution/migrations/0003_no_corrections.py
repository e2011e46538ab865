"""What people say of who the speakers are is kept by query."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.drop_column("parts", "corrections")


def downgrade() -> None:
    op.add_column("parts", sa.Column("corrections", JSONB, nullable=False, server_default=sa.text("'{}'")))
