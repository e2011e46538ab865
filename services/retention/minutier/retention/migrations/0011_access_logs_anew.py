"""There is an access log as long as there is a recording: when it was destroyed, one begins anew."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# With the whole goes what was read since.
_IS_ORDERED = """
    create or replace function is_ordered(id uuid, kind text) returns boolean
        language sql stable security definer set search_path = retention, pg_temp as $$
        select exists (
            select from purge_items
            where recording_id = id and (kind = any(kinds){whole}) and state = 'ordered'
        )
    $$
"""
# Of those whose access log was destroyed nobody knows when.
_THERE_AGAIN = """
    update recordings set kinds = array_append(kinds, 'access_log'), accesses_since = now(), revision = 0
    where kinds <> '{}' and 'access_log' <> all(kinds)
"""


def upgrade() -> None:
    op.add_column("recordings", sa.Column("accesses_since", sa.DateTime(timezone=True)))
    op.execute("alter table recordings no force row level security")
    op.execute(_THERE_AGAIN)
    op.execute("alter table recordings force row level security")
    op.execute(_IS_ORDERED.format(whole=" or whole"))


def downgrade() -> None:
    op.execute(_IS_ORDERED.format(whole=""))
    op.drop_column("recordings", "accesses_since")
