"""Ingestion's API against the document that describes it, with generated requests."""

import json
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.routing import Mount

from minutier.ingestion.app import build
from minutier.ingestion.jobs.domain import Job
from minutier.ingestion.signing import sign
from minutier.schemas.events import JobKind
from tests.support import ingestion_api, livekit_events
from tests.support.hand_in import KEY, TENANT
from tests.support.ingestion_api import ACME, EXPIRES, OPERATOR_KEY, RESULTS

BEARER = {"Authorization": f"Bearer {KEY}"}
OPERATOR = {"Authorization": f"Bearer {OPERATOR_KEY}"}
RECORDING = UUID(int=1)
JOBS = [
    Job(UUID(int=number), TENANT, kind, RECORDING, "sub", "http://ingestion", ended=True)
    for number, kind in enumerate(JobKind)
]
# That a file is an events.xml, and that an id can be printed, no document can tell.
FORMS = "/webhooks/(bigbluebutton|jibri)"
CHECKED = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


app = ingestion_api.build(Path(gettempdir()), *JOBS)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.exclude(path_regex=f"{FORMS}|/reconcile").parametrize()
@CHECKED
def test_every_answer_is_described(case: Case[Any]) -> None:
    case.call_and_validate(headers=BEARER)


@schema.include(path_regex="/reconcile").parametrize()
@CHECKED
def test_every_answer_to_the_operator_is_described(case: Case[Any]) -> None:
    # What else is in a query means nothing.
    case.call_and_validate(headers=OPERATOR, excluded_checks=[negative_data_rejection])


@schema.include(path_regex=FORMS).parametrize()
@CHECKED
def test_every_answer_to_an_archive_is_described(case: Case[Any]) -> None:
    case.call_and_validate(headers=BEARER, excluded_checks=[positive_data_acceptance])


@schema.include(path_regex="/webhooks/livekit").parametrize()
@CHECKED
def test_every_answer_to_what_is_signed_is_described(case: Case[Any]) -> None:
    case.body = json.dumps(case.body, default=str).encode()
    case.call_and_validate(
        headers=livekit_events.signed(case.body).headers,
        # The document says that an event is an object, and LiveKit what is in it.
        excluded_checks=[positive_data_acceptance, negative_data_rejection],
    )


@schema.include(path_regex="/uploads/{tenant}").parametrize()
@CHECKED
def test_every_answer_to_an_upload_is_described(case: Case[Any]) -> None:
    path = f"/uploads/{TENANT}/{RECORDING}"
    case.path_parameters = {"tenant": TENANT, "recording_id": str(RECORDING)}
    case.query = dict(parse_qsl(sign(path, key=KEY, expires=EXPIRES, method="PUT")))
    case.call_and_validate(excluded_checks=[negative_data_rejection])


@schema.include(path_regex="{job_id}").parametrize()
@CHECKED
def test_every_answer_about_a_job_is_described(case: Case[Any]) -> None:
    for job in JOBS:
        case.path_parameters = {"job_id": str(job.id)}
        case.query = dict(parse_qsl(urlsplit(RESULTS.url(job, ACME)).query))
        case.call_and_validate(headers=BEARER, excluded_checks=[negative_data_rejection])


def test_these_are_the_endpoints_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql+psycopg://user:password@127.0.0.1/nothing",
        "OBJECTS_ENDPOINT": "127.0.0.1:1",
        "OBJECTS_ACCESS_KEY": "key",
        "OBJECTS_SECRET_KEY": "secret",
        "INGESTION_WORKSPACE": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"MINUTIER_{name}", value)
    pages = [route.app for route in build()._application().routes if isinstance(route, Mount)]
    assert [page.openapi() for page in pages if isinstance(page, FastAPI)] == [app.openapi()]
