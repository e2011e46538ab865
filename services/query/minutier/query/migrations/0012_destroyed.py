"""What of a recording a purge has destroyed, so that what comes late of it is not kept either."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("recordings", sa.Column("destroyed", ARRAY(sa.String), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("recordings", "destroyed")
