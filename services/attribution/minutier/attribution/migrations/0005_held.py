"""What a legal hold covers is not deleted."""

from minutier.shared.held import guard, unguard

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    guard("parts", "recording_id")


def downgrade() -> None:
    unguard("parts")
