"""Which recordings one person is erased from."""

from alembic import op

from minutier.shared import erasures
from minutier.shared.remains import ERASURES, say

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    erasures.create_table(op.get_bind())
    say(ERASURES)


def downgrade() -> None:
    op.drop_table("erasures")
