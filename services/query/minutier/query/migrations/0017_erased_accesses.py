"""Of what went from the access log with a purge a digest is left, and the number of the recording.

So that retention can still tell that the rest is what it was, and that nothing went but with a purge. There
is a secret in a digest that goes with the row: who read what can be neither told from it nor guessed.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from minutier.shared.remains import OUTLIVES, say
from minutier.shared.rows import protect

revision = "0017"
down_revision = "0016"

_NUMBERS = {"erased_accesses.of_recordings": OUTLIVES + "whose access log was destroyed, beside digests"}
_PROVE = "prove_accesses(text, bigint, bigint, integer)"
_ERASED = "accesses_erased(text, bigint, bigint)"

# A row may come after one with a higher id, by as long as a transaction lasts after it wrote.
_SETTLED = "interval '3 minutes'"

# What a row says of whom, and of which recordings it is: one without the other can be kept.
_DIGESTS = """
    create function digest_access(read access_log) returns bytea language sql immutable
        return sha256(convert_to(jsonb_build_array(
            read.salt, read.person_id, read.person_name, read.action, read.detail,
            to_char(read.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
        )::text, 'UTF8'));

    create function recordings_of(read access_log) returns uuid[] language sql immutable
        return case when read.recording_id is not null then array[read.recording_id] else array(
            select shown::uuid from jsonb_array_elements_text(
                case when jsonb_typeof(read.detail -> 'recordings') = 'array'
                    then read.detail -> 'recordings' else '[]' end
            ) as shown
            where pg_input_is_valid(shown, 'uuid')
        ) end;

    create function link_access(id bigint, tenant text, of_recordings uuid[], digest bytea)
        returns bytea language sql immutable
        return sha256(convert_to(jsonb_build_array(id, tenant, of_recordings)::text, 'UTF8') || digest);
"""

# Row-level security is for these too: they find what is of the tenants that their caller names.
_READ = f"""
    create function prove_accesses(
        of_tenant text, after_id bigint, through_id bigint, most integer,
        out rows bigint, out last_id bigint, out digest text, out erased bigint
    ) language sql stable security definer set search_path = query, pg_temp as $$
        with known as (
            select id, link_access(id, tenant, recordings_of(read), digest_access(read)) as hash
            from access_log as read
            where tenant = of_tenant and id > after_id
                and case when through_id is null
                    then id < coalesce(
                        (
                            select min(id) from access_log
                            where tenant = of_tenant and id > after_id
                                and greatest(at, added_at) > now() - {_SETTLED}
                        ),
                        9223372036854775807
                    )
                    else id <= through_id
                end
            order by id limit most
        ),
        every as (
            select id, hash, 0 as gone from known
            union all
            select id, link_access(id, tenant, of_recordings, digest), 1 from erased_accesses
            where tenant = of_tenant and id > after_id
                and id <= coalesce(through_id, (select max(id) from known))
        )
        select
            count(*),
            coalesce(max(id), after_id),
            encode(sha256(coalesce(string_agg(hash, ''::bytea order by id), ''::bytea)), 'hex'),
            coalesce(sum(gone), 0)
        from every
    $$;

    create function accesses_erased(of_tenant text, after_id bigint, through_id bigint)
        returns table (recordings uuid[], rows bigint)
        language sql stable security definer set search_path = query, pg_temp as $$
        select of_recordings, count(*) from erased_accesses
        where tenant = of_tenant and id > after_id and id <= through_id
        group by of_recordings
    $$;
"""

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
        with reads as (
            delete from access_log as read where recording_id = of_recording
            returning id, tenant, recordings_of(read) as of_recordings, digest_access(read) as digest
        )
        insert into erased_accesses select * from reads;
        get diagnostics gone = row_count;
        with searches as (
            delete from access_log as read
            where recording_id is null and detail -> 'recordings' ? of_recording::text
            returning
                id, tenant, person_id, person_name, action, detail, at,
                recordings_of(read) as of_recordings, digest_access(read) as digest
        ),
        kept as (
            insert into erased_accesses select id, tenant, of_recordings, digest from searches
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
    op.add_column(
        "access_log",
        sa.Column("salt", sa.Uuid, nullable=False, server_default=sa.text("gen_random_uuid()")),
    )
    # Not when its transaction began, as of what is read; and of what takes another's place it is not told.
    op.add_column(
        "access_log",
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.clock_timestamp(),
        ),
    )
    op.create_table(
        "erased_accesses",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("of_recordings", ARRAY(sa.Uuid), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_index("erased_accesses_tenant", "erased_accesses", ["tenant", "id"])
    protect("erased_accesses")
    say(_NUMBERS)
    op.execute(_DIGESTS)
    op.execute(_READ)
    for function in (_PROVE, _ERASED):
        op.execute(f"revoke all on function {function} from public")
        op.execute(f"grant execute on function {function} to retention")
    op.execute(_ERASE)


def downgrade() -> None:
    """What was erased since is then told to be gone, as what had been before."""
    raise NotImplementedError("the digests of what was destroyed cannot be made again")
