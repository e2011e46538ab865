"""What the operator asks of ingestion."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from minutier.ingestion.access import Access
from minutier.ingestion.reconcile import Reconciliation


class Reconciled(BaseModel):
    """What a comparison of the buckets with the register has shown."""

    seen: int = Field(description="objects that were looked at")
    announced: list[UUID] = Field(description="recordings that nobody had announced")
    missing: list[UUID] = Field(description="recordings that were begun and have not come")
    unreadable: list[str] = Field(description="buckets of tenants that are not there")
    dry_run: bool = Field(description="whether nothing was changed")


def router(access: Access, reconcile: Callable[[bool], Awaitable[Reconciliation]]) -> APIRouter:
    routes = APIRouter(tags=["operations"], dependencies=[Depends(access.operator)])

    @routes.post("/reconcile")
    async def run(
        dry_run: Annotated[bool, Query(description="tell what would be done, and do nothing")] = False,
    ) -> Reconciled:
        """Announce what lies in the tenants' buckets unannounced, and give up what has not come."""
        found = await reconcile(dry_run)
        return Reconciled(
            seen=found.seen,
            announced=list(found.announced),
            missing=list(found.missing),
            unreadable=list(found.unreadable),
            dry_run=dry_run,
        )

    return routes
