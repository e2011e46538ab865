"""What is purged: what there is of a recording, and the numbers of those of which there is nothing more."""

from alembic import op

from minutier.shared import tombstones
from minutier.shared.remains import CANCELLATIONS, DELIVERY, tell, untell

revision = "0006"
down_revision = "0005"

_COLUMNS = {**DELIVERY, **CANCELLATIONS, "parts.recording_id": "transcript"}


def upgrade() -> None:
    tombstones.create_table(op.get_bind())
    tell("attribution", _COLUMNS)


def downgrade() -> None:
    untell("attribution", _COLUMNS)
    op.drop_table("tombstones")
