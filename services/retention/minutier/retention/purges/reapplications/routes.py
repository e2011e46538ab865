"""Destroying again what a restore has brought back, for compliance staff."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from minutier.retention.asked import Asked
from minutier.retention.audit.domain import Action, Deed, Thing
from minutier.retention.desk import Desk, Desks
from minutier.retention.officers import officer
from minutier.retention.purges.ports import Stock
from minutier.retention.purges.reapplications.reapply import MOST_RECORDS, reapply
from minutier.schemas.clock import now
from minutier.schemas.records import SignedRecord
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import Refusal, described
from minutier.shared.proofs.issue import content
from minutier.shared.proofs.signing import PublicKey, Purpose

# As many have room in a body, unless they name very many objects.
_MOST_GIVEN = 20


class ReapplyAsked(Asked):
    """Records of an exported log, or else a part of the log that the database has, from ``after`` on."""

    records: list[SignedRecord] | None = Field(None, min_length=1, max_length=_MOST_GIVEN)
    after: int = Field(0, ge=0, le=2**53 - 1, description="how many entries were looked at before")


class ReappliedShown(BaseModel):
    """Of ``read`` records something has come back of so many recordings, for which there is a purge.

    ``next`` is what to give as ``after`` for the entries that follow.
    """

    read: int
    recordings: int
    purge: UUID | None
    next: int | None


def router(*, gate: Gate, desks: Desks, stock: Stock, key: PublicKey | None) -> APIRouter:
    api = APIRouter(prefix="/api/v1/reapplications", tags=["purges"], responses=described(401, 403, 422))
    asking: Any = officer(gate, costly=True)

    @api.post("", responses=described(400, 409, 413))
    async def reapply_one(asked: ReapplyAsked, person: Person = asking) -> ReappliedShown:
        """Destroy again what the records say was destroyed; nothing that a hold covers."""
        async with desks.of(person.tenant) as desk:
            if asked.records is None:
                kept = await desk.records.batch(asked.after, MOST_RECORDS)
                entries = [SignedRecord.model_validate_json(each.entry) for each in kept]
                following = asked.after + len(kept) if len(kept) == MOST_RECORDS else None
            else:
                entries, following = asked.records, None
            _check(entries, person.tenant, key)
            return await _reapplied(entries, following, person, desk, stock)

    return api


async def _reapplied(
    entries: Sequence[SignedRecord], following: int | None, person: Person, desk: Desk, stock: Stock
) -> ReappliedShown:
    records = [entry.record for entry in entries]
    found = await reapply(records, by=person.id, at=now(), purges=desk.purges, stock=stock, shelf=desk.shelf)
    if found.purge is not None:
        deed = Deed(
            person.id,
            Action.PURGE_REAPPLIED,
            {Thing.PURGE: found.purge.id},
            {"recordings": found.recordings},
        )
        written = (await desk.audit.write(deed)).hash
        await desk.purges.keep(replace(found.purge, proposal=written, approval=written))
    return ReappliedShown(
        read=len(entries),
        recordings=found.recordings,
        purge=found.purge and found.purge.id,
        next=following,
    )


def _check(entries: Sequence[SignedRecord], tenant: str, key: PublicKey | None) -> None:
    """Nobody has something destroyed by a record that this service did not sign for this organisation."""
    if key is None:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "Without a key this service can neither know its records nor sign new ones. Have the operator "
            "name one in MINUTIER_RETENTION_SIGNING_KEY.",
            "no_signing_key",
        )
    for entry in entries:
        record = entry.record
        if record.tenant != tenant or not key.signed(Purpose.RECORD, content(record), entry.signature):
            raise Refusal(
                HTTPStatus.CONFLICT,
                f"Record {record.id} was not signed by this service for your organisation. Nothing was done.",
                "not_ours",
            )
