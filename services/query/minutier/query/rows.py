"""Isolation of tenants in Postgres, for migrations."""

from alembic import op

# As a subquery it is worked out once a statement, and not for each row.
_TENANTS = "(select string_to_array(current_setting('minutier.tenants', true), ','))"
_THEIRS = f"tenant = any({_TENANTS}::text[])"


def protect(table: str) -> None:
    """Show and take rows of ``table`` only for the tenants that the transaction names, even to its owner."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy tenants on {table} using ({_THEIRS}) with check ({_THEIRS})")
