"""The API against the document that describes it, with generated requests."""

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from minutier.query import api
from minutier.query.settings import QuerySettings
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Outbox, Signals, Table

documents = Documents()
table = Table(documents)
for event in told.pipeline(documents):
    asyncio.run(table.add(event))
app = api.build(
    recordings=table,
    documents=documents,
    signals=Signals(),
    transactions=Outbox(),
    settings=QuerySettings(),
)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: Case[Any]) -> None:
    # A cursor is opaque: that it is none of the service's no document can tell.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


@schema.include(path_regex="{id}").parametrize()
@settings(max_examples=5, deadline=None)
def test_every_answer_about_a_recording_is_described(case: Case[Any]) -> None:
    # What was wrong with the request may have been the path that is replaced.
    case.path_parameters["id"] = str(RECORDING)
    case.call_and_validate(excluded_checks=[negative_data_rejection])


@schema.include(path_regex="{speaker}").parametrize()
@settings(max_examples=30, deadline=None)
def test_a_name_is_taken_as_the_document_describes_it(case: Case[Any]) -> None:
    case.path_parameters |= {"id": str(RECORDING), "speaker": "speaker-1"}
    case.call_and_validate(excluded_checks=[negative_data_rejection])
