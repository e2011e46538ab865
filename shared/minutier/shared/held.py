"""What a legal hold covers is neither deleted nor changed: for migrations, which come after retention's."""

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


def guard_content(table: str, column: str, *kept: str, lost: str | None = None) -> None:
    """Refuse to change what ``column`` or one of ``kept`` says in a row of a recording that is held.

    ``lost`` is a condition on ``old`` and ``new`` under which something is lost besides. What stays as it was
    asks for no hold.
    """
    changes = [f"old.{name} is distinct from new.{name}" for name in (column, *kept)]
    conditions = " or ".join([*changes, *([f"({lost})"] if lost else [])])
    # The function gives back the old row, which counts for nothing once the new one is there.
    op.execute(
        f"create trigger keep_content after update on {table} for each row "
        f"when ({conditions}) execute function retention.refuse_held('{column}')"
    )


def unguard_content(table: str) -> None:
    op.execute(f"drop trigger keep_content on {table}")
