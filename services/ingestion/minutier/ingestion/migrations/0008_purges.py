"""What is purged: what there is of a recording, and the numbers of those of which there is nothing more."""

from alembic import op

from minutier.shared import tombstones
from minutier.shared.remains import CANCELLATIONS, DELIVERY, WHOLE, tell, untell

revision = "0008"
down_revision = "0007"

_COLUMNS = {
    **DELIVERY,
    **CANCELLATIONS,
    "recordings.id": WHOLE,
    "announced_objects.recording_id": WHOLE,
    "expectations.recording_id": WHOLE,
    "jobs.recording_id": WHOLE,
    "ends.recording_id": WHOLE,
    "promised_uploads.recording_id": WHOLE,
    "tellings.recording_id": WHOLE,
}


def upgrade() -> None:
    tombstones.create_table(op.get_bind())
    tell("ingestion", _COLUMNS)


def downgrade() -> None:
    untell("ingestion", _COLUMNS)
    op.drop_table("tombstones")
