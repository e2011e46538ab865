"""The use case: once policies have changed, every schedule follows, batch by batch.

Which recordings are behind is told by their rows: after a kill, or beside another replica, it just goes on.
"""

from collections.abc import Mapping

from minutier.retention.policies.domain import Kind, default_id, default_policy
from minutier.retention.policies.ports import Register, Registers
from minutier.retention.policies.reschedule import reschedule
from minutier.retention.policies.set_policy import set_policy

# By as many policies as there may be, a batch keeps the event loop for some tenths of a second.
_BATCH = 50


async def follow_settings(register: Register, periods: Mapping[Kind, int]) -> None:
    """Have the default be as the settings say, unless somebody has set it."""
    await register.tenant(locked=True)
    (last, *_) = await register.versions(default_id(register.name))
    wanted = default_policy(register.name, periods, version=last.policy.version + 1)
    if last.set_by is None and last.policy.rules != wanted.rules:
        await set_policy(wanted, set_by=None, register=register)


async def recompute_batch(register: Register, *, limit: int = _BATCH) -> int:
    """How many recordings were behind, and are no more; in the register's transaction."""
    recordings = await register.behind(limit=limit)
    await reschedule(register, recordings)
    return len(recordings)


class Recompute:
    """Of several tenants each has a batch in turn."""

    def __init__(self, registers: Registers, *, periods: Mapping[Kind, int]) -> None:
        self._registers = registers
        self._periods = periods
        self._followed = False

    async def follow(self) -> None:
        """The settings, once; and then policies. Raises what the database raises."""
        await self._follow_settings()
        await self.catch_up()

    async def catch_up(self) -> None:
        """Until none is behind, but those that somebody else has locked. Raises what the database raises."""
        done = 1
        while done:
            done = 0
            for tenant in await self._registers.behind():
                async with self._registers.of(tenant) as register:
                    done += await recompute_batch(register)

    async def _follow_settings(self) -> None:
        if self._followed:
            return
        for tenant in await self._registers.tenants():
            async with self._registers.of(tenant) as register:
                await follow_settings(register, self._periods)
        self._followed = True
