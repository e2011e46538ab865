"""The pages over what is in memory: who is answered what, and how browsers are to treat it."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from jinja2 import Template

from minutier.query.access.domain import Level, Share
from minutier.query.access.log import Action
from minutier.query.domain import STAGES, StageState, State
from minutier.query.edits.domain import Reason
from minutier.query.pages.look import LOOK
from minutier.query.search.domain import BadQuestion, Fault, parse
from minutier.query.settings import QuerySettings
from minutier.schemas.documents import Doubt
from minutier.schemas.events import AnyEvent, RecordingRejected, Rejected, StageFailed
from minutier.schemas.fallbacks import Failure
from minutier.schemas.rejections import RejectionReason
from minutier.shared.pages.look import COMMON
from minutier.shared.pages.preferences import Language
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Log, Table, application
from tests.support.query_people import (
    COMPLIANCE,
    OPERATOR,
    OUTSIDER,
    OWNER,
    PARTICIPANT,
    STRANGER,
    Bearers,
    showing,
)

HERE = f"/recordings/{RECORDING}"
FAILURES = ("not_json", "unknown_type", "unknown_version", "invalid", "unknown_model")
HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def table() -> Table:
    return Table(Documents())


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def client(table: Table, log: Log) -> AsyncIterator[httpx.AsyncClient]:
    for event in told.pipeline(table.documents):
        await table.add(event)
    async with visiting(table, log=log) as client:
        yield client


def rejected(reason: RejectionReason) -> RecordingRejected:
    data = Rejected(reason=reason, source="livekit", announced_at=told.START)
    return told.at(RecordingRejected, 1, data)


def visiting(table: Table, **parts: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(table, **parts))
    return httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers={**HTML, **showing(OWNER)}
    )


async def test_a_page_is_private_and_lets_nothing_in_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/", HERE, f"{HERE}/report", f"{HERE}/access", "/search?q=budget", "/nowhere"):
        page = await client.get(path)
        assert page.headers["cache-control"] == "private, no-cache"
        assert page.headers["x-content-type-options"] == "nosniff"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert not re.search(
            r"\s(style|on[a-z]+)=|<style|<script(?! type=\"module\" src=\"/static/)", page.text
        )
        assert not re.search(r"(src|href|action)=\"(?!/|#)", page.text)


async def test_a_page_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get(HERE)
    again = await client.get(HERE, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get(HERE, headers={"If-None-Match": first.headers["etag"], "Accept-Language": "fr"})
    assert other.status_code == 200


async def test_a_page_that_is_known_again_is_not_written_again(
    client: httpx.AsyncClient, table: Table, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    render = Template.render

    def counted(template: Template, *given: Any, **more: Any) -> str:
        written.append(template.name or "")
        return render(template, *given, **more)

    monkeypatch.setattr(Template, "render", counted)

    async def again(tag: str, **headers: str) -> int:
        written.clear()
        log.kept.clear()
        answer = await client.get(HERE, headers={"If-None-Match": tag, **headers})
        # Whoever is told that nothing has changed has read it.
        assert [access.action.value for _, access in log.kept] == ["transcript", "minutes"]
        return answer.status_code

    tag = (await client.get(HERE)).headers["etag"]
    assert (await again(tag), written) == (304, [])
    for otherwise in (
        {"Accept-Language": "fr"},
        {"Cookie": "minutier_theme=dark"},
        {"Cookie": "minutier_zone=Europe/Paris"},
        showing(PARTICIPANT),
    ):
        assert (await again(tag, **otherwise), written) == (200, ["meeting.html"])
    share = Share("email:outsider@example.org", Level.READ, None)
    table.shares[RECORDING] = {share.principal: share}
    assert (await again(tag), written) == (200, ["meeting.html"])
    minutes = told.minutes().model_copy(update={"summary": told.minutes().summary * 2})
    await table.add(told.written(table.documents.keep(minutes), seconds=60))
    tag = (await client.get(HERE)).headers["etag"]
    assert (await again(tag), written) == (304, [])
    table.documents.kept.clear()
    written.clear()
    assert (await client.get(HERE, headers={"If-None-Match": tag})).status_code == 200
    assert written == ["meeting.html"]


async def test_to_have_hours_of_speech_written_again_and_again_is_costly(table: Table) -> None:
    async with visiting(table, settings=QuerySettings(searches_per_minute=1)) as client:
        await table.add(told.announced())
        assert [(await client.get(HERE)).status_code for _ in range(2)] == [200, 429]


async def test_who_reads_a_page_is_written_down_and_who_sees_states_reads_nothing(
    client: httpx.AsyncClient, log: Log
) -> None:
    for person in (OPERATOR, COMPLIANCE):
        page = await client.get(HERE, headers=showing(person))
        assert page.status_code == 200
        assert "Weekly" not in page.text
        assert "Good" not in page.text
    assert log.kept == []
    assert "Good morning." in (await client.get(HERE)).text
    assert [(who, access.action.value) for who, access in log.kept] == [
        (OWNER, "transcript"),
        (OWNER, "minutes"),
    ]


async def test_who_corrects_what_they_have_read_is_shown_that_passage_and_reads_nothing(
    table: Table, log: Log
) -> None:
    said = told.transcript(("speaker-1", "Good whether today."), ("speaker-1", "Yes indeed."))
    for event in (*told.pipeline(table.documents), told.attributed(table.documents.keep(said), seconds=8)):
        await table.add(event)
    async with visiting(table, log=log) as client:
        page = await client.get(HERE)
        (version,) = re.findall(r'data-version="(.*?)"', page.text)
        seen = {"If-Match": html.unescape(version), "Accept": "application/json"}
        correction = {"kind": "correct", "segment": "s1", "first": 1, "last": 1, "text": "weather"}
        blind = await client.post(f"{HERE}/edits", json=correction, headers={"Accept": "application/json"})
        assert blind.status_code == 428
        log.kept.clear()
        made = await client.post(f"{HERE}/edits", json=correction, headers=seen)
        assert (made.status_code, log.kept) == (201, [])
        assert "Good weather today." in made.text
        assert "Yes indeed." not in made.text
        assert "<del" in made.text
        # Somebody else's page, which shows what was there before.
        late = await client.post(f"{HERE}/edits", json=correction, headers=seen)
        assert (late.status_code, late.headers["content-type"]) == (412, "application/problem+json")
        (version,) = re.findall(r'data-version="(.*?)"', made.text)
        undo = {"kind": "undo", "edit": made.headers["minutier-edit"]}
        seen["If-Match"] = html.unescape(version)
        undone = await client.post(f"{HERE}/edits", json=undo, headers=seen)
        assert "Good whether today." in undone.text
        assert "Yes indeed." in undone.text
    assert [access.action.value for _, access in log.kept] == ["transcript", "minutes"]


async def test_only_who_may_edit_is_answered_with_an_edit(client: httpx.AsyncClient, log: Log) -> None:
    correction = {"kind": "correct", "segment": "s1", "first": 1, "last": 1, "text": "evening"}
    for person, status in ((OUTSIDER, 404), (STRANGER, 404), (COMPLIANCE, 404), (OPERATOR, 404)):
        answer = await client.post(f"{HERE}/edits", json=correction, headers=showing(person))
        assert answer.status_code == status
        assert "Good" not in answer.text


async def test_nothing_is_shown_where_reading_cannot_be_written_down(
    client: httpx.AsyncClient, log: Log
) -> None:
    log.broken = True
    page = await client.get(HERE)
    assert page.status_code == 500
    assert "<h1>" in page.text
    assert "Good morning." not in page.text


@pytest.mark.parametrize("person", [OUTSIDER, STRANGER])
async def test_what_one_may_not_see_is_like_what_there_is_not(
    client: httpx.AsyncClient, person: object
) -> None:
    bodies = set()
    for path in (HERE, "/recordings/00000000-0000-4000-8000-00000000dead", "/nowhere"):
        page = await client.get(path, headers=showing(person))  # type: ignore[arg-type]
        assert page.status_code == 404
        bodies.add(page.text.replace(path, ""))
    # With the person's name for a path that nobody was asked for.
    assert len(bodies) <= 2


async def test_who_has_read_it_is_told_by_what_nobody_chooses_for_themselves(table: Table) -> None:
    for event in told.pipeline(table.documents):
        await table.add(event)
    poser = replace(PARTICIPANT, name=OWNER.name)
    async with visiting(table, bearers=Bearers(OWNER, poser)) as client:
        await client.get(HERE, headers=showing(poser))
        page = await client.get(f"{HERE}/access")
    assert f"<strong>{OWNER.name}</strong> <code>{PARTICIPANT.id}</code>" in page.text


async def test_what_only_owners_may_do_is_shown_to_owners(client: httpx.AsyncClient) -> None:
    mine, theirs = await client.get(HERE), await client.get(HERE, headers=showing(PARTICIPANT))
    for mark in ('data-opens="share"', 'id="share"', 'data-opens="redo"', f'href="{HERE}/access"'):
        assert mark in mine.text
        assert mark not in theirs.text
    assert 'class="correct"' in theirs.text
    assert (await client.get(f"{HERE}/access", headers=showing(PARTICIPANT))).status_code == 403
    assert (await client.get(f"{HERE}/access", headers=showing(COMPLIANCE))).status_code == 200
    assert (await client.get("/accesses")).status_code == 403
    assert (await client.get("/accesses", headers=showing(COMPLIANCE))).status_code == 200


async def test_people_get_pages_and_programs_problem_documents(client: httpx.AsyncClient) -> None:
    for accept, kind in ((HTML["Accept"], "text/html"), ("*/*", "application/problem+json")):
        for path, status in (("/nowhere", 404), ("/recordings/one", 422), ("/accesses", 403)):
            refused = await client.get(path, headers={"Accept": accept})
            assert refused.status_code == status
            assert refused.headers["content-type"].startswith(kind)
    told = await client.get("/api/v1/recordings/one", headers=HTML)
    assert told.headers["content-type"].startswith("application/problem+json")


IN_VAIN = {
    Fault.TOO_LONG: "x " * 151,
    Fault.UNFINDABLE: "bud\0get",
    Fault.NO_WORDS: "after:2024",
    Fault.TOO_MANY_WORDS: " ".join(f"w{number}" for number in range(33)),
    Fault.TOO_SHORT: "b*",
    Fault.NO_DATE: "x before:2024-02-30",
}


@pytest.mark.parametrize("fault", Fault)
async def test_what_cannot_be_looked_for_is_told_in_the_readers_language(
    client: httpx.AsyncClient, fault: Fault
) -> None:
    with pytest.raises(BadQuestion) as raised:
        parse(IN_VAIN[fault])
    assert raised.value.fault is fault
    told = {}
    for language in ("en", "fr"):
        page = await client.get(
            "/search", params={"q": IN_VAIN[fault]}, headers={"Accept-Language": language}
        )
        assert page.status_code == 200
        (told[language],) = re.findall(r'role="alert">.*?<span>\s*(.*?)\s*</span>', page.text, re.DOTALL)
    assert len(told["en"]) > 10 < len(told["fr"])
    assert told["en"] != told["fr"]


def test_every_code_that_a_page_is_given_has_words() -> None:
    parts: Any = LOOK.environment(Language.FRENCH).get_template("parts.html").module
    for codes, words in (
        (State, parts.states),
        (State, parts.state_icons),
        (STAGES, parts.stages),
        (StageState, parts.stage_states),
        (RejectionReason, parts.rejections),
        (Reason, parts.unaligned),
        (Doubt, parts.doubts),
        (Action, parts.actions),
    ):
        assert set(codes) <= set(words)


@pytest.mark.parametrize(
    "event",
    [
        *(told.failed("transcription", reason) for reason in (*FAILURES, "worker_died")),
        *(told.failed(stage) for stage in STAGES),
        *(rejected(reason) for reason in RejectionReason),
    ],
    ids=lambda event: f"{event.type}-{event.data.reason}",
)
async def test_why_there_is_no_transcript_is_told_in_the_readers_language(
    table: Table, event: AnyEvent
) -> None:
    taken_in = isinstance(event, StageFailed) and event.data.stage != "ingestion"
    for heard in (*told.pipeline(table.documents)[: 2 if taken_in else 1], event):
        await table.add(heard)
    async with visiting(table) as client:
        pages = {
            language: (await client.get("/", headers={"Accept-Language": language})).text
            for language in ("en", "fr")
        }
    english, french = (
        re.sub(r"\s+", " ", "".join(re.findall(r'<p class="why">(.*?)</p>', page, re.DOTALL)))
        for page in pages.values()
    )
    assert len(english) > 20 < len(french)
    assert english != french
    assert 'lang="en"' not in french


@pytest.mark.parametrize("failure", [*Failure, None])
async def test_why_minutes_were_written_otherwise_is_told_in_the_readers_language(
    table: Table, failure: Failure | None
) -> None:
    *before, _ = told.pipeline(table.documents)
    reason = failure.explanation if failure else "An explanation of another version."
    minutes = told.minutes().model_copy(update={"fallback_reason": reason})
    for event in (*before, told.written(table.documents.keep(minutes))):
        await table.add(event)
    async with visiting(table) as client:
        page = await client.get(f"{HERE}/report", headers={"Accept-Language": "fr"})
    assert reason.split(".")[0] not in page.text
    assert "Pourquoi pas par le modèle demandé" in page.text
    assert set(re.findall(r"MINUTIER_\w+", reason)) <= set(re.findall(r"MINUTIER_\w+", page.text))
    assert ("journal de la rédaction" in page.text) == (failure is None)


async def test_who_asks_too_often_is_told_when_to_come_back(table: Table) -> None:
    async with visiting(table, settings=QuerySettings(requests_per_minute=1)) as client:
        await client.get("/")
        page = await client.get("/")
    assert page.status_code == 429
    assert f"Try again in {page.headers['retry-after']} second" in page.text


async def test_who_is_not_signed_in_is_led_to_sign_in_and_back(client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    led = await client.get("/search?q=a b&after=")
    assert (led.status_code, led.headers["location"]) == (
        303,
        "/sign-in?to=%2Fsearch%3Fq%3Da%2520b%26after%3D",
    )
    asked = await client.get("/search", headers={"Accept": "*/*"})
    assert asked.status_code == 401


async def test_a_choice_is_kept_and_leads_nowhere_else(client: httpx.AsyncClient) -> None:
    form = {"language": "fr", "back": "/search?q=a"}
    here = {"Sec-Fetch-Site": "same-origin"}
    kept = await client.post("/preferences", data=form, headers=here)
    assert (kept.status_code, kept.headers["location"]) == (303, "/search?q=a")
    assert client.cookies["minutier_language"] == "fr"
    assert '<html lang="fr"' in (await client.get("/")).text
    elsewhere = await client.post("/preferences", data={"back": "//elsewhere.example/"}, headers=here)
    assert elsewhere.headers["location"] == "/"
    sent = await client.post("/preferences", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert (await client.post("/preferences", data={"theme": "pink"}, headers=here)).status_code == 422


async def test_files_are_kept_for_good_under_an_address_of_their_own(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    for path in set(re.findall(r"/static/[^\"#]+", page)):
        file = await client.get(path)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
    known = LOOK.assets
    script = await client.get(known.url("app.js"), headers={"Accept-Encoding": "identity"})
    assert script.content == (COMMON / "static" / "app.js").read_bytes()
    assert (await client.get(known.url("app.js").replace(known.digest, "0" * 16))).status_code == 404
    assert (await client.get(f"/static/{known.digest}/%2e%2e/routes.py")).status_code == 404


async def test_french_scripts_have_their_words(client: httpx.AsyncClient) -> None:
    module = await client.get(LOOK.assets.url("messages.fr.js"))
    assert module.headers["content-type"].startswith("text/javascript")
    assert "Correction enregistrée" in module.text
    # What only templates say is theirs.
    assert "Réunions" not in module.text
