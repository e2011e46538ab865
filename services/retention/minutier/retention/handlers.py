"""From events to what is known of a recording, and to what a hold on it is for."""

from collections.abc import Sequence

from minutier.retention.erasures.repository import Files
from minutier.retention.holds.follow import follow_facts
from minutier.retention.holds.repository import Boards
from minutier.retention.policies.ports import Documents
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.take_facts import Telling, take_facts, told_by
from minutier.retention.purges.execute import take_answers
from minutier.retention.purges.repository import Ledgers
from minutier.schemas.clock import now
from minutier.schemas.events import (
    AnyEvent,
    MinutesWritten,
    PurgeExecuted,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    SpeechDiarized,
    SpeechTranscribed,
    StageFailed,
    TextReceived,
    TranscriptAttributed,
    TranscriptEdited,
)
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from minutier.shared.together import Joined, Together, transaction

# So many are taken at a time: each recording has one of every service.
_ANSWERS = 100


def subscribe(
    service: Service,
    *,
    registers: Registers,
    documents: Documents,
    boards: Boards,
    ledgers: Ledgers,
    files: Files,
) -> None:
    async def on_told(event: Telling, work: Work) -> None:
        told = await told_by(event, documents=documents)
        if told is None:
            return
        async with work.transaction() as transaction:
            register = await registers.joining(transaction.session, event.tenant)
            facts = await take_facts(event.subject, told, register=register)
            holds = await boards.joining(transaction.session, event.tenant)
            await follow_facts(event.subject, facts, holds=holds)
            await holds.renew(event.subject)
            await (await files.shelf(transaction.session, event.tenant)).note(event)

    async def on_added(event: AnyEvent, work: Work) -> None:
        """Something lies in the store that a hold on the recording is for as well."""
        async with work.transaction() as transaction:
            holds = await boards.joining(transaction.session, event.tenant)
            await holds.renew(event.subject)
            await (await files.shelf(transaction.session, event.tenant)).note(event)

    async def take_all(joined: Sequence[Joined]) -> None:
        async with transaction(joined) as parts:
            told = [part.event for part in parts if isinstance(part.event, PurgeExecuted)]
            for tenant in sorted({event.tenant for event in told}):
                purges = await ledgers.joining(parts[0].session, tenant)
                theirs = [event for event in told if event.tenant == tenant]
                await take_answers(theirs, now=now(), purges=purges)

    answers = Together(take_all, most=_ANSWERS)

    async def on_executed(event: PurgeExecuted, work: Work) -> None:
        await answers.join(work)

    service.on(RecordingIngested)(on_told)
    service.on(TextReceived)(on_told)
    service.on(RecordingDescribed)(on_told)
    service.on(RecordingRejected)(on_told)
    service.on(StageFailed)(on_told)
    service.on(SpeechDiarized)(on_added)
    service.on(SpeechTranscribed)(on_added)
    service.on(TranscriptAttributed)(on_added)
    service.on(TranscriptEdited)(on_added)
    service.on(MinutesWritten)(on_added)
    service.on(PurgeExecuted, at_once=_ANSWERS)(on_executed)
