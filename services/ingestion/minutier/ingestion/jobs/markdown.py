"""Transcripts and minutes in Markdown, as documents for people."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from minutier.schemas.documents import MinutesDocument, Statement, Topic, TranscriptDocument

_SPECIAL = re.compile(r"([\\`*_\[\]<>~#|])")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>~#|])")


@dataclass(frozen=True)
class _Locale:
    """The sentences around what was said; ``{}`` is a link, or a title."""

    download: str
    form: str
    unknown: str
    silence: str
    summary_of: str
    nothing: str
    summary: str
    topics: str
    decisions: str
    actions: str
    questions: str


_LOCALES = {
    "en": _Locale(
        download="[Download the recording]({})",
        form="[Tell us what you think of this transcript]({})",
        unknown="Unknown",
        silence="Nothing was said in this recording.",
        summary_of="Summary of {}",
        nothing="There was nothing to summarise.",
        summary="Summary",
        topics="Topics",
        decisions="Decisions",
        actions="Actions",
        questions="Open questions",
    ),
    "fr": _Locale(
        download="[Télécharger l’enregistrement]({})",
        form="[Donner votre avis sur cette transcription]({})",
        unknown="Inconnu",
        silence="Rien n’a été dit dans cet enregistrement.",
        summary_of="Résumé de {}",
        nothing="Il n’y avait rien à résumer.",
        summary="Résumé",
        topics="Sujets",
        decisions="Décisions",
        actions="Actions",
        questions="Questions ouvertes",
    ),
    "de": _Locale(
        download="[Aufnahme herunterladen]({})",
        form="[Sagen Sie uns, was Sie von diesem Transkript halten]({})",
        unknown="Unbekannt",
        silence="In dieser Aufnahme wurde nichts gesagt.",
        summary_of="Zusammenfassung von {}",
        nothing="Es gab nichts zusammenzufassen.",
        summary="Zusammenfassung",
        topics="Themen",
        decisions="Beschlüsse",
        actions="Aufgaben",
        questions="Offene Fragen",
    ),
    "nl": _Locale(
        download="[De opname downloaden]({})",
        form="[Laat ons weten wat u van dit transcript vindt]({})",
        unknown="Onbekend",
        silence="In deze opname is niets gezegd.",
        summary_of="Samenvatting van {}",
        nothing="Er was niets om samen te vatten.",
        summary="Samenvatting",
        topics="Onderwerpen",
        decisions="Besluiten",
        actions="Acties",
        questions="Open vragen",
    ),
}


def transcript(
    document: TranscriptDocument,
    *,
    language: str | None = None,
    download_link: str | None = None,
    form_link: str | None = None,
) -> str:
    """A paragraph ``**Speaker**: words`` for each time somebody speaks.

    The sentences around it are in ``language``, or the transcript's own, or English.
    """
    locale = _locale(language, document.language)
    labels = {speaker.id: speaker.label for speaker in document.speakers}
    blocks = [locale.download.format(_target(download_link))] if download_link else []
    said = [segment for segment in document.segments if segment.text.strip()]
    for speaker, segments in groupby(said, key=lambda segment: segment.speaker):
        label = labels.get(speaker, locale.unknown)
        words = " ".join(segment.text.strip() for segment in segments)
        blocks.append(f"**{_inert(label)}**: {_inert(words)}")
    if not said:
        blocks.append(locale.silence)
    if form_link:
        blocks.append(locale.form.format(_target(form_link)))
    return "\n\n".join(blocks) + "\n"


def minutes(document: MinutesDocument, *, language: str | None = None) -> str:
    """A heading and a list for each part that there is; headings as for `transcript`."""
    locale = _locale(language, document.language)
    parts: tuple[tuple[str, Sequence[Statement]], ...] = (
        (locale.summary, document.summary),
        (locale.topics, document.topics),
        (locale.decisions, document.decisions),
        (locale.actions, document.actions),
        (locale.questions, document.questions),
    )
    blocks = [f"## {title}\n\n" + "\n".join(_items(statements)) for title, statements in parts if statements]
    return "\n\n".join(blocks or [locale.nothing]) + "\n"


def summary_title(title: str, *, language: str | None) -> str:
    """The title of the summary of what has this title."""
    return _locale(language).summary_of.format(title)


def unescaped(text: str) -> str:
    """What Markdown shows of a text in which every special character may be escaped."""
    return _ESCAPED.sub(r"\1", text)


def _items(statements: Sequence[Statement]) -> Iterator[str]:
    for statement in statements:
        title = f"**{_inert(statement.title)}**: " if isinstance(statement, Topic) else ""
        yield f"- {title}{_inert(statement.text)}"


def _inert(text: str) -> str:
    """On one line, and shown as it was said: what people say is no markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _target(link: str) -> str:
    """A link's target, which ends nowhere but at its end."""
    return f"<{link.replace('<', '%3C').replace('>', '%3E')}>"


def _locale(*languages: str | None) -> _Locale:
    return next((_LOCALES[language] for language in languages if language in _LOCALES), _LOCALES["en"])
