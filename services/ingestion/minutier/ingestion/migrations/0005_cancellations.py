"""Which recordings were cancelled."""

from alembic import op

from minutier.shared import cancellations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    cancellations.create_table(op.get_bind())


def downgrade() -> None:
    op.drop_table("cancellations")
