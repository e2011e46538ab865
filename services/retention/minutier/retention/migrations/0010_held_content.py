"""What a hold is and covers stays so until it is released, and what is held is made no other recording's."""

from alembic import op

from minutier.shared.held import guard_content, unguard_content

revision = "0010"
down_revision = "0009"

_HOLD = ("id", "tenant", "matter", "reason", "placed_by", "placed_at", "search")

_RELEASED_AS_A_WHOLE = """
    create function release_with_hold() returns trigger
        language plpgsql volatile security definer set search_path = retention, pg_temp as $$
    begin
        if not exists (
            select from holds where id = new.hold_id and tenant = new.tenant and released_at is not null
        ) then
            raise exception using errcode = 'MH001', message = 'the hold is not released';
        end if;
        return null;
    end $$
"""
_STANDS = """
    create function keep_hold() returns trigger language plpgsql as $$
    begin
        raise exception using errcode = 'MH001', message = 'a legal hold changes by being released alone';
    end $$
"""


def upgrade() -> None:
    guard_content("recordings", "id", "tenant")
    guard_content("schedules", "recording_id", "kind", "tenant")
    op.execute(_STANDS)
    op.execute(_RELEASED_AS_A_WHOLE)
    changed = " or ".join(f"old.{name} is distinct from new.{name}" for name in _HOLD)
    op.execute(
        f"create trigger keep_content before update on holds for each row when ({changed} "
        "or old.released_at is not null or new.released_by is null or new.release_reason is null) "
        "execute function keep_hold()"
    )
    op.execute(
        "create trigger keep_content before update on held for each row when "
        "((old.hold_id, old.recording_id, old.tenant) is distinct from "
        "(new.hold_id, new.recording_id, new.tenant) or old.released and not new.released) "
        "execute function keep_hold()"
    )
    op.execute(
        "create trigger release_with_hold after update on held for each row "
        "when (new.released and not old.released) execute function release_with_hold()"
    )


def downgrade() -> None:
    op.execute("drop trigger release_with_hold on held")
    for table in ("held", "holds", "schedules", "recordings"):
        unguard_content(table)
    op.execute("drop function release_with_hold()")
    op.execute("drop function keep_hold()")
