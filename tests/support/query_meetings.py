"""Meetings as pages show them: a short one worth reading, and long ones with many speakers."""

import random
from collections.abc import Sequence
from uuid import UUID

from minutier.schemas.base import Model, Span
from minutier.schemas.documents import (
    Action,
    AttributedWord,
    Coverage,
    Doubt,
    Engine,
    MinutesDocument,
    Participant,
    RecordingDocument,
    Speaker,
    SpeakerEvidence,
    Statement,
    Topic,
    TranscriptDocument,
    TranscriptSegment,
)
from minutier.schemas.documents import Person as MeetingPerson
from tests.support.query_events import RECORDING, START

_WORD_SECONDS = 0.32
_PAUSE_SECONDS = 0.6

SAID = (
    ("speaker-1", "Bonjour à toutes et à tous. Nous sommes au complet, je propose que nous commencions."),
    (
        "speaker-1",
        "À l'ordre du jour : le budget de l'an prochain, le déménagement, et les divers.",
    ),
    (
        "speaker-2",
        "Merci. Pour le budget, l'enveloppe est de 240 000 euros, soit 4 % de plus que celle-ci.",
    ),
    ("speaker-2", "La hausse vient surtout de l'hébergement, qui passe de 31 000 à 38 500 euros."),
    ("speaker-3", "Est-ce que cela comprend la sauvegarde sur le second site ?"),
    ("speaker-2", "Oui, la sauvegarde est comprise, mais pas la migration, que nous avons prévue à part."),
    ("speaker-1", "Très bien. Qui est d'accord pour voter le budget tel qu'il est présenté ?"),
    ("speaker-3", "D'accord pour moi."),
    ("speaker-2", "D'accord aussi, évidemment."),
    ("speaker-1", "Le budget est donc adopté à l'unanimité. Passons au déménagement."),
    ("speaker-3", "Le bail se termine le 30 juin. J'ai visité trois bureaux, dont un près de la gare."),
    ("speaker-3", "Celui de la gare est le moins cher, mais il faut refaire le câblage."),
    ("speaker-2", "Il me faudrait les trois devis avant vendredi pour que nous puissions décider."),
    ("speaker-3", "Je te les envoie avant vendredi, sans faute."),
    ("speaker-1", "Reste à savoir qui s'occupe de prévenir l'assurance. On en reparle la prochaine fois."),
    ("speaker-1", "Merci à tous, bonne fin de journée."),
)

NAMES = {"speaker-1": "Camille Martin", "speaker-2": "Zoë Lefèvre", "speaker-3": "Speaker 3"}


def transcript(
    said: Sequence[tuple[str, str]] = SAID,
    names: dict[str, str] | None = None,
    *,
    recording: UUID = RECORDING,
    language: str = "fr",
    doubtful: Sequence[int] = (5, 12),
    gaps: bool = True,
) -> TranscriptDocument:
    """Word after word, with a pause where speakers take turns, and one gap in the middle."""
    names = NAMES if names is None else names
    clock, segments = 1.2, []
    silence: list[Span] = []
    for number, (speaker, text) in enumerate(said, 1):
        words = []
        for place, word in enumerate(text.split(" ")):
            length = _WORD_SECONDS * (0.5 + len(word) / 9)
            likely = 0.35 if number in doubtful and place % 5 == 2 else 0.93
            words.append(
                AttributedWord(
                    start=round(clock, 2),
                    end=round(clock + length, 2),
                    text=f" {word}",
                    probability=likely,
                    speaker=speaker,
                )
            )
            clock += length
        segments.append(
            TranscriptSegment(
                id=f"s{number}",
                speaker=speaker,
                start=words[0].start,
                end=words[-1].end,
                text=text,
                words=tuple(words),
                doubts=(Doubt.LOW_PROBABILITY,) if number in doubtful else (),
            )
        )
        clock += _PAUSE_SECONDS
        if gaps and number == len(said) // 2:
            silence.append(Span(start=round(clock, 2), end=round(clock + 4.0, 2)))
            clock += 5
    seconds = {
        speaker: sum(segment.end - segment.start for segment in segments if segment.speaker == speaker)
        for speaker in names
    }
    spoken = sum(seconds.values())
    return TranscriptDocument(
        recording_id=recording,
        language=language,
        duration=round(clock + 1, 2),
        speakers=tuple(
            Speaker(
                id=speaker,
                label=label,
                evidence=SpeakerEvidence.VOICE if label.startswith("Speaker") else SpeakerEvidence.ACTIVITY,
                confidence=None if label.startswith("Speaker") else 0.94,
                speech_seconds=round(seconds[speaker], 2),
            )
            for speaker, label in names.items()
        ),
        segments=tuple(segments),
        coverage=Coverage(
            speech_seconds=spoken + sum(gap.end - gap.start for gap in silence),
            transcribed_seconds=spoken,
            gaps=tuple(silence),
        ),
    )


def minutes(recording: UUID = RECORDING) -> MinutesDocument:
    return MinutesDocument(
        recording_id=recording,
        engine=Engine.LANGUAGE_MODEL,
        model=Model(name="mistral-small", revision="2503"),
        language="fr",
        dropped_claims=1,
        summary=(
            Statement(
                text="Le budget, de 240 000 euros, augmente de 4 %, surtout par l'hébergement.",
                cites=("s3", "s4"),
            ),
            Statement(
                text="Trois bureaux ont été visités ; celui de la gare coûte le moins.",
                cites=("s11", "s12"),
            ),
        ),
        topics=(
            Topic(
                title="Budget",
                text="L'hébergement et la sauvegarde expliquent la hausse.",
                cites=("s4", "s5", "s6"),
            ),
        ),
        decisions=(Statement(text="Le budget est adopté à l'unanimité.", cites=("s7", "s8", "s9", "s10")),),
        actions=(
            Action(
                text="Zoë attend les devis.",
                who="Speaker 3",
                what="Envoyer les trois devis à Zoë Lefèvre.",
                due="avant vendredi",
                cites=("s13", "s14"),
            ),
        ),
        questions=(Statement(text="Qui prévient l'assurance ?", cites=("s15",)),),
    )


def document(
    title: str,
    people: Sequence[MeetingPerson],
    *,
    recording: UUID = RECORDING,
    names: Sequence[str] = ("Camille Martin", "Zoë Lefèvre", "Aïssatou Diallo"),
) -> RecordingDocument:
    return RecordingDocument(
        recording_id=recording,
        title=title,
        started_at=START,
        people=tuple(people),
        participants=tuple(Participant(id=f"p{number}", name=name) for number, name in enumerate(names, 1)),
    )


def long_transcript(
    *, words: int = 20_000, speakers: int = 12, recording: UUID = RECORDING, seed: int = 1
) -> TranscriptDocument:
    """About two hours, as a dozen people would talk in them."""
    rng = random.Random(seed)
    vocabulary = " ".join(text for _, text in SAID).split()
    said, count = [], 0
    while count < words:
        length = rng.randint(4, 55)
        said.append((f"speaker-{rng.randint(1, speakers)}", " ".join(rng.choices(vocabulary, k=length))))
        count += length
    named = ("Camille Martin", "Zoë Lefèvre", "Maximilienne-Bérengère de La Rochefoucauld-Montmorency")
    names = {
        f"speaker-{number}": named[number - 1] if number <= len(named) else f"Speaker {number}"
        for number in range(1, speakers + 1)
    }
    return transcript(said, names, recording=recording, doubtful=tuple(range(9, len(said), 40)))
