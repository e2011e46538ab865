"""Policies compare with one tenant before they look for it among several."""

from alembic import op

from minutier.shared.rows import THEIRS

revision = "0008"
down_revision = "0007"

_TABLES = (
    *("recordings", "grants", "access_log", "searched", "passages", "languages"),
    *("layers", "webhooks", "webhook_deliveries"),
)


def upgrade() -> None:
    for table in _TABLES:
        op.execute(f"alter policy tenants on {table} using ({THEIRS}) with check ({THEIRS})")


def downgrade() -> None:
    """What they were before gave the same rows."""
