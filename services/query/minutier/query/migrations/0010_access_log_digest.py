"""Retention can ask how many rows the access log has and what their digest is, and for nothing else of them.

Its audit log then says so, where a row that is changed or removed later shows.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

# A row may come after one with a higher id, by as long as a transaction lasts. None that writes to the access
# log lasts so long: statements and waits between them end by themselves.
_SETTLED = "interval '3 minutes'"

# Row-level security is for this function too: it finds what is of the tenants that its caller names.
_DIGEST = f"""
    create function digest_accesses(
        of_tenant text, after_id bigint, through_id bigint, most integer,
        out rows bigint, out last_id bigint, out digest text
    ) language sql stable security definer set search_path = query, pg_temp as $$
        with hashed as (
            select
                id,
                sha256(convert_to(jsonb_build_array(
                    id, tenant, recording_id, person_id, person_name, action, detail,
                    to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
                )::text, 'UTF8')) as hash
            from access_log
            where tenant = of_tenant
                and id > after_id
                and case when through_id is null
                    then id < coalesce(
                        (
                            select min(id) from access_log
                            where tenant = of_tenant and id > after_id and at > now() - {_SETTLED}
                        ),
                        9223372036854775807
                    )
                    else id <= through_id
                end
            order by id
            limit most
        )
        select
            count(*),
            coalesce(max(id), after_id),
            encode(sha256(coalesce(string_agg(hash, ''::bytea order by id), ''::bytea)), 'hex')
        from hashed
    $$
"""


def upgrade() -> None:
    op.create_index("access_log_tenant", "access_log", ["tenant", "id"])
    op.execute(_DIGEST)
    op.execute("revoke all on function digest_accesses(text, bigint, bigint, integer) from public")
    op.execute("grant execute on function digest_accesses(text, bigint, bigint, integer) to retention")
    op.execute("grant usage on schema query to retention")


def downgrade() -> None:
    op.execute("revoke usage on schema query from retention")
    op.execute("drop function digest_accesses(text, bigint, bigint, integer)")
    op.drop_index("access_log_tenant", "access_log")
