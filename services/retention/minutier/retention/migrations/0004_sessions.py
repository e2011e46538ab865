"""Who is signed in, and who is about to be."""

from alembic import op

from minutier.shared.identity import models

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    models.create_tables(op.get_bind())


def downgrade() -> None:
    op.drop_table("sign_ins")
    op.drop_table("sessions")
