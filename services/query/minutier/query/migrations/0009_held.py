"""What a legal hold covers is not deleted.

Passages are: where words are corrected, others take their place. So whoever deletes all of a recording's is
refused, once it is clear that nothing takes their place.
"""

from alembic import op

from minutier.shared.held import HELD, guard, unguard

revision = "0009"
down_revision = "0008"

_GUARDED = {
    "register": "id",
    "recordings": "id",
    "layers": "recording_id",
    "access_log": "recording_id",
    "searched": "recording_id",
}

_REFUSE = f"""
    create function keep_some_passages() returns trigger language plpgsql as $$
    begin
        if not exists (select from query.passages where recording_id = old.recording_id)
            and retention.is_held(old.recording_id)
        then
            raise exception using errcode = '{HELD}', message = 'a legal hold covers the recording';
        end if;
        return null;
    end $$
"""


def upgrade() -> None:
    for table, column in _GUARDED.items():
        guard(table, column)
    op.execute(_REFUSE)
    op.execute(
        "create constraint trigger keep_held after delete on passages deferrable initially deferred "
        "for each row execute function keep_some_passages()"
    )


def downgrade() -> None:
    unguard("passages")
    op.execute("drop function keep_some_passages()")
    for table in _GUARDED:
        unguard(table)
