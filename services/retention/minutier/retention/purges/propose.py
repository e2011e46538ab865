"""The use case: something is to be destroyed, since its time is over or somebody wants it to be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from minutier.retention.holds.domain import Search
from minutier.retention.policies.domain import Disposition, Kind
from minutier.retention.policies.ports import Register
from minutier.retention.purges.domain import BASIS_CHARACTERS, MOST_ITEMS, MOST_LISTED, Purge
from minutier.retention.purges.ports import Purges, Unlistable
from minutier.schemas.records import Cause


@dataclass(frozen=True)
class Wish:
    """Why, and by which right, somebody wants something destroyed; ``by`` whom, and when that was."""

    reason: str
    legal_basis: str
    kinds: frozenset[Kind]
    by: str
    at: datetime


@dataclass(frozen=True)
class NothingFound:
    """There is nothing to destroy; nothing was proposed."""


async def propose_list(
    wish: Wish, recordings: Collection[UUID], *, register: Register, purges: Purges
) -> Purge | Unlistable | NothingFound:
    """For the recordings named; where it gives no `Purge` the transaction is to be rolled back.

    Raises `ValueError` for a list that is empty or too long.
    """
    if not recordings or len(recordings) > MOST_LISTED:
        raise ValueError(f"list 1 to {MOST_LISTED} recordings, or give a search")
    purge = await _begun(wish, Cause.LIST, register=register)
    await purges.add(purge)
    return await purges.candidates.put(purge, recordings, wish.kinds) or purge


async def propose_search(
    wish: Wish, search: Search, *, register: Register, purges: Purges
) -> Purge | NothingFound:
    """For what a search finds, `MOST_ITEMS` at most; what is unknown of a recording speaks against it."""
    purge = replace(await _begun(wish, Cause.QUERY, register=register), search=search)
    await purges.add(purge)
    found = await purges.candidates.put_found(purge, wish.kinds, limit=MOST_ITEMS)
    return purge if found else NothingFound()


async def propose_expired(by: str, at: datetime, *, register: Register, purges: Purges) -> Sequence[Purge]:
    """For all that is due and not held: a purge for each version of a policy, of `MOST_ITEMS` at most."""
    tenant = await register.tenant()
    proposed = []
    for policy_id, version in await purges.candidates.due_policies(at):
        policy = await register.version(policy_id, version)
        assert policy is not None, "a schedule names the version that decides"
        purge = Purge(
            id=uuid4(),
            tenant=register.name,
            cause=Cause.EXPIRY,
            legal_basis=_one_line(policy.legal_basis),
            reason=policy.name,
            needs_visa=tenant.disposition(policy) is Disposition.PROPOSE,
            proposed_by=by,
            proposed_at=at,
        )
        await purges.add(purge)
        if await purges.candidates.put_due(purge, (policy_id, version), at, limit=MOST_ITEMS):
            proposed.append(purge)
    return proposed


async def _begun(wish: Wish, cause: Cause, *, register: Register) -> Purge:
    if not wish.kinds:
        raise ValueError("say which kinds are to be destroyed")
    return Purge(
        id=uuid4(),
        tenant=register.name,
        cause=cause,
        legal_basis=wish.legal_basis,
        reason=wish.reason,
        needs_visa=(await register.tenant()).public_body,
        proposed_by=wish.by,
        proposed_at=wish.at,
    )


def _one_line(text: str) -> str:
    """A policy's legal basis may have several lines."""
    return " ".join(text.split())[:BASIS_CHARACTERS]
