"""Policies in versions, what is known of recordings, and the schedules that follow; tenants apart.

What had been written down becomes versions of each tenant's default, facts and schedules. Where a recording
came from was not kept. Its schedule is made anew when the service starts, since its revision is behind.
"""

import json
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from minutier.shared.rows import protect

revision = "0002"
down_revision = "0001"

_DEFAULTS = UUID("4d5c3c39-1f0e-5b0e-8a55-0d1f1b6a7c02")
_MOMENT = sa.DateTime(timezone=True)
# What an earlier version knew nothing of.
_ACCESS_LOG_DAYS = 365

_BEFORE = sa.text("""
    select distinct tenant, policies.id, media_days, transcript_days, minutes_days, created_at
    from old_policies as policies join old_expiries as expiries on policy_id = policies.id
    order by tenant, created_at, policies.id
""")
_ADD_TENANT = sa.text(
    "insert into tenants (tenant, public_body, revision) values (:tenant, false, 1) on conflict do nothing"
)
_ADD_POLICY = sa.text("""
    insert into policies (tenant, id, version, name, legal_basis, disposition, rules, withdrawn, set_at)
    values (
        :tenant, :id, :version, 'Default', 'GDPR, article 5(1)(e)', 'destroy', cast(:rules as jsonb), false,
        :set_at
    )
""")
# In hours, since a day of the calendar has 23 or 25 of them where the server's time zone changes its clocks.
_ADD_RECORDINGS = sa.text("""
    insert into recordings (id, tenant, labels, kinds, ingested_at, revision)
    select
        recording_id,
        min(tenant),
        '{}',
        array_agg(kind::text order by kind) || array['access_log'],
        min(expires_at - make_interval(hours => 24 * case kind
            when 'media' then media_days
            when 'transcript' then transcript_days
            else minutes_days
        end)),
        0
    from old_expiries join old_policies on old_policies.id = policy_id
    group by recording_id
""")
_ADD_SCHEDULES = sa.text("""
    insert into schedules (recording_id, kind, tenant, policy_id, policy_version, restricted_at, due_at)
    select recording_id, kind, tenant, :id, :version, expires_at, expires_at
    from old_expiries where tenant = :tenant and policy_id = :old_id
""")


def upgrade() -> None:
    op.rename_table("policies", "old_policies")
    op.rename_table("expiries", "old_expiries")
    for table in ("policies", "expiries"):
        op.execute(f"alter index {table}_pkey rename to old_{table}_pkey")
    op.drop_index("expiries_due", "old_expiries")
    op.create_table(
        "tenants",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("public_body", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "policies",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("source", sa.String),
        sa.Column("record_class", sa.String),
        sa.Column("label", sa.String),
        sa.Column("legal_basis", sa.String, nullable=False),
        sa.Column("disposition", sa.String, nullable=False),
        sa.Column("rules", JSONB, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("set_by", sa.String),
        sa.Column("set_at", _MOMENT, nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("source", sa.String),
        sa.Column("record_class", sa.String),
        sa.Column("labels", ARRAY(sa.String), nullable=False),
        sa.Column("met_at", _MOMENT),
        sa.Column("ingested_at", _MOMENT),
        sa.Column("closed_at", _MOMENT),
        sa.Column("kinds", ARRAY(sa.String), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    # Pages go by id, and what is behind by revision.
    op.create_index("recordings_pages", "recordings", ["tenant", "id"])
    op.create_index("recordings_behind", "recordings", ["tenant", "revision", "id"])
    op.create_table(
        "schedules",
        sa.Column("recording_id", sa.Uuid, sa.ForeignKey("recordings.id", ondelete="cascade")),
        sa.Column("kind", sa.String),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("policy_id", sa.Uuid, nullable=False),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("restricted_at", _MOMENT),
        sa.Column("due_at", _MOMENT),
        sa.PrimaryKeyConstraint("recording_id", "kind"),
        sa.ForeignKeyConstraint(
            ["tenant", "policy_id", "policy_version"], ["policies.tenant", "policies.id", "policies.version"]
        ),
    )
    op.create_index("schedules_due", "schedules", ["tenant", "due_at", "recording_id", "kind"])
    _carry_over()
    op.drop_table("old_expiries")
    op.drop_table("old_policies")
    for table in ("tenants", "policies", "recordings", "schedules"):
        protect(table)
    # Which tenants there are is read before a transaction can say for whom it works.
    op.execute("create policy seen on tenants for select using (true)")


def downgrade() -> None:
    """What was written down since is not carried back: two policies may decide about one recording."""
    for table in ("schedules", "recordings", "policies", "tenants"):
        op.drop_table(table)
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("media_days", sa.Integer, nullable=False),
        sa.Column("transcript_days", sa.Integer, nullable=False),
        sa.Column("minutes_days", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "expiries",
        sa.Column("recording_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("policy_id", sa.Uuid, sa.ForeignKey("policies.id"), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
    )
    op.create_index("expiries_due", "expiries", ["expires_at"])


def _carry_over() -> None:
    connection = op.get_bind()
    connection.execute(_ADD_RECORDINGS)
    versions: dict[str, int] = {}
    for tenant, old_id, media, transcript, minutes, set_at in connection.execute(_BEFORE).all():
        versions[tenant] = version = versions.get(tenant, 0) + 1
        days = {"media": media, "transcript": transcript, "minutes": minutes, "access_log": _ACCESS_LOG_DAYS}
        rules = {
            kind: {"clock": "ingestion", "current_days": number, "intermediate_days": 0}
            for kind, number in days.items()
        }
        default = {"tenant": tenant, "id": uuid5(_DEFAULTS, tenant), "version": version}
        connection.execute(_ADD_TENANT, {"tenant": tenant})
        connection.execute(_ADD_POLICY, {**default, "rules": json.dumps(rules), "set_at": set_at})
        connection.execute(_ADD_SCHEDULES, {**default, "old_id": old_id})
