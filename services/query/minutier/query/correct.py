"""The use case: a person who was there says who a speaker is."""

from minutier.query.domain import Entry
from minutier.query.ports import Documents, Transactions
from minutier.schemas.documents import CorrectionDocument, TranscriptDocument
from minutier.schemas.events import Corrected, SpeakerCorrected, Stage
from minutier.shared.artefacts import artefact_version

SOURCE = "minutier/query"


class UnknownSpeaker(Exception):
    """The transcript has no such speaker."""


async def correct(
    entry: Entry,
    transcript: TranscriptDocument,
    speaker: str,
    name: str | None,
    *,
    documents: Documents,
    transactions: Transactions,
) -> None:
    """Keep who ``speaker`` is, and tell of it; without a ``name`` the evidence counts again.

    Whoever makes the transcript hears of it and makes a new one. The name stays in the object store, for
    events hold none. Raises `UnknownSpeaker`.
    """
    if speaker not in {known.id for known in transcript.speakers}:
        raise UnknownSpeaker
    correction = CorrectionDocument(recording_id=entry.id, speaker=speaker, name=name)
    ref = await documents.store(
        correction,
        tenant=entry.tenant,
        stage=Stage.ATTRIBUTION,
        version=artefact_version(correction.model_dump_json()),
    )
    data = Corrected(speaker=speaker, correction=ref)
    async with transactions() as transaction:
        transaction.publish(SpeakerCorrected.of(entry.id, tenant=entry.tenant, source=SOURCE, data=data))
