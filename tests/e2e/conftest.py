"""One running system for all of these tests: loading the models is most of their time."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest

from minutier.compose.embedded import System, running
from minutier.shared.objects import client
from tests.support.receiver import receiving
from tests.support.sources import KEY, TENANT
from tests.support.visio import BUCKET, Visio
from tests.support.visio import TENANT as VISIO


@pytest.fixture(scope="session")
def simulated() -> Iterator[Visio]:
    with receiving() as receiver:
        yield Visio(receiver)


@pytest.fixture(scope="session")
async def system(simulated: Visio) -> AsyncIterator[System]:
    tenants = {VISIO: simulated.tenant, TENANT: {"api_key": KEY}}
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps(tenants),
        "MINUTIER_INGESTION_RECONCILE_GRACE_SECONDS": "0",
        "MINUTIER_INGESTION_RECONCILE_SECONDS": "3600",
        # Most of these recordings have no account to wait for.
        "MINUTIER_INGESTION_METADATA_SECONDS": "1",
        "MINUTIER_DELIVERY_RETRY_SECONDS": "0.2",
        "MINUTIER_RETENTION_GRACE_HOURS": "0",
    }
    async with running(environment=environment) as system:
        await asyncio.to_thread(client(system.objects).make_bucket, BUCKET)
        yield system
