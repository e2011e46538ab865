"""What matters today, what is in force, and what stands against it."""

from collections.abc import Sequence
from dataclasses import dataclass

from minutier.retention.audit.watch import Finding
from minutier.retention.holds.ports import Standing
from minutier.retention.pages.views.erasures import Waiting
from minutier.retention.pages.views.policies import Row, in_force
from minutier.retention.policies.domain import Tenant
from minutier.retention.purges.domain import State
from minutier.retention.purges.shown import PurgeShown


@dataclass(frozen=True)
class Overview:
    """``due`` counts recordings; ``broken`` says that a log is not what was written.

    ``requests`` are persons' that are to be answered.
    """

    public_body: bool
    policies: tuple[Row, ...]
    standing: tuple[Standing, ...]
    due: int
    to_approve: tuple[PurgeShown, ...]
    under_way: tuple[PurgeShown, ...]
    requests: tuple[Waiting, ...]
    integrity: Finding | None
    broken: bool


def overview(
    tenant: Tenant,
    holds: Sequence[Standing],
    purges: Sequence[PurgeShown],
    *,
    requests: tuple[Waiting, ...],
    due: int,
    integrity: Finding | None,
) -> Overview:
    """``purges`` are those that have not come to their end."""
    return Overview(
        public_body=tenant.public_body,
        policies=in_force(tenant),
        standing=tuple(each for each in holds if each.hold.release is None),
        due=due,
        to_approve=tuple(each for each in purges if each.state is State.PREVIEWED),
        under_way=tuple(each for each in purges if each.state is not State.PREVIEWED),
        requests=requests,
        integrity=integrity,
        broken=integrity is not None and not sound(integrity),
    )


def sound(finding: Finding) -> bool:
    """Whether the logs are what was written, as far as can be told."""
    changed = bool(finding.accesses and finding.accesses.changed)
    disposals = finding.disposals is None or finding.disposals.state.sound
    return finding.integrity.state.sound and disposals and not changed
