"""Reference turns, and how far turns are from them."""

from collections.abc import Iterable
from pathlib import Path

from pyannote.core import Annotation, Segment, Timeline
from pyannote.database.util import load_rttm
from pyannote.metrics.diarization import DiarizationErrorRate

from minutier.diarization.domain import Turn
from tests.support.scoring import sample

DATA = Path(__file__).parent.parent / "data"


def references() -> dict[str, tuple[Path, Annotation]]:
    """By name: the audio and the reference turns of pyannote's sample and the AMI excerpts."""
    found = {"sample": (sample("wav"), _turns_of(sample("rttm"))["sample"])}
    for part in ("ami-dev", "ami-trn"):
        for name, turns in sorted(_turns_of(DATA / f"{part}.rttm").items()):
            found[name] = (DATA / f"ami-{name}.flac", turns)
    return found


def annotation(turns: Iterable[Turn]) -> Annotation:
    result = Annotation()
    for number, turn in enumerate(turns):
        result[Segment(turn.start, turn.end), number] = turn.speaker
    return result


def error_rate(
    reference: Annotation, turns: Annotation, seconds: float, metric: DiarizationErrorRate
) -> float:
    """DER without a collar, overlap counted; ``metric`` adds it to what it has seen before."""
    return float(metric(reference, turns, uem=Timeline([Segment(0, seconds)])))


def _turns_of(rttm: Path) -> dict[str, Annotation]:
    found: dict[str, Annotation] = load_rttm(str(rttm))  # type: ignore[no-untyped-call]
    return found
