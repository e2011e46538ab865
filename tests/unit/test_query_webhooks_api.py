from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.query_events import Documents
from tests.support.query_fakes import Table, application
from tests.support.query_people import (
    COMPLIANCE,
    OPERATOR,
    OUTSIDER,
    OWNER,
    PARTICIPANT,
    STRANGER,
    showing,
)

HOOKS = "/api/v1/webhooks"
NEW = {"url": "https://receiver.example/hook", "events": ["minutes.ready", "recording.failed"]}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = application(Table(Documents()))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers=showing(OPERATOR)
    ) as client:
        yield client


async def made(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(HOOKS, json={**NEW, **fields})
    assert answer.status_code == 201
    new: dict[str, Any] = answer.json()["webhook"]
    return new


async def test_a_secret_is_shown_when_it_is_made_and_never_again(client: httpx.AsyncClient) -> None:
    answer = await client.post(HOOKS, json=NEW)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["secret"].startswith("whsec_")
    here = f"{HOOKS}/{answer.json()['webhook']['id']}"
    for shown in (await client.get(HOOKS), await client.get(here), await client.patch(here, json={})):
        assert "whsec_" not in shown.text
        assert shown.status_code == 200
    rotated = await client.post(f"{here}/rotate")
    assert rotated.headers["cache-control"] == "no-store"
    assert rotated.json()["secret"].startswith("whsec_")
    assert rotated.json()["secret"] != answer.json()["secret"]


async def test_what_is_left_out_of_a_change_stays(client: httpx.AsyncClient) -> None:
    new = await made(client, description="for the archive")
    here = f"{HOOKS}/{new['id']}"
    changed = (await client.patch(here, json={"events": ["minutes.ready", "minutes.ready"]})).json()
    assert changed == {**new, "events": ["minutes.ready"]}
    changed = (await client.patch(here, json={"description": "", "active": False})).json()
    assert changed == {
        **new,
        "events": ["minutes.ready"],
        "description": "",
        "state": "paused",
        "reason": "asked",
    }
    resumed = (await client.patch(here, json={"active": True})).json()
    assert (resumed["state"], resumed["reason"]) == ("active", None)


async def test_what_is_paused_is_resumed_before_it_is_tried(client: httpx.AsyncClient) -> None:
    here = f"{HOOKS}/{(await made(client))['id']}"
    sent = await client.post(f"{here}/test")
    assert (sent.status_code, sent.json()["event"], sent.json()["state"]) == (202, "webhook.test", "pending")
    again = await client.post(f"{here}/deliveries/{sent.json()['id']}/retry")
    assert (again.status_code, again.json()["id"]) == (202, sent.json()["id"])
    await client.patch(here, json={"active": False})
    for path in ("test", f"deliveries/{sent.json()['id']}/retry"):
        refused = await client.post(f"{here}/{path}")
        assert refused.status_code == 409
        assert "active" in refused.json()["detail"]


async def test_pages_hold_every_delivery_once_newest_first(client: httpx.AsyncClient) -> None:
    here = f"{HOOKS}/{(await made(client))['id']}"
    sent = [(await client.post(f"{here}/test")).json()["id"] for _ in range(5)]
    found: list[str] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = (await client.get(f"{here}/deliveries", params={"limit": 2, **after})).json()
        found += [item["id"] for item in page["items"]]
        after = {"after": page["next"]}
    assert page["next"] is None
    assert found == sent[::-1]
    assert (await client.get(f"{here}/deliveries", params={"state": "failed"})).json()["items"] == []
    assert (await client.get(f"{here}/deliveries", params={"after": "x"})).status_code == 422


async def test_only_operators_manage_webhooks_and_only_their_own(client: httpx.AsyncClient) -> None:
    here = f"{HOOKS}/{(await made(client))['id']}"
    requests = [
        ("GET", HOOKS, None),
        ("POST", HOOKS, NEW),
        ("GET", here, None),
        ("PATCH", here, {"active": False}),
        ("POST", f"{here}/rotate", None),
        ("POST", f"{here}/test", None),
        ("GET", f"{here}/deliveries", None),
        ("POST", f"{here}/deliveries/{uuid4()}/retry", None),
        ("DELETE", here, None),
    ]
    for method, path, body in requests:
        for other in (OWNER, PARTICIPANT, OUTSIDER, COMPLIANCE):
            refused = await client.request(method, path, json=body, headers=showing(other))
            assert (path, refused.status_code) == (path, 403)
    for method, path, body in requests[2:]:
        hidden = await client.request(method, path, json=body, headers=showing(STRANGER))
        assert (hidden.status_code, hidden.json()["detail"]) == (404, "There is no webhook with this id.")
    assert (await client.get(HOOKS, headers=showing(STRANGER))).json() == []
    assert (await client.delete(here)).status_code == 204
    assert (await client.get(here)).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "http://receiver.example/"},
        {"url": "https://127.0.0.1/"},
        {"url": "https://user@receiver.example/"},
        {"url": "receiver.example"},
        {"events": []},
        {"events": ["recording.started"]},
        {"description": "two\nlines"},
    ],
)
async def test_what_cannot_be_told_is_refused(client: httpx.AsyncClient, fields: dict[str, Any]) -> None:
    answer = await client.post(HOOKS, json={**NEW, **fields})
    assert answer.status_code == 422
    assert next(iter(fields)) in answer.json()["detail"]


async def test_a_tenant_has_so_many_webhooks_and_no_more(client: httpx.AsyncClient) -> None:
    for _ in range(10):
        await made(client)
    assert (await client.post(HOOKS, json=NEW)).status_code == 409
