"""What is purged: what there is of a recording, and the numbers of those of which there is nothing more."""

from alembic import op

from minutier.shared import tombstones
from minutier.shared.remains import CANCELLATIONS, DELIVERY, tell, untell

revision = "0003"
down_revision = "0002"

_COLUMNS = {**DELIVERY, **CANCELLATIONS}


def upgrade() -> None:
    tombstones.create_table(op.get_bind())
    tell("diarization", _COLUMNS)


def downgrade() -> None:
    untell("diarization", _COLUMNS)
    op.drop_table("tombstones")
