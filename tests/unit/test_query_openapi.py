"""The API against the document that describes it, with generated requests."""

import asyncio
from typing import Any

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


@pytest.fixture(params=EVERYBODY, ids=lambda person: person.subject)
def headers(request: pytest.FixtureRequest) -> dict[str, str]:
    return showing(request.param)


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: Case[Any], headers: dict[str, str]) -> None:
    # A cursor is opaque: that it is none of the service's no document can tell.
    case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])


@schema.include(path_regex="recordings/{id}").parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_about_a_recording_is_described(case: Case[Any], headers: dict[str, str]) -> None:
    # What was wrong with the request may have been the path that is replaced.
    case.path_parameters["id"] = str(RECORDING)
    case.call_and_validate(headers=headers, excluded_checks=[negative_data_rejection])


@schema.include(path_regex="{speaker}$").parametrize()
@settings(max_examples=30, deadline=None)
def test_a_name_is_taken_as_the_document_describes_it(case: Case[Any]) -> None:
    case.path_parameters |= {"id": str(RECORDING), "speaker": "speaker-1"}
    case.call_and_validate(headers=showing(OWNER), excluded_checks=[negative_data_rejection])


@schema.parametrize()
@settings(max_examples=2, deadline=None)
def test_nobody_is_answered_without_a_token(case: Case[Any]) -> None:
    assert case.call(headers={"Authorization": "Bearer forged"}).status_code == 401
