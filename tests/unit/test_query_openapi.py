"""The API against the document that describes it, with generated requests of everybody."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Table, application
from tests.support.query_people import EVERYBODY, OWNER, showing

documents = Documents()
table = Table(documents)
for event in told.pipeline(documents):
    asyncio.run(table.add(event))
app = application(table)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: Case[Any]) -> None:
    # Making a request up takes longer than answering it; and what is nowhere is so to everybody.
    for person in EVERYBODY if "{id}" not in case.path else (OWNER,):
        # A cursor is opaque: that it is none of the service's no document can tell.
        case.call_and_validate(headers=showing(person), excluded_checks=[positive_data_acceptance])


@schema.include(path_regex="recordings/{id}").parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_about_a_recording_is_described(case: Case[Any]) -> None:
    case.path_parameters["id"] = str(RECORDING)
    for person in EVERYBODY:
        # What was wrong with the request may have been the path that is replaced.
        case.call_and_validate(
            headers=showing(person), excluded_checks=[negative_data_rejection, positive_data_acceptance]
        )


@schema.include(path_regex="{speaker}$").parametrize()
@settings(max_examples=20, deadline=None)
def test_a_name_is_taken_as_the_document_describes_it(case: Case[Any]) -> None:
    case.path_parameters |= {"id": str(RECORDING), "speaker": "speaker-1"}
    case.call_and_validate(headers=showing(OWNER), excluded_checks=[negative_data_rejection])


def operations() -> Iterator[tuple[str, str]]:
    """Every method and path of the document, each parameter with a value."""
    for path, methods in app.openapi()["paths"].items():
        filled = path.replace("{id}", str(RECORDING))
        while "{" in filled:
            before, _, rest = filled.partition("{")
            filled = f"{before}{UUID(int=1)}{rest.partition('}')[2]}"
        yield from ((method, filled) for method in methods)


@pytest.mark.parametrize(("method", "path"), [*operations()])
async def test_nobody_is_answered_without_a_token_or_a_session(method: str, path: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
        for headers in ({}, {"Authorization": "Bearer forged"}, {"Cookie": "minutier=forged"}):
            answer = await http.request(method, path, headers=headers)
            assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True)


@pytest.mark.parametrize("path", [path for method, path in operations() if method == "get"])
async def test_every_answer_says_whether_it_may_be_kept(path: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
        for person in EVERYBODY:
            answer = await http.get(path, headers=showing(person))
            assert answer.headers["cache-control"] in {"no-store", "private, no-store", "private, no-cache"}
