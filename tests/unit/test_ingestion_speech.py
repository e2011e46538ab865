"""The speech-to-text endpoint, asked by OpenAI's own client."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import httpx2
import openai
import pytest
import webvtt
from openai.types.audio import TranscriptionDiarized, TranscriptionVerbose
from structlog.testing import capture_logs

from minutier.ingestion.speech.domain import Outcome
from minutier.schemas.documents import Doubt
from minutier.schemas.events import RecordingRejected, Rejected, recording_id
from minutier.schemas.rejections import RejectionReason
from tests.support import query_events as told
from tests.support.query_events import START
from tests.support.speech_server import FILE, KEY, LARGEST, OTHER_KEY, REQUESTS, TRANSCRIPT, Server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path)
    async with server.http:
        yield server


def rejection(reason: RejectionReason) -> Callable[[UUID], Outcome]:
    data = Rejected(reason=reason, source="speech-api", announced_at=START)
    return lambda recording: told.at(RecordingRejected, 1, data, recording=recording)


async def test_the_words_come_as_json(server: Server) -> None:
    server.transcribes()
    answer = await server.openai().audio.transcriptions.create(model="whisper-1", file=FILE, language="fr")
    assert answer.text == "Good morning. Hello, hello. Yes."
    ((tenant, announcement),) = server.announcements.made
    assert (tenant, announcement.source, announcement.language) == ("acme", "speech-api", "fr")
    assert list(server.bucket.held.values()) == [FILE[1]]
    assert list(server.workspace.iterdir()) == []


async def test_a_recording_is_whose_the_form_says(server: Server) -> None:
    server.transcribes()
    for owner in ("Anna@example.org", "anna@example.org", "bo@example.org", None):
        answer = await server.post(**({"owner": owner} if owner else {}))
        assert answer.status_code == 200
    made = [announcement for _, announcement in server.announcements.made]
    assert [[each.email for each in announcement.people] for announcement in made] == [
        ["anna@example.org"],
        ["anna@example.org"],
        ["bo@example.org"],
        [],
    ]
    # The same file of two owners is two recordings, and what each may read.
    assert len({announcement.external_id for announcement in made}) == 3


@pytest.mark.parametrize("owner", ["", "Anneliese", "anneliese@", "a b@example.org"])
async def test_an_owner_is_an_address_and_is_not_quoted(server: Server, owner: str) -> None:
    answer = await server.post(owner=owner)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "'owner' is an e-mail address, or left out."
    assert server.announcements.made == []


async def test_the_words_come_as_text_and_as_subtitles(server: Server) -> None:
    server.transcribes()
    create = server.openai(path="").audio.transcriptions.create
    assert (
        await create(model="any", file=FILE, response_format="text") == "Good morning. Hello, hello. Yes.\n"
    )
    subtitles = await create(model="any", file=FILE, response_format="srt")
    assert "\n00:00:00,000 --> 00:00:00,600\nAnna: Good morning.\n" in subtitles
    captions = webvtt.from_string(await create(model="any", file=FILE, response_format="vtt"))
    assert [caption.voice for caption in captions.captions][:2] == ["Anna", "Speaker 2"]
    for plain in ("text", "srt", "vtt"):
        answer = await server.post(response_format=plain)
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("granularities", "segments", "words"),
    [(None, 3, None), (["segment"], 3, None), (["word"], None, 5), (["word", "segment"], 3, 5)],
)
async def test_what_is_known_of_the_words_comes_as_verbose_json(
    server: Server,
    granularities: list[Literal["word", "segment"]] | None,
    segments: int | None,
    words: int | None,
) -> None:
    server.transcribes()
    asked: dict[str, Any] = {"timestamp_granularities": granularities} if granularities else {}
    answer = await server.openai().audio.transcriptions.create(
        model="any", file=FILE, response_format="verbose_json", **asked
    )
    strict = TranscriptionVerbose.model_validate(answer.model_dump())
    assert (strict.language, strict.duration) == ("en", TRANSCRIPT.duration)
    assert (strict.segments and len(strict.segments)) == segments
    assert (strict.words and len(strict.words)) == words
    if strict.segments:
        assert [segment.id for segment in strict.segments] == [0, 1, 2]
        assert strict.segments[1].start == TRANSCRIPT.segments[1].start
    if strict.words:
        assert (strict.words[0].word, strict.words[0].end) == ("Good", 0.3)


async def test_figures_follow_from_the_words(server: Server) -> None:
    first = TRANSCRIPT.segments[0]
    doubtful = first.model_copy(
        update={"text": "hello " * 50, "words": (), "doubts": (Doubt.NO_SPEECH, Doubt.REPETITION)}
    )
    server.transcribes(TRANSCRIPT.model_copy(update={"segments": (first, doubtful)}))
    answer = await server.openai().audio.transcriptions.create(
        model="any", file=FILE, response_format="verbose_json"
    )
    assert answer.segments is not None
    certain, uncertain = answer.segments
    assert certain.avg_logprob == pytest.approx(-0.105, abs=0.001)
    assert certain.compression_ratio < 1 < 2.4 < uncertain.compression_ratio
    assert (certain.no_speech_prob, uncertain.no_speech_prob) == (0, 1)


async def test_who_said_what_comes_as_diarized_json(server: Server) -> None:
    server.transcribes()
    answer = await server.openai().audio.transcriptions.create(
        model="any", file=FILE, response_format="diarized_json", chunking_strategy="auto"
    )
    strict = TranscriptionDiarized.model_validate(answer.model_dump())
    assert [(segment.id, segment.speaker, segment.text) for segment in strict.segments] == [
        ("s1", "Anna", "Good morning."),
        ("s2", "Speaker 2", "Hello, hello."),
        ("s3", "Unknown", "Yes."),
    ]
    assert "word_segments" not in answer.model_dump()


async def test_who_said_each_word_comes_as_whisperx_has_it_on_request(server: Server) -> None:
    server.transcribes()
    form: dict[str, Any] = {
        "response_format": "diarized_json",
        "timestamp_granularities[]": ["word", "segment"],
    }
    answer = (await server.post(**form)).json()
    said = {"word": "morning.", "start": 0.3, "end": 0.6, "score": 0.9, "speaker": "Anna"}
    assert answer["segments"][0]["words"][1] == pytest.approx(said)
    assert answer["word_segments"][1] == pytest.approx(said)
    assert "speaker" not in answer["word_segments"][-1]


@pytest.mark.parametrize(
    ("given", "language"),
    [("fr", "fr"), ("fr-FR", "fr"), ("pt_BR", "pt"), ("EN", "en"), ("", None), ("auto", None), (None, None)],
)
async def test_a_language_is_a_code_and_a_missing_one_is_to_be_detected(
    server: Server, given: str | None, language: str | None
) -> None:
    server.transcribes()
    assert (await server.post(**({} if given is None else {"language": given}))).status_code == 200
    assert server.announcements.made[0][1].language == language


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"response_format": "yaml"}, "diarized_json"),
        ({"stream": "True"}, "stream"),
        ({"stream": "maybe"}, "stream"),
        ({"language": "français"}, "language"),
        ({"timestamp_granularities[]": "phoneme"}, "word"),
        ({"files": {"file": ("a.wav", b"")}}, "file"),
        ({"files": {"data": FILE}}, "file"),
        ({"files": [("file", FILE), ("file", FILE)]}, "file"),
    ],
)
async def test_what_cannot_be_given_is_refused_before_anything_is_announced(
    server: Server, form: dict[str, Any], word: str
) -> None:
    answer = await server.post(**form)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["detail"]
    assert server.announcements.made == []
    assert list(server.workspace.iterdir()) == []


async def test_a_body_that_is_too_large_leaves_nothing(server: Server) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        await server.openai().audio.transcriptions.create(model="any", file=("a.wav", bytes(LARGEST + 1)))
    assert refused.value.status_code == 413
    assert list(server.workspace.iterdir()) == []
    assert server.bucket.held == {}


async def test_a_key_is_wanted(server: Server) -> None:
    with pytest.raises(openai.AuthenticationError):
        await server.openai(key="another key than theirs").audio.transcriptions.create(model="any", file=FILE)


async def test_the_client_tells_its_errors_apart(tmp_path: Path) -> None:
    server = Server(tmp_path, wait_seconds=0.01, rate=3)
    create = server.openai().audio.transcriptions.create
    with pytest.raises(openai.UnprocessableEntityError, match="not empty"):
        await create(model="any", file=("a.wav", b""))
    with pytest.raises(openai.InternalServerError, match="still being worked on"):
        await create(model="any", file=FILE)
    server.ends.are(lambda recording: told.failed("transcription", recording=recording))
    with pytest.raises(openai.InternalServerError, match="gave up"):
        await create(model="any", file=FILE)
    with pytest.raises(openai.RateLimitError, match="Too many requests") as refused:
        await create(model="any", file=FILE)
    assert int(refused.value.response.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (RejectionReason.TOO_LONG, 422),
        (RejectionReason.TOO_LARGE, 413),
        (RejectionReason.NO_AUDIO, 422),
        (RejectionReason.CORRUPT, 422),
        (RejectionReason.UNSUPPORTED, 422),
        (RejectionReason.FORBIDDEN_LOCATION, 500),
    ],
)
async def test_a_rejection_says_what_to_do(server: Server, reason: RejectionReason, status: int) -> None:
    server.ends.are(rejection(reason))
    with pytest.raises(openai.APIStatusError) as refused:
        await server.openai().audio.transcriptions.create(model="any", file=FILE)
    assert refused.value.status_code == status
    assert refused.value.response.json()["detail"] == reason.explanation


async def test_a_stage_that_gave_up_is_told(server: Server) -> None:
    server.ends.are(lambda recording: told.failed("transcription", recording=recording))
    answer = await server.post()
    assert answer.status_code == 500
    assert "transcription gave up (worker_died)" in answer.json()["detail"]


async def test_a_wait_that_is_too_long_names_the_recording_and_sending_again_finds_it(tmp_path: Path) -> None:
    server = Server(tmp_path, wait_seconds=0.01)
    answer = await server.post()
    assert answer.status_code == 504
    server.transcribes()
    assert (await server.post()).status_code == 200
    (_, first), (_, second) = server.announcements.made
    assert first.external_id == second.external_id
    assert str(recording_id("acme", "speech-api", first.external_id)) in answer.json()["detail"]


async def test_another_language_is_another_recording(server: Server) -> None:
    server.transcribes()
    for language in ("fr", "en", ""):
        await server.post(language=language)
    assert len({announcement.external_id for _, announcement in server.announcements.made}) == 3


async def test_what_was_transcribed_before_is_not_announced_and_its_upload_goes(server: Server) -> None:
    server.transcribes()
    await server.post()
    ((_, announcement),) = server.announcements.made
    server.bucket.held.clear()
    server.announcements.taken_in.add(recording_id("acme", "speech-api", announcement.external_id))
    assert (await server.post()).status_code == 200
    assert len(server.announcements.made) == 1
    assert server.bucket.held == {}


async def test_those_who_wait_for_one_tenant_are_not_more_than_a_few_and_keep_no_other_out(
    server: Server,
) -> None:
    waiting = [asyncio.create_task(server.post(language=language)) for language in ("en", "fr")]
    while server.ends.waiting < REQUESTS:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    refused = await server.post()
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    waiting.append(asyncio.create_task(server.post(key=OTHER_KEY)))
    while server.ends.waiting < REQUESTS + 1 and not waiting[-1].done():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    server.transcribes()
    assert [(await request).status_code for request in waiting] == [200, 200, 200]
    assert (await server.post()).status_code == 200


class Connection:
    """A client's connection, that ends when ``hung_up`` is set; of the request so many bytes come."""

    def __init__(self, server: Server, *, size: int | None = None) -> None:
        sent = httpx2.Request("POST", "http://test/v1/audio/transcriptions", files={"file": FILE})
        body = sent.read()[:size]
        self.hung_up = asyncio.Event()
        self.answered: list[Any] = []
        self._coming = [{"type": "http.request", "body": body, "more_body": size is not None}]
        headers = [*sent.headers.raw, (b"authorization", f"Bearer {KEY}".encode())]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/audio/transcriptions",
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in headers],
        }
        self.answering = asyncio.create_task(server.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._coming:
            return self._coming.pop()
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.answered.append(message)


async def test_a_client_that_hangs_up_ends_the_wait_and_leaves_its_place(server: Server) -> None:
    connection = Connection(server)
    while server.ends.waiting == 0:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    connection.hung_up.set()
    await connection.answering
    assert server.ends.waiting == 0
    assert list(server.workspace.iterdir()) == []
    assert len(server.announcements.made) == 1


async def test_a_client_that_hangs_up_while_it_sends_leaves_nothing_and_is_no_failure(server: Server) -> None:
    with capture_logs() as logs:
        for _ in range(REQUESTS + 1):
            connection = Connection(server, size=1000)
            connection.hung_up.set()
            await connection.answering
            assert connection.answered == []
    assert logs == []
    assert list(server.workspace.iterdir()) == []
    assert server.announcements.made == []


async def test_the_addresses_may_end_in_a_slash(server: Server) -> None:
    server.transcribes()
    for path in ("/v1/audio/transcriptions/", "/audio/transcriptions/", "/audio/transcriptions"):
        assert (await server.post(path=path)).status_code == 200


def test_the_document_says_what_a_form_may_hold(tmp_path: Path) -> None:
    document = Server(tmp_path).app.openapi()
    body = document["paths"]["/v1/audio/transcriptions"]["post"]["requestBody"]
    fields = body["content"]["multipart/form-data"]["schema"]["properties"]
    assert json.loads(json.dumps(fields["response_format"]["enum"])) == [
        "json",
        "text",
        "srt",
        "vtt",
        "verbose_json",
        "diarized_json",
    ]
