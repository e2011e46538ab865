"""What is purged: what there is of a recording, and the numbers of those of which there is nothing more.

The service's role only adds to the access log. Of a recording whose purge retention has ordered it may have
all removed, and of no other.
"""

from alembic import op

from minutier.shared import tombstones
from minutier.shared.remains import DELIVERY, WHOLE, tell, untell

revision = "0011"
down_revision = "0010"

_COLUMNS = {
    **DELIVERY,
    "register.id": WHOLE,
    "recordings.id": WHOLE,
    "grants.recording_id": WHOLE,
    "searched.recording_id": WHOLE,
    "queue.recording_id": WHOLE,
    "webhook_deliveries.recording_id": WHOLE,
    "access_log.recording_id": "access_log",
    "layers.recording_id": "transcript",
    "passages.recording_id": f"{WHOLE} where kind = 0; transcript where kind in (1, 3); "
    "minutes where kind = 2",
}

# Row-level security is for this function too: it finds what is of the tenants that its caller names.
_ERASE = """
    create function erase_accesses(of_recording uuid) returns bigint
        language plpgsql volatile security definer set search_path = query, pg_temp as $$
    declare
        gone bigint;
    begin
        if not retention.is_ordered(of_recording, 'access_log') then
            raise exception 'no purge of the access log of this recording was ordered';
        end if;
        delete from access_log where recording_id = of_recording;
        get diagnostics gone = row_count;
        return gone;
    end $$
"""


# What is looked for by recording alone.
_LOOKED_FOR = ("layers", "access_log", "webhook_deliveries")


def upgrade() -> None:
    for table in _LOOKED_FOR:
        op.create_index(f"{table}_purged", table, ["recording_id"])
    tombstones.create_table(op.get_bind())
    tell("query", _COLUMNS)
    op.execute(_ERASE)
    op.execute("revoke all on function erase_accesses(uuid) from public")
    op.execute("grant execute on function erase_accesses(uuid) to query")


def downgrade() -> None:
    op.execute("drop function erase_accesses(uuid)")
    untell("query", _COLUMNS)
    op.drop_table("tombstones")
    for table in _LOOKED_FOR:
        op.drop_index(f"{table}_purged", table)
