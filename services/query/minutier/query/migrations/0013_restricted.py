"""What of a recording compliance alone may read, and which recordings are not found for that."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "recordings", sa.Column("restricted", ARRAY(sa.String), nullable=False, server_default="{}")
    )
    op.add_column("searched", sa.Column("hidden", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("searched", "hidden")
    op.drop_column("recordings", "restricted")
