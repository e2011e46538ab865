"""How a transcript and its minutes were made, by which models, and how far to trust them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from minutier.query.domain import Stage, StageState
from minutier.schemas.base import Model
from minutier.schemas.documents import Doubt, Engine, MinutesDocument, TranscriptDocument
from minutier.schemas.fallbacks import Failure

_PARAMETERS = 24
# A document has the text.
_FALLBACKS = {failure.explanation: failure for failure in Failure}


@dataclass(frozen=True)
class Step:
    """``factor`` is what it took by how long the recording is; ``model`` is missing where none was used."""

    stage: str
    state: StageState
    seconds: float | None
    factor: float | None
    model: Model | None

    @property
    def parameters(self) -> Mapping[str, str]:
        """As they are written down, without those that are not set."""
        given = self.model.parameters if self.model else {}
        known = {name: str(value) for name, value in given.items() if value is not None}
        return dict(list(known.items())[:_PARAMETERS])


@dataclass(frozen=True)
class Heard:
    """Figures of the machine's transcript, before anybody has corrected it."""

    words: int
    segments: int
    speakers: int
    doubts: Mapping[Doubt, int]
    gaps: int
    gap_seconds: float
    removed_repetitions: int
    part: float | None


@dataclass(frozen=True)
class Wrote:
    """It ``fell_back`` where the engine that was asked for was not used; ``fallback`` is why, if known."""

    engine: Engine
    items: int
    dropped_claims: int
    fell_back: bool
    fallback: Failure | None


@dataclass(frozen=True)
class Report:
    steps: tuple[Step, ...]
    heard: Heard | None
    wrote: Wrote | None
    total_seconds: float | None


def report(
    stages: Mapping[str, Stage],
    models: Mapping[str, Model],
    *,
    duration: float | None,
    total_seconds: float | None,
    transcript: TranscriptDocument | None,
    minutes: MinutesDocument | None,
) -> Report:
    return Report(
        steps=tuple(
            Step(
                stage=name,
                state=stage.state,
                seconds=stage.seconds,
                factor=stage.seconds / duration if stage.seconds is not None and duration else None,
                model=models.get(name),
            )
            for name, stage in stages.items()
            if stage.state is not StageState.SKIPPED
        ),
        heard=_heard(transcript) if transcript else None,
        wrote=_wrote(minutes) if minutes else None,
        total_seconds=total_seconds,
    )


def _heard(document: TranscriptDocument) -> Heard:
    coverage = document.coverage
    return Heard(
        words=sum(len(segment.words) or len(segment.text.split()) for segment in document.segments),
        segments=len(document.segments),
        speakers=len(document.speakers),
        doubts=Counter(doubt for segment in document.segments for doubt in segment.doubts),
        gaps=len(coverage.gaps),
        gap_seconds=sum(gap.end - gap.start for gap in coverage.gaps),
        removed_repetitions=coverage.removed_repetitions,
        part=coverage.transcribed_seconds / coverage.speech_seconds if coverage.speech_seconds else None,
    )


def _wrote(document: MinutesDocument) -> Wrote:
    sections = (document.summary, document.topics, document.decisions, document.actions, document.questions)
    return Wrote(
        engine=document.engine,
        items=sum(map(len, sections)),
        dropped_claims=document.dropped_claims,
        fell_back=document.fallback_reason is not None,
        fallback=_FALLBACKS.get(document.fallback_reason or ""),
    )
