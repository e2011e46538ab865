"""The use case: somebody changes how a transcript reads."""

from collections.abc import Callable
from uuid import uuid4

from minutier.query.domain import Entry
from minutier.query.edits.asked import Asked, Refusal, Refused, concerns_speakers, layer
from minutier.query.edits.domain import AnyLayer, Author
from minutier.query.edits.ports import Editing, Editor
from minutier.query.transcripts.read import Reading, Transcripts
from minutier.schemas.clock import now
from minutier.schemas.events import Edited, TranscriptEdited
from minutier.schemas.records import Kind
from minutier.shared.errors import Permanent
from minutier.shared.identity.domain import Person

SOURCE = "minutier/query"


async def edit(
    entry: Entry,
    asked: Asked,
    person: Person,
    *,
    transcripts: Transcripts,
    editor: Editor,
    expect: Callable[[str], None],
) -> tuple[AnyLayer, Reading]:
    """Lay what was ``asked`` over the transcript of ``entry``; the layer, and how it reads then.

    ``expect`` is given the version that it is laid over, and raises where it is not meant for that.
    Minutes name speakers, so they are written anew where it is about these. Raises `Refused`, and what
    `Transcripts.read` raises.
    """
    # Read before the recording is locked, so that nobody waits for the object store.
    await transcripts.read(entry)
    async with editor(entry.tenant, entry.id) as editing:
        if editing.entry.being_erased:
            raise Refused(Refusal.PERSON_BEING_ERASED)
        before = await transcripts.under(editing.entry, editing.layers)
        expect(before.etag)
        author = Author(person.id, person.name)
        laid = layer(asked, before, id=uuid4(), author=author, now=now())
        after = await transcripts.under(editing.entry, (*before.layers, laid))
        await editing.lay(laid)
        await editing.index(after.transcript)
        if concerns_speakers(laid, before.layers):
            await tell(editing, after, transcripts=transcripts)
    return laid, after


async def carry_over(editing: Editing, *, transcripts: Transcripts) -> None:
    """Put the layers over another transcript that the machine made, and tell how it reads then.

    One that is gone already, as after a purge, is left alone.
    """
    if not editing.layers:
        return
    try:
        reading = await transcripts.under(editing.entry, editing.layers)
    except Permanent:
        return
    if reading.transcript is not reading.machine:
        await editing.index(reading.transcript)
        await tell(editing, reading, transcripts=transcripts)


async def tell(editing: Editing, reading: Reading, *, transcripts: Transcripts) -> None:
    """Whoever makes something of the transcript hears how it reads now; minutes that a purge has destroyed
    are not made again.
    """
    entry = editing.entry
    if Kind.MINUTES in entry.destroyed:
        return
    data = Edited(
        transcript=await transcripts.kept(entry, reading),
        language=reading.transcript.language,
        layers=len(reading.effective.applied),
    )
    editing.publish(TranscriptEdited.of(entry.id, tenant=entry.tenant, source=SOURCE, data=data))
