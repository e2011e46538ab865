"""Of searches that have shown a purged recording neither its number nor what was looked for is left.

What was looked for may be its words. That somebody was shown the others stays, as a row of its own; while a
hold covers one of them, with all that there was.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

_ERASE = """
    create or replace function erase_accesses(of_recording uuid) returns bigint
        language plpgsql volatile security definer set search_path = query, pg_temp as $$
    declare
        gone bigint;
        also bigint;
    begin
        if not retention.is_ordered(of_recording, 'access_log') then
            raise exception 'no purge of the access log of this recording was ordered';
        end if;
        delete from access_log where recording_id = of_recording;
        get diagnostics gone = row_count;
        with searches as (
            delete from access_log
            where recording_id is null and detail -> 'recordings' ? of_recording::text
            returning tenant, person_id, person_name, action, detail, at
        )
        insert into access_log (tenant, person_id, person_name, action, detail, at)
        select
            tenant, person_id, person_name, action,
            case when exists (
                select from jsonb_array_elements_text(others) as other where retention.is_held(other::uuid)
            ) then detail else detail - 'query' end || jsonb_build_object('recordings', others),
            at
        from searches cross join lateral (
            select (detail -> 'recordings') - of_recording::text as others
        ) as shown
        where jsonb_array_length(others) > 0;
        get diagnostics also = row_count;
        return gone + also;
    end $$
"""


def upgrade() -> None:
    op.execute(
        "create index access_log_searches on access_log using gin ((detail -> 'recordings')) "
        "where recording_id is null"
    )
    op.execute(_ERASE)


def downgrade() -> None:
    """The function of before knows nothing of searches, and is what this one is without them."""
    op.drop_index("access_log_searches", "access_log")
