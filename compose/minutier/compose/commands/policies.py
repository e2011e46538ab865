"""Setting how long recordings are kept, as compliance staff."""

import asyncio
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from minutier.compose.commands.options import DataDir, Json, Tenant
from minutier.compose.connection import Connection, find_of
from minutier.compose.failures import WrongUsage
from minutier.compose.terminal import put, write

_PERIOD = re.compile(r"(\d{1,9})(?:\+(\d{1,9}))?(?:@([a-z_-]+))?")
# As many characters as a list of policies shows of an id.
_SHORT_ID = 8
_LISTED = "See 'minutier retention policies'."


class Clock(StrEnum):
    MEETING = "meeting"
    INGESTION = "ingestion"
    FILE_CLOSED = "file_closed"


class Disposition(StrEnum):
    DESTROY = "destroy"
    PROPOSE_TO_ARCHIVES = "propose_to_archives"


@dataclass(frozen=True)
class Period:
    """Days of the current phase and of the intermediate one, by a clock of its own if it has one."""

    current_days: int
    intermediate_days: int
    clock: Clock | None


class Dropped(StrEnum):
    """A policy that says nothing of this kind any more."""

    NONE = "none"


def period(given: str) -> Period | Dropped:
    """Raises `typer.BadParameter`."""
    if given == Dropped.NONE:
        return Dropped.NONE
    match = _PERIOD.fullmatch(given)
    clock = match and match[3] and match[3].replace("-", "_")
    if match is None or (clock and clock not in set(Clock)):
        raise typer.BadParameter(
            "Give days as 120, with those of an intermediate phase as 365+3650, what they count from as "
            f"120@meeting ({', '.join(Clock)}), or 'none' for no rule."
        )
    return Period(int(match[1]), int(match[2] or 0), Clock(clock) if clock else None)


PolicyName = Annotated[
    str, typer.Argument(metavar="POLICY", help="A policy's name or id, or the beginning that is listed.")
]


def _kept(what: str) -> Any:
    return typer.Option(parser=period, metavar="DAYS[+DAYS][@CLOCK]", help=f"How long {what} is kept.")


def _of(what: str) -> Any:
    return typer.Option(f"--{what}", help=f"Recordings of this {what} alone; '' for any.")


def set_policy(
    policy: Annotated[
        str, typer.Argument(metavar="POLICY", help="Its name, or id; what none is called is a new one.")
    ],
    media: Annotated[Any, _kept("sound and picture")] = None,
    transcript: Annotated[Any, _kept("who said what")] = None,
    minutes: Annotated[Any, _kept("a summary")] = None,
    access_log: Annotated[Any, _kept("who read it")] = None,
    clock: Annotated[
        Clock | None, typer.Option(help="What the days count from that are given, or all if none are.")
    ] = None,
    source: Annotated[str | None, _of("source")] = None,
    class_: Annotated[str | None, _of("class")] = None,
    label: Annotated[str | None, _of("label")] = None,
    disposition: Annotated[
        Disposition | None, typer.Option(help="What becomes of things at the end; else they are destroyed.")
    ] = None,
    legal_basis: Annotated[str | None, typer.Option(help="By which right it is so.")] = None,
    rename: Annotated[str | None, typer.Option(metavar="NAME", help="What it is called from now on.")] = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Set a policy, a new one or one that there is, of which stays what is not given."""
    periods = {"media": media, "transcript": transcript, "minutes": minutes, "access_log": access_log}
    given = {kind: found for kind, found in periods.items() if found is not None}
    scope = {"source": source, "record_class": class_, "label": label}
    changes = {"legal_basis": legal_basis, "disposition": disposition, "name": rename}
    asked = _Asked(
        policy,
        given,
        clock,
        {name: value for name, value in scope.items() if value is not None},
        {name: value for name, value in changes.items() if value is not None},
    )
    asyncio.run(_set(find_of(data_dir, tenant, "retention"), tenant, asked, json_))


def withdraw_policy(
    policy: PolicyName, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False
) -> None:
    """Have a policy decide nothing any more; what it was stays to be read."""
    asyncio.run(_withdraw(find_of(data_dir, tenant, "retention"), tenant, policy, json_))


@dataclass(frozen=True)
class _Asked:
    policy: str
    periods: dict[str, Period | Dropped]
    clock: Clock | None
    scope: dict[str, str]
    changes: dict[str, str]

    def of(self, before: dict[str, Any] | None) -> dict[str, Any]:
        """The policy, as the service takes it. Raises `WrongUsage`."""
        from minutier.compose.client import full_id

        if before and not (self.periods or self.clock or self.scope or self.changes):
            raise WrongUsage("Say what is to be otherwise: see 'minutier retention set-policy --help'.")
        if before is None:
            if full_id(self.policy):
                raise WrongUsage(f"There is no policy {self.policy} in force. {_LISTED}")
            if "legal_basis" not in self.changes or not self.periods:
                raise WrongUsage(
                    "There is no such policy yet. For a new one say how long what is kept, such as "
                    "--media 120, and by which right, with --legal-basis."
                )
            before = {"name": self.policy, "disposition": Disposition.DESTROY, "scope": {}, "rules": {}}
        rules = dict(before["rules"])
        for kind, asked in self.periods.items():
            known = rules.pop(kind, {})
            if isinstance(asked, Period):
                clock = asked.clock or self.clock or known.get("clock") or Clock.INGESTION
                days = {"current_days": asked.current_days, "intermediate_days": asked.intermediate_days}
                rules[kind] = {"clock": clock, **days}
        if self.clock and not self.periods:
            rules = {kind: {**rule, "clock": self.clock} for kind, rule in rules.items()}
        scope = {**before["scope"], **{name: value or None for name, value in self.scope.items()}}
        return {
            "name": before["name"],
            "legal_basis": before.get("legal_basis"),
            "disposition": before["disposition"],
            **self.changes,
            "scope": scope,
            "rules": rules,
        }


async def _set(connection: Connection, tenant: str | None, asked: _Asked, json_: bool) -> None:
    from uuid import uuid4

    async with connection.retention(tenant) as service:
        before = _named(await service.policies(), asked.policy)
        version = before["version"] + 1 if before else 1
        found = await service.set_policy(before["id"] if before else str(uuid4()), asked.of(before), version)
    if json_:
        put(found)
    else:
        write(f"Done. Version {found['version']} of the policy {found['id']} is in force.")


async def _withdraw(connection: Connection, tenant: str | None, name: str, json_: bool) -> None:
    async with connection.retention(tenant) as service:
        policy = _named(await service.policies(), name)
        if policy is None:
            raise WrongUsage(f"There is no policy {name} in force. {_LISTED}")
        found = await service.withdraw_policy(policy["id"], policy["version"] + 1)
    if json_:
        put(found)
    else:
        write(f"Done. The policy {found['id']} decides nothing any more.")


def _named(policies: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The one that is called so, or has this id; raises `WrongUsage` where several are."""
    called = [policy for policy in policies if policy["name"] == name]
    if not called and len(name) >= _SHORT_ID:
        called = [policy for policy in policies if policy["id"].startswith(name.lower())]
    if len(called) > 1:
        ids = ", ".join(policy["id"] for policy in called)
        raise WrongUsage(f"{len(called)} policies are called so. Give the id of one: {ids}.")
    return called[0] if called else None
