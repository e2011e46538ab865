"""What services tell a collector: one trace a recording, and figures."""

import wave
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from minutier.compose.embedded import System
from minutier.schemas.events import Announcement, RecordingAnnounced, recording_id
from minutier.schemas.references import Location
from minutier.shared.objects import UPLOADS, Objects
from tests.support import query_events as told
from tests.support.delivery_service import streams_of
from tests.support.otlp import Collector, Point, collecting
from tests.support.systems import running

SERVICES = ["ingestion", "retention", "query"]
TITLE = "Jeanne is to be dismissed"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
async def system(collector: Collector) -> AsyncIterator[System]:
    async with running(services=SERVICES, environment=collector.environment) as system:
        yield system


@pytest.fixture(scope="module")
async def recording(system: System, tmp_path_factory: pytest.TempPathFactory) -> UUID:
    """One second of silence, announced."""
    file = tmp_path_factory.mktemp("telemetry") / "Jeanne.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 16_000, 16_000, "NONE", ""))
        sound.writeframes(bytes(32_000))
    media = await Objects(system.objects).upload(UPLOADS, "Jeanne.wav", file, "audio/wav")
    data = Announcement(
        source="livekit",
        external_id="Jeanne",
        title=TITLE,
        mix=Location(bucket=media.bucket, key=media.key),
    )
    known = recording_id("acme", data.source, data.external_id)
    event = RecordingAnnounced.of(known, tenant="acme", source="minutier/test", data=data)
    async with streams_of(system) as streams:
        await streams.publish(event)
    return event.subject


async def test_a_recording_is_one_trace_over_all_services(collector: Collector, recording: UUID) -> None:
    expected = {
        "ingestion minutier.recording.announced.v1",
        "query minutier.recording.announced.v1",
        "ingestion minutier.recording.ingested.v1",
        "retention minutier.recording.ingested.v1",
        "query minutier.recording.ingested.v1",
    }
    await collector.until(lambda: expected <= {span.name for span in collector.trace(recording)})
    spans = {span.name: span for span in collector.trace(recording)}
    # Nobody brought a trace, so it is found under the recording's own id.
    assert {span.trace for span in spans.values()} == {recording.hex}
    assert {span.service for span in spans.values()} == {f"minutier-{service}" for service in SERVICES}
    taken_in = spans["ingestion minutier.recording.announced.v1"]
    for service in SERVICES:
        assert spans[f"{service} minutier.recording.ingested.v1"].parent == taken_in.id
    assert spans["query minutier.recording.announced.v1"].parent == taken_in.parent != ""
    assert not any(span.failed for span in spans.values())


async def test_an_announcer_may_bring_its_trace(system: System, collector: Collector) -> None:
    trace, parent = "1" * 32, "2" * 16
    event = told.announced(recording=recording_id("acme", "livekit", "1")).model_copy(
        update={"traceparent": f"00-{trace}-{parent}-01"}
    )
    async with streams_of(system) as streams:
        await streams.publish(event)
    await collector.until(lambda: len(collector.trace(event.subject)) >= 4)
    spans = collector.trace(event.subject)
    assert {span.trace for span in spans} == {trace}
    assert {span.parent for span in spans if span.name.endswith("announced.v1")} == {parent}


async def test_figures_arrive(system: System, collector: Collector, recording: UUID) -> None:
    def measured(name: str, **attributes: str) -> list[Point]:
        return [
            point
            for point in collector.points
            if point.name == f"minutier.{name}" and attributes.items() <= point.attributes.items()
        ]

    consumer = "ingestion-recording-announced"
    await collector.until(lambda: measured("stage.duration", consumer=consumer, outcome="done"))
    await collector.until(lambda: measured("deliveries", consumer=consumer, outcome="done"))
    # Of consumers too that nothing is delivered to.
    quiet = "query-minutes-written"
    await collector.until(lambda: measured("consumer.backlog", consumer=quiet))
    await collector.until(lambda: 0 in {point.value for point in measured("consumer.backlog")})


async def test_nothing_personal_is_told(collector: Collector, recording: UUID) -> None:
    await collector.until(lambda: collector.points and collector.trace(recording))
    for body in collector.received:
        for word in (b"Jeanne", b"dismissed", b"Secret", b".wav"):
            assert word not in body
