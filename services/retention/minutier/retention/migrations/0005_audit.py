"""The audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from minutier.shared.rows import protect

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "chains",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("anchored", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit_log",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("things", JSONB, nullable=False),
        sa.Column("detail", JSONB, nullable=False),
        sa.Column("previous", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index(
        "audit_log_accesses",
        "audit_log",
        ["tenant", "number"],
        postgresql_where=sa.text("action = 'access_log_anchored'"),
    )
    for table in ("chains", "audit_log"):
        protect(table)
    # Which chains there are is read before a transaction can say for whom it works.
    op.execute("create policy seen on chains for select using (true)")


def downgrade() -> None:
    op.drop_table("audit_log")
    op.drop_table("chains")
