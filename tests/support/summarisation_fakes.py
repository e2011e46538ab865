"""What summarisation meets: meetings, an object store, and writers that fail."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from minutier.schemas.base import Model
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    AttributedWord,
    Coverage,
    Document,
    Engine,
    Speaker,
    SpeakerEvidence,
    TranscriptDocument,
    TranscriptSegment,
)
from minutier.schemas.events import Attributed, Stage
from minutier.schemas.fallbacks import Failure
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import ObjectMissing
from minutier.shared.worker import Report
from minutier.summarisation.domain import Claim, Meeting, Minutes, Passage
from minutier.summarisation.ports import CannotWrite

D = TypeVar("D", bound=Document)

RECORDING = UUID("00000000-0000-4000-8000-000000000002")

WEEKLY = (
    ("Anna", "The budget of the library was cut by 12,000 euros."),
    ("Bo", "We decided to keep the library open on Sundays."),
    ("Anna", "I will write to the volunteers by Friday."),
    ("Bo", "Who tells the mayor about the roof?"),
)


def meeting(*said: tuple[str | None, str], language: str = "en") -> Meeting:
    return Meeting(language, [Passage(f"s{n}", who, text) for n, (who, text) in enumerate(said, start=1)])


def long_meeting(passages: int, *, language: str = "en") -> Meeting:
    """Each passage says something of its own, in about 24 words."""
    filler = "and so everybody talked about the matter for a while without coming to any end of it at all"
    return meeting(
        *((f"Speaker {n % 4 + 1}", f"Item number {n} concerns budget{n} {filler}.") for n in range(passages)),
        language=language,
    )


def transcript(
    said: Sequence[tuple[str | None, str]] = WEEKLY, *, language: str = "en", recording: UUID = RECORDING
) -> TranscriptDocument:
    """A transcript of (label or unknown, text), one passage a second."""
    labels = list(dict.fromkeys(label for label, _ in said if label is not None))
    ids = {label: f"speaker-{number}" for number, label in enumerate(labels, start=1)}
    segments = []
    for number, (label, text) in enumerate(said):
        speaker = UNKNOWN_SPEAKER if label is None else ids[label]
        span = {"start": float(number), "end": number + 1.0}
        word = AttributedWord(text=text, probability=0.9, speaker=speaker, **span)
        segments.append(
            TranscriptSegment(id=f"s{number + 1}", speaker=speaker, text=text, words=(word,), **span)
        )
    return TranscriptDocument(
        recording_id=recording,
        language=language,
        duration=float(len(said)),
        speakers=tuple(
            Speaker(id=key, label=label, evidence=SpeakerEvidence.TRACK, speech_seconds=1.0)
            for label, key in ids.items()
        ),
        segments=tuple(segments),
        coverage=Coverage(speech_seconds=len(said), transcribed_seconds=len(said), gaps=()),
    )


def attributed(ref: ObjectRef, document: TranscriptDocument) -> Attributed:
    return Attributed(
        transcript=ref,
        language=document.language,
        duration=document.duration,
        speakers=len(document.speakers),
        segments=len(document.segments),
        words=len(document.segments),
        unknown_words=0,
        processing_seconds=0.0,
    )


class KeptArtefacts:
    """Keeps documents as the object store does; ``writes`` counts what was stored by key."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.writes: list[str] = []

    async def find(
        self, kind: type[D], *, tenant: str, recording_id: UUID, stage: Stage, version: str
    ) -> tuple[D, ObjectRef] | None:
        key = f"{tenant}/{recording_id}/{stage}/{version}.json"
        if key not in self.kept:
            return None
        return kind.model_validate_json(self.kept[key]), self._ref(key)

    async def load(self, kind: type[D], ref: ObjectRef) -> D:
        if ref.key not in self.kept:
            raise ObjectMissing
        return kind.model_validate_json(self.kept[ref.key])

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef:
        key = f"{tenant}/{document.recording_id}/{stage}/{version}.json"
        self.kept[key] = document.model_dump_json(exclude_none=True).encode()
        self.writes.append(key)
        return self._ref(key)

    def _ref(self, key: str) -> ObjectRef:
        body = self.kept[key]
        return ObjectRef(bucket="artefacts", key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body))


class ScriptedWriter:
    """Writes one sentence that is there, or fails as it is told to."""

    engine = Engine.LANGUAGE_MODEL

    def __init__(self, failure: Failure | None = None, *, name: str = "scripted") -> None:
        self.model = Model(name=name, revision="1")
        self.failure = failure
        self.written = 0

    async def write(self, meeting: Meeting, report: Report) -> Minutes:
        self.written += 1
        if self.failure is not None:
            raise CannotWrite(self.failure)
        report(0.5)
        first = meeting.passages[0]
        return Minutes(summary=[Claim(first.text, (first.id,))], dropped=2)
