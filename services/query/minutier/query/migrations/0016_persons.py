"""What of query's rows may still hold the words or the name of one person who is erased from a recording.

Retention asks by what attribution has called their segments and voices, and believes nothing else: passages
and layers that name these, minutes that are found and not shown, and facts that tell who was there as before.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

# Row-level security is for this function too: it finds what is of the tenants that its caller names.
_REMAINS = """
    create function remains_of_person(recording uuid, segments text[], speakers text[]) returns bigint
        language sql stable security definer set search_path = query, pg_temp as $$
        with facts as (
            select value as fact from recordings cross join lateral jsonb_each(facts) where id = recording
        )
        select
            (
                select count(*) from passages
                where recording_id = recording and (
                    segment = any(segments)
                    or kind = 2 and not exists (
                        select from facts where fact ->> 'kind' = 'written' and fact ? 'document'
                    )
                )
            ) + (
                select count(*) from layers
                where recording_id = recording and (
                    content -> 'passage' ->> 'segment' = any(segments)
                    or content -> 'voice' ->> 'speaker' = any(speakers)
                    or content -> 'into' ->> 'speaker' = any(speakers)
                    or kind = 'undo' and not exists (
                        select from layers as undone
                        where undone.recording_id = recording
                            and undone.id = (layers.content ->> 'of')::uuid
                    )
                )
            ) + (
                select count(*) from recordings
                where id = recording and (
                    not exists (select from facts where fact ->> 'kind' = 'erasing')
                    or exists (
                        select from facts
                        where fact ->> 'kind' in ('announced', 'described')
                            and fact ?| array['title', 'names', 'people', 'by_default']
                    )
                )
            )
    $$
"""


def upgrade() -> None:
    op.execute(_REMAINS)
    op.execute("revoke all on function remains_of_person(uuid, text[], text[]) from public")
    op.execute("grant execute on function remains_of_person(uuid, text[], text[]) to retention")


def downgrade() -> None:
    op.execute("drop function remains_of_person(uuid, text[], text[])")
