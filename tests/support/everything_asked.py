"""Requests of every operation that changes something, as somebody sends them who wants it to be done.

A request is about one meeting, as far as its operation is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import httpx

from minutier.shared.identity.domain import Person
from tests.support import bigbluebutton, bucket_events, livekit_events
from tests.support.everything_kept import BUCKET, KEY, Archive, Meeting
from tests.support.query_people import COMPLIANCE, OPERATOR, PARTICIPANT

Sent = dict[str, Any]
# What is sent, and what stands in the path, where that is not the meeting.
Request = Callable[[Archive, Meeting], Awaitable[tuple[dict[str, Any], Sent]]]

# After which whoever waits for a transcript hangs up.
_PATIENCE = 5.0
_KINDS = ("media", "transcript", "minutes", "access_log")
_NOTHING: Mapping[str, Any] = {}
_WHY = {"reason": "It was a test.", "legal_basis": "GDPR, article 17(1)(a)"}
_SHORT = {kind: {"clock": "meeting", "current_days": 1} for kind in _KINDS}
_POLICY = {"name": "Short", "legal_basis": "A law", "version": 1, "rules": _SHORT}
_FORM_OF_POLICY = {
    "name": "Short",
    "legal_basis": "A law",
    "disposition": "destroy",
    "version": "1",
    "do": "set",
    **{f"rules.{kind}.current_days": "1" for kind in _KINDS},
    **{f"rules.{kind}.clock": "meeting" for kind in _KINDS},
}
_EDIT = {"kind": "rename", "speaker": "speaker-1", "name": "Bo"}
_HOOK = {"url": "https://hooks.example.org/", "events": ["transcript.edited"], "description": "a"}
_HOLD = {"matter": "2026-118", "reason": "Asked for as well."}


async def ask(archive: Archive, service: str, operation: str, meeting: Meeting, person: Person) -> int:
    """The status of the answer."""
    method, path = operation.split(" ", 1)
    parts, sent = await REQUESTS[service][operation](archive, meeting)
    address = parts.pop("address", None) or path.format(**{"id": meeting.id, **parts})
    headers = {"Sec-Fetch-Site": "same-origin", **sent.pop("headers", {})}
    if service == "ingestion":
        operator = archive.system.credentials.operator_key
        shown = {"Authorization": f"Bearer {operator if person is OPERATOR else KEY}", **headers}
        client = archive.everything.asking(service, **shown)
    else:
        client = archive.everything.asking(service, person, **headers)
    async with client as http:
        try:
            async with asyncio.timeout(_PATIENCE):
                return (await http.request(method, address, **sent)).status_code
        except TimeoutError:
            return HTTPStatus.GATEWAY_TIMEOUT


def _of(parts: Mapping[str, Any] = _NOTHING, **sent: Any) -> Request:
    """The same whatever it is about."""

    async def request(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
        return dict(parts), dict(sent)

    return request


def _about(make: Callable[[Archive, Meeting], Sent]) -> Request:
    async def request(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
        return {}, make(archive, meeting)

    return request


def _in_bucket(archive: Archive, meeting: Meeting) -> Meeting:
    """It, or a held one that lies in a meeting server's bucket."""
    return meeting if meeting.etag else next(one for one in archive.held if one.etag)


def _livekit(archive: Archive, meeting: Meeting) -> Sent:
    key = _in_bucket(archive, meeting).external_id
    ended = livekit_events.webhook(livekit_events.recorded(key, id="EG_1", bucket=BUCKET))
    return {"content": ended.body, "headers": ended.headers}


def _s3(archive: Archive, meeting: Meeting) -> Sent:
    there = _in_bucket(archive, meeting)
    record = bucket_events.minio_record(BUCKET, there.external_id, eTag=there.etag)
    removed = {**record, "eventName": "s3:ObjectRemoved:Delete"}
    return {"content": bucket_events.notification(record, removed)}


def _bigbluebutton(archive: Archive, meeting: Meeting) -> Sent:
    events = bigbluebutton.document(
        bigbluebutton.joins(1, "w_anna", "Anna"),
        bigbluebutton.records("a.flac", 5, 6),
        bigbluebutton.marks(2, 8),
        bigbluebutton.ends(20),
    )
    files = [("events", ("events.xml", events)), ("audio", ("a.flac", archive.sound))]
    return {"data": {"meeting_id": bigbluebutton.MEETING}, "files": files}


def _jibri(archive: Archive, meeting: Meeting) -> Sent:
    return {"data": {"session": "s1"}, "files": [("recording", ("1.flac", archive.sound))]}


def _speech(archive: Archive, meeting: Meeting) -> Sent:
    return {"files": {"file": ("a.flac", archive.sound)}}


def _transcript_job(archive: Archive, meeting: Meeting) -> Sent:
    key = _in_bucket(archive, meeting).external_id
    url = f"http://{archive.system.objects.endpoint}/{BUCKET}/{key}"
    return {"json": {"user_sub": "owner", "cloud_storage_url": url}}


def _summary_job(archive: Archive, meeting: Meeting) -> Sent:
    return {"json": {"user_sub": "owner", "content": "**Ada**: Good morning.", "language": "en"}}


async def _uploaded(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    address = meeting.address or next(one.address for one in archive.held if one.address)
    return {"address": address}, {"content": archive.sound}


async def _hook(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    async with archive.everything.asking("query", OPERATOR) as http:
        for old in (await http.get("/api/v1/webhooks")).json():
            await http.delete(f"/api/v1/webhooks/{old['id']}")
        hook = (await http.post("/api/v1/webhooks", json=_HOOK)).json()["webhook"]["id"]
        sent = await http.post(f"/api/v1/webhooks/{hook}/test")
        return {"id": hook, "delivery_id": sent.json()["id"]}, {"json": {"description": "b"}}


async def _edit_of_page(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    edit = {**_EDIT, "speaker": "speaker-2"}
    return {}, {"json": edit, "headers": {"If-Match": "*", "Accept": "text/html"}}


async def _decoy(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    """One more hold on what others hold as well, to be released."""
    held = meeting if meeting in archive.held else archive.held[0]
    reason = {"reason": "The matter is closed."}
    return {"id": await archive.hold(held)}, {"json": reason}


async def _decoy_form(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    parts, sent = await _decoy(archive, meeting)
    return parts, {"data": sent["json"]}


async def _policy(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    """Set before, to be withdrawn."""
    policy = uuid4()
    async with archive.everything.asking("retention", COMPLIANCE) as http:
        (await http.put(f"/api/v1/policies/{policy}", json=_POLICY)).raise_for_status()
    return {"id": policy}, {"params": {"version": 2}}


async def _policy_form(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    parts, _ = await _policy(archive, meeting)
    return parts, {"data": {"version": "2"}}


def _new(**sent: Any) -> Request:
    async def request(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
        return {"id": uuid4()}, dict(sent)

    return request


def _purge(archive: Archive, meeting: Meeting) -> Sent:
    listed = {"cause": "list", **_WHY, "kinds": _KINDS, "recordings": [str(meeting.id)]}
    return {"json": listed}


def _purge_form(archive: Archive, meeting: Meeting) -> Sent:
    """By what they have in common."""
    return {"data": {**_WHY, "by": "query", "kinds": list(_KINDS), "search.met_before": "2030-01-01"}}


async def _open_purge(archive: Archive) -> dict[str, Any]:
    """What waits for a decision, if there is something, and else is about the past."""
    async with archive.everything.asking("retention", COMPLIANCE) as http:
        return await open_purge(http) or {"id": UUID(int=1), "inventory": None}


async def open_purge(http: httpx.AsyncClient) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = (await http.get("/api/v1/purges")).json()["items"]
    return next(iter(sorted(found, key=lambda each: each["state"] != "previewed")), None)


async def _approval(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    purge = await _open_purge(archive)
    return purge, {"json": {"inventory": purge["inventory"] or "0" * 64}}


async def _approval_form(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    purge = await _open_purge(archive)
    return purge, {"data": {"inventory": purge["inventory"] or "0" * 64, "do": "approve"}}


async def _withdrawal(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
    return await _open_purge(archive), {}


async def request_of(archive: Archive, meeting: Meeting) -> str:
    """The id of a request to be erased from it, or where it is gone else of none."""
    new = {"recording_id": str(meeting.id), "reference": "2026-31", "received_on": "2026-01-31"}
    async with archive.everything.asking("retention", COMPLIANCE) as http:
        answer = await http.post("/api/v1/erasures", json=new)
    return str(answer.json().get("id", UUID(int=1)))


def _erasing(**sent: Any) -> Request:
    """About a request that was registered before."""

    async def request(archive: Archive, meeting: Meeting) -> tuple[dict[str, Any], Sent]:
        return {"id": await request_of(archive, meeting)}, dict(sent)

    return request


def _registration(archive: Archive, meeting: Meeting) -> dict[str, str]:
    return {"recording_id": str(meeting.id), "reference": "2026-32", "received_on": "2026-01-31"}


def _listed(archive: Archive, meeting: Meeting) -> Sent:
    return {"json": {**_HOLD, "recordings": [str(each.id) for each in archive.held]}}


def _listed_form(archive: Archive, meeting: Meeting) -> Sent:
    return {"data": {**_HOLD, "recordings": " ".join(str(each.id) for each in archive.held)}}


_PERSON = {"email": PARTICIPANT.email}
_GROUP = {"name": "finance"}
_SPEAKER = {"speaker": "speaker-1"}
_READ = {"level": "read"}
_NAMED = {"name": "Cy"}
_WHOSE = {"voices": ["speaker-1"], "overlap": "mute"}
_GROUND = {"ground": "legal_claims", "explanation": "A case is pending."}

REQUESTS: Mapping[str, Mapping[str, Request]] = {
    "ingestion": {
        "POST /webhooks/livekit": _about(_livekit),
        "POST /webhooks/s3": _about(_s3),
        "POST /webhooks/bigbluebutton": _about(_bigbluebutton),
        "POST /webhooks/jibri": _about(_jibri),
        "POST /reconcile": _of(),
        "POST /v1/audio/transcriptions": _about(_speech),
        "POST /audio/transcriptions": _about(_speech),
        "POST /uploads": _about(lambda _, meeting: {"json": {"external_id": meeting.external_id}}),
        "PUT /uploads/{tenant}/{recording_id}": _uploaded,
        "POST /api/v2/async-jobs/transcribe": _about(_transcript_job),
        "POST /api/v2/async-jobs/summarize": _about(_summary_job),
    },
    "query": {
        "POST /sign-out": _of(),
        "POST /preferences": _of(data={"language": "fr"}),
        "POST /api/v1/recordings/{id}/cancel": _of(),
        "POST /api/v1/recordings/{id}/reprocess": _of(json={"stage": "summarisation"}),
        "POST /api/v1/recordings/{id}/edits": _of(json=_EDIT),
        "PUT /api/v1/recordings/{id}/speakers/{speaker}": _of(_SPEAKER, json=_NAMED),
        "POST /api/v1/recordings/{id}/speakers/{speaker}/merge": _of(_SPEAKER, json={"into": "speaker-2"}),
        "PUT /api/v1/recordings/{id}/shares/person/{email}": _of(_PERSON, json=_READ),
        "PUT /api/v1/recordings/{id}/shares/group/{name}": _of(_GROUP, json=_READ),
        "DELETE /api/v1/recordings/{id}/shares/person/{email}": _of(_PERSON),
        "DELETE /api/v1/recordings/{id}/shares/group/{name}": _of(_GROUP),
        "PUT /api/v1/recordings/{id}/owner": _of(json=_PERSON),
        "POST /recordings/{id}/reason": _of(data={"reason": "An inquiry"}),
        "POST /recordings/{id}/edits": _edit_of_page,
        "POST /api/v1/webhooks": _of(json=_HOOK),
        "PATCH /api/v1/webhooks/{id}": _hook,
        "DELETE /api/v1/webhooks/{id}": _hook,
        "POST /api/v1/webhooks/{id}/rotate": _hook,
        "POST /api/v1/webhooks/{id}/test": _hook,
        "POST /api/v1/webhooks/{id}/deliveries/{delivery_id}/retry": _hook,
    },
    "retention": {
        "POST /sign-out": _of(),
        "POST /preferences": _of(data={"language": "fr"}),
        "PUT /api/v1/policies/{id}": _new(json=_POLICY),
        "DELETE /api/v1/policies/{id}": _policy,
        "POST /api/v1/simulations": _of(json={k: v for k, v in _POLICY.items() if k != "version"}),
        "PUT /api/v1/organisation": _of(json={"public_body": False}),
        "PUT /api/v1/recordings/{id}/classification": _of(json={"record_class": "board", "labels": ["a"]}),
        "PUT /api/v1/recordings/{id}/closure": _of(json={"closed_at": "2020-01-01T09:00:00Z"}),
        "DELETE /api/v1/recordings/{id}/closure": _of(),
        "POST /api/v1/holds": _about(_listed),
        "POST /api/v1/holds/{id}/release": _decoy,
        "POST /api/v1/purges": _about(_purge),
        "POST /api/v1/purges/{id}/approval": _approval,
        "POST /api/v1/purges/{id}/withdrawal": _withdrawal,
        "POST /api/v1/reapplications": _of(json={}),
        "POST /api/v1/erasures": _about(lambda *about: {"json": _registration(*about)}),
        "POST /api/v1/erasures/{id}/proposal": _erasing(json=_WHOSE),
        "POST /api/v1/erasures/{id}/refusal": _erasing(json=_GROUND),
        "POST /policies": _of(data={"public_body": "no"}),
        "POST /policies/{id}": _policy_form,
        "POST /policies/{id}/change": _new(data=_FORM_OF_POLICY),
        "POST /holds/new": _about(_listed_form),
        "POST /holds/{id}": _decoy_form,
        "POST /purges": _of(),
        "POST /purges/new": _about(_purge_form),
        "POST /purges/{id}": _approval_form,
        "POST /erasures/new": _about(lambda *about: {"data": _registration(*about)}),
        "POST /erasures/{id}": _erasing(data=_GROUND),
        "POST /erasures/{id}/voices": _erasing(data=_WHOSE),
        "POST /recordings/{id}": _of(data={"do": "classify", "record_class": "board", "labels": "a"}),
        "POST /audit": _of(),
    },
}
