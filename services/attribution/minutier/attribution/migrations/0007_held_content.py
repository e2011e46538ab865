"""What a legal hold covers is not made another recording's."""

from minutier.shared.held import guard_content, unguard_content

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    guard_content("parts", "recording_id", "tenant")


def downgrade() -> None:
    unguard_content("parts")
