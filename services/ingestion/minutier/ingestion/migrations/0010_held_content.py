"""What a legal hold covers is neither made another recording's nor said to be something else."""

from minutier.shared.held import guard_content, unguard_content

revision = "0010"
down_revision = "0009"

# What was rejected may be settled anew, and an etag that nobody knew be told.
_SETTLED = """
    old.rejected is null
    and (old.rejected, old.announced_at, old.settled_at)
        is distinct from (new.rejected, new.announced_at, new.settled_at)
"""
_KNOWN = "old.etag <> '' and old.etag <> new.etag"
_JOB = ("id", "tenant", "kind", "user_sub", "base_url", "language", "docs", "callback", "created_at")


def upgrade() -> None:
    guard_content("recordings", "id", "tenant", "source", "external_id", lost=_SETTLED)
    guard_content("announced_objects", "recording_id", "tenant", "bucket", "key", "source", lost=_KNOWN)
    guard_content("jobs", "recording_id", *_JOB)


def downgrade() -> None:
    for table in ("recordings", "announced_objects", "jobs"):
        unguard_content(table)
