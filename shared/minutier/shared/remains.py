"""What there is of a recording in a service's tables, told by the catalogue of the database itself.

A column that names recordings says in its comment with which kind of a recording its rows are destroyed.
Retention counts by these alone, and no service has a say in it: ``remains(ids)`` of each schema gives a row
for each recording, column and kind, with the number of rows and their bytes. A column ``recording_id`` that
says nothing is counted as well, without a kind; a test finds it.
"""

from collections.abc import Mapping

from alembic import op

# What a comment begins with, and what stands between its parts.
DISPOSED = "disposed with "
OUTLIVES = "outlives the recording: "
WHOLE = "the whole"

# The tables of every service: they name recordings until nothing is left of one.
# What tells of the purge itself stays.
DELIVERY = {
    "inbox.recording_id": f"{WHOLE} where consumer not like '%-purge-%'",
    "outbox.recording_id": f"{WHOLE} where subject not like 'minutier.purge.%'",
    "tombstones.recording_id": OUTLIVES + "a number, so that nothing of it comes back",
}
CANCELLATIONS = {"cancellations.recording_id": WHOLE}
ERASURES = {"erasures.recording_id": WHOLE}

_FUNCTION = """
    create function remains(ids uuid[])
        returns table (recording_id uuid, place text, kind text, held_rows bigint, held_bytes bigint)
        language plpgsql volatile security definer set search_path = {schema}, pg_temp as $$
    declare
        named record;
        part text;
    begin
        for named in
            select relname, attname, col_description(pg_class.oid, attnum) as said
            from pg_class join pg_attribute on attrelid = pg_class.oid
            where relnamespace = '{schema}'::regnamespace and relkind in ('r', 'p')
                and atttypid = 'uuid'::regtype and not attisdropped
        loop
            continue when named.said like '{outlives}%';
            continue when named.said is null and named.attname <> 'recording_id';
            foreach part in array string_to_array(coalesce(named.said, ''), '; ') loop
                part := substr(part, {prefix} + 1);
                return query execute format(
                    'select %1$I, %2$L, %3$L, count(*), sum(pg_column_size(t.*))::bigint from %4$I as t
                        where %1$I = any($1) and (%5$s) group by %1$I',
                    named.attname, named.relname, nullif(split_part(part, ' where ', 1), ''), named.relname,
                    coalesce(nullif(split_part(part, ' where ', 2), ''), 'true')
                ) using ids;
            end loop;
        end loop;
    end $$
"""


def tell(schema: str, columns: Mapping[str, str]) -> None:
    """For a migration: make the function, and `say` with what rows are destroyed."""
    say(columns)
    op.execute(_FUNCTION.format(schema=schema, outlives=OUTLIVES, prefix=len(DISPOSED)))
    op.execute("revoke execute on function remains(uuid[]) from public")
    op.execute(f"grant usage on schema {schema} to retention")
    op.execute("grant execute on function remains(uuid[]) to retention")


def say(columns: Mapping[str, str]) -> None:
    """For a migration: say with what the rows of ``table.column`` are destroyed.

    That is a kind, or `WHOLE`, with ``where`` and a condition if not for every row; several are apart by
    ``; ``. What begins with `OUTLIVES` is never counted.
    """
    for column, kinds in columns.items():
        said = (
            kinds if kinds.startswith(OUTLIVES) else "; ".join(DISPOSED + kind for kind in kinds.split("; "))
        )
        quoted = said.replace("'", "''")
        op.execute(f"comment on column {column} is '{quoted}'")


def untell(schema: str, columns: Mapping[str, str]) -> None:
    op.execute("drop function remains(uuid[])")
    for column in columns:
        op.execute(f"comment on column {column} is null")
