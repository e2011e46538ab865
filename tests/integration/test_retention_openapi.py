"""The API of retention against the document that describes it, with generated requests of everybody."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from psycopg import AsyncConnection
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from minutier.compose.embedded import System
from tests.support.erasures import documents
from tests.support.query_people import showing
from tests.support.retention_api import House

# Cases are made of the document before there is a system; each of their requests has a loop of its own, and
# no connection outlives one.
_where: list[str] = []


async def _connect() -> AsyncConnection[Any]:
    return await AsyncConnection.connect(_where[-1])


house = House(create_async_engine("postgresql+psycopg://", async_creator=_connect, poolclass=NullPool))
schema = schemathesis.openapi.from_asgi("/openapi.json", house.app)


@pytest.fixture(scope="module", autouse=True)
def where(system: System) -> None:
    _where.append(system.database_url("retention").replace("+psycopg", ""))


@pytest.fixture(scope="module")
async def known(where: None) -> dict[str, str]:
    """A recording, a hold, a policy, a purge, a request and a record, by what their paths begin with."""
    recording, other = str(await house.take_in()), str(await house.take_in())
    async with house.asking() as http:
        new = {"matter": "2026-117", "reason": "Asked for.", "recordings": [recording]}
        hold = (await http.post("/api/v1/holds", json=new)).json()["id"]
        (default,) = (await http.get("/api/v1/policies")).json()["items"]
        new = {"cause": "list", "reason": "A test.", "legal_basis": "Consent.", "recordings": [other]}
        (purge,) = (await http.post("/api/v1/purges", json=new)).json()["items"]
        new = {"recording_id": recording, "reference": "2026-31", "received_on": "2026-01-31"}
        erasure = (await http.post("/api/v1/erasures", json=new)).json()["id"]
    await house.put(UUID(recording), documents())
    (record,) = await house.destroy(0)
    return {
        "recordings": recording,
        "holds": hold,
        "policies": default["id"],
        "purges": purge["id"],
        "erasures": erasure,
        "records": str(record),
    }


@schema.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: Case[Any]) -> None:
    for person in (house.officer, house.reader):
        response = case.call(headers=showing(person))
        # What contradicts itself, such as a file that is closed tomorrow, no document can tell.
        excluded: list[Any] = [positive_data_acceptance]
        if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            # It was refused before anybody has looked at it.
            excluded.append(negative_data_rejection)
        case.validate_response(response, excluded_checks=excluded)


@schema.include(path_regex="{id}").parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_about_what_there_is_is_described(case: Case[Any], known: dict[str, str]) -> None:
    case.path_parameters["id"] = known[case.path.split("/")[3]]
    # What was wrong with the request may have been the path that is replaced.
    case.call_and_validate(
        headers=showing(house.officer), excluded_checks=[negative_data_rejection, positive_data_acceptance]
    )
