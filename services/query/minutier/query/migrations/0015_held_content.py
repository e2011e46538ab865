"""What a legal hold covers is neither made another recording's nor said to be something else."""

from alembic import op

from minutier.shared.held import guard_content, unguard_content
from minutier.shared.identity.domain import UNKNOWN_TENANT

revision = "0015"
down_revision = "0014"

# Whose a recording is may be told later than that there is one.
_TAKEN_AWAY = f"old.tenant <> '{UNKNOWN_TENANT}' and old.tenant <> new.tenant"
_TABLES = ("register", "recordings", "layers", "access_log", "searched", "passages")

_LOSES = """
    create function loses_facts(old jsonb, new jsonb) returns boolean language sql immutable
        return exists (select jsonb_object_keys(old) except select jsonb_object_keys(new))
"""


def upgrade() -> None:
    op.execute(_LOSES)
    guard_content("register", "id", lost=_TAKEN_AWAY)
    guard_content(
        "recordings", "id", "destroyed", lost=f"{_TAKEN_AWAY} or query.loses_facts(old.facts, new.facts)"
    )
    guard_content("layers", "recording_id", "id", "tenant", "at", "kind", "content")
    guard_content(
        "access_log", "recording_id", "id", "tenant", "person_id", "person_name", "action", "detail", "at"
    )
    guard_content("searched", "recording_id", "tenant")
    guard_content(
        "passages",
        "recording_id",
        "tenant",
        "kind",
        "number",
        "segment",
        "speaker",
        "text",
        "clock",
        "lexemes",
    )


def downgrade() -> None:
    for table in _TABLES:
        unguard_content(table)
    op.execute("drop function loses_facts(jsonb, jsonb)")
