"""Who is signed in, and who is about to be.

Neither table is confined to a tenant: whose row it is is only known once it is read. What leads to a row is a
random value of 256 bits, of which the row has the digest.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("standing", sa.String, nullable=False),
        sa.Column("person", JSONB, nullable=False),
        sa.Column("id_token", sa.String, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("used_at", _MOMENT, nullable=False, server_default=sa.func.now()),
    )
    op.create_index("sessions_used", "sessions", ["used_at"])
    op.create_table(
        "sign_ins",
        sa.Column("state", sa.LargeBinary, primary_key=True),
        sa.Column("browser", sa.LargeBinary, nullable=False),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("nonce", sa.String, nullable=False),
        sa.Column("verifier", sa.String, nullable=False),
        sa.Column("redirect_uri", sa.String, nullable=False),
        sa.Column("return_path", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False, server_default=sa.func.now()),
    )
    op.create_index("sign_ins_created", "sign_ins", ["created_at"])
    op.create_index("sign_ins_address", "sign_ins", ["address", "created_at"])


def downgrade() -> None:
    op.drop_table("sign_ins")
    op.drop_table("sessions")
