"""The inbox and the outbox; turns themselves lie in the object store."""

from alembic import op

from minutier.shared.migrations import create_delivery_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_delivery_tables(op.get_bind())


def downgrade() -> None:
    """The tables of delivery are kept."""
