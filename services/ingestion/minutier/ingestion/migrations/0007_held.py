"""What a legal hold covers is not deleted."""

from minutier.shared.held import guard, unguard

revision = "0007"
down_revision = "0006"

_GUARDED = {"recordings": "id", "announced_objects": "recording_id", "jobs": "recording_id"}


def upgrade() -> None:
    for table, column in _GUARDED.items():
        guard(table, column)


def downgrade() -> None:
    for table in _GUARDED:
        unguard(table)
