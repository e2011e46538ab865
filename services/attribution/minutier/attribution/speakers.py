"""What speakers are called: by their evidence, or by number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minutier.attribution.domain import display_names
from minutier.schemas.documents import Participant, Speaker, SpeakerEvidence


@dataclass(frozen=True)
class Identity:
    """Who of the participants a speaker is, and why that is thought."""

    participant: str
    evidence: SpeakerEvidence
    confidence: float


def introduced(
    seconds: Mapping[str, float], identities: Mapping[str, Identity], participants: Sequence[Participant]
) -> tuple[Speaker, ...]:
    """The speakers who have words, given how long each talked, in the order of their first.

    Several voices of one participant are numbered, speakers without a name are called by their place, and
    no two have the same label.
    """
    names = _names(participants)
    known = {
        speaker: identity
        for speaker, identity in identities.items()
        if speaker in seconds and identity.participant in names
    }
    voices: dict[str, list[str]] = {}
    for speaker in seconds:
        if speaker in known:
            voices.setdefault(known[speaker].participant, []).append(speaker)
    labels = []
    for place, speaker in enumerate(seconds, start=1):
        if speaker not in known:
            labels.append(f"Speaker {place}")
            continue
        participant = known[speaker].participant
        own = voices[participant]
        number = f" · voice {own.index(speaker) + 1}" if len(own) > 1 else ""
        labels.append(names[participant] + number)
    return tuple(
        _speaker(speaker, label, known.get(speaker), seconds[speaker])
        for speaker, label in zip(seconds, display_names(labels), strict=True)
    )


def _names(participants: Sequence[Participant]) -> dict[str, str]:
    labels = display_names([participant.name for participant in participants])
    return dict(zip([participant.id for participant in participants], labels, strict=True))


def _speaker(speaker: str, label: str, identity: Identity | None, seconds: float) -> Speaker:
    return Speaker(
        id=speaker,
        label=label,
        evidence=identity.evidence if identity else SpeakerEvidence.VOICE,
        confidence=identity.confidence if identity else None,
        participant=identity.participant if identity else None,
        speech_seconds=round(seconds, 3),
    )
