"""What a legal hold covers is deleted by nobody: for migrations, which come after those of retention."""

from alembic import op

# What PostgreSQL says where somebody tries to.
HELD = "MH001"


def guard(table: str, column: str) -> None:
    """Refuse to delete a row of ``table`` whose ``column`` names a recording that is held, whoever asks."""
    op.execute(
        f"create trigger keep_held before delete on {table} "
        f"for each row execute function retention.refuse_held('{column}')"
    )


def unguard(table: str) -> None:
    op.execute(f"drop trigger keep_held on {table}")
