"""A disposal record in words, with all that it holds and the proof that the log has it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from minutier.retention.records.sheet import Fact, Section, Sheet, Table, moment, number
from minutier.retention.records.words import WORDS, Words
from minutier.schemas.records import DisposalProof, DisposalRecord, ErasedPerson, Quantity
from minutier.shared.documents.scripts import breakable
from minutier.shared.pages.preferences import Language
from minutier.shared.rendering import line

# Of the objects that a record names; setting all of ten thousand takes half a minute.
MOST_SHOWN = 1000


def document(proof: DisposalProof, language: Language) -> Sheet:
    words, record = WORDS[language], proof.entry.record
    return Sheet(
        title=words.record,
        lead=words.lead,
        date=record.issued_at,
        language=language,
        page=words.page,
        sections=tuple(_Written(words, language).sections(proof)),
    )


class _Written:
    def __init__(self, words: Words, language: Language) -> None:
        self._words = words
        self._language = language

    def sections(self, proof: DisposalProof) -> Iterator[Section]:
        words, record = self._words, proof.entry.record
        yield Section(words.destroyed, tuple(self._destroyed(record)))
        if record.person is not None:
            yield Section(words.person, tuple(self._person(record.person)), lead=words.person_lead)
        yield Section(words.right, tuple(self._right(record)))
        times = (
            (words.ordered, record.ordered_at),
            (words.executed, record.executed_at),
            (words.verified, record.verified_at),
            (words.issued, record.issued_at),
        )
        yield Section(words.times, tuple(Fact(name, self._moment(at)) for name, at in times))
        approval = record.approval
        approved = (
            Fact(words.approved_inventory, approval.inventory, exact=True),
            Fact(words.proposal_entry, approval.proposal, exact=True),
            Fact(words.approval_entry, approval.approval, exact=True),
        )
        yield Section(words.approval, approved)
        amounts = (words.place, words.count, words.size)
        found = [self._amount(each) for each in record.inventory]
        yield Section(words.found, table=Table(amounts, (4, 1, 1), found, numbers=(1, 2)))
        erased = [
            (answer.service, *self._amount(each)) for answer in record.answers for each in answer.erased
        ]
        yield Section(
            words.erased, table=Table((words.service, *amounts), (2, 3, 1, 1), erased, numbers=(2, 3))
        )
        if record.objects:
            objects = [
                (self._number(place), each.sha256, self._number(each.size))
                for place, each in enumerate(record.objects[:MOST_SHOWN], 1)
            ]
            more = len(record.objects) - len(objects)
            heads = (words.number, "SHA-256", words.size)
            yield Section(
                words.objects,
                table=Table(heads, (0.5, 5, 1), objects, numbers=(0, 2), exact=(1,)),
                lead=words.more_objects.format(self._number(more)) if more else None,
            )
        yield Section(words.proof, tuple(self._proof(proof)), lead=words.proof_lead)

    def _destroyed(self, record: DisposalRecord) -> Iterator[Fact]:
        words = self._words
        yield Fact(words.recording, str(record.recording_id), exact=True)
        kinds = ", ".join(words.kinds[kind] for kind in record.kinds)
        yield Fact(words.extent, f"{words.whole} ({kinds})" if record.whole else kinds)
        yield Fact(words.cause, words.causes[record.cause])
        if record.repeats is not None:
            yield Fact(words.repeats, str(record.repeats), exact=True)

    def _person(self, person: ErasedPerson) -> Iterator[Fact]:
        words = self._words
        counts = (words.segments, person.segments), (words.spoken, person.words), (words.turns, person.turns)
        for name, count in counts:
            yield Fact(name, self._number(count))
        yield Fact(words.silence, words.seconds.format(self._number(person.silenced_milliseconds / 1000)))
        yield Fact(words.overlap, words.overlaps[person.overlap])
        yield Fact(words.voices, _text(", ".join(person.speakers)))
        yield Fact(words.transcript, person.transcript, exact=True)

    def _right(self, record: DisposalRecord) -> Iterator[Fact]:
        words, rule = self._words, record.rule
        yield Fact(words.legal_basis, _text(rule.legal_basis))
        if rule.policy is not None:
            yield Fact(words.policy, words.version.format(_text(rule.policy.name), rule.policy.version))
            yield Fact("", str(rule.policy.id), exact=True)
        if rule.visa is not None:
            yield Fact(words.visa, _text(rule.visa))

    def _proof(self, proof: DisposalProof) -> Iterator[Fact]:
        words, entry, head = self._words, proof.entry, proof.head
        record = entry.record
        yield Fact(words.id, str(record.id), exact=True)
        yield Fact(words.purge, str(record.purge_id), exact=True)
        yield Fact(words.tenant, record.tenant)
        yield Fact(words.index, self._number(record.index))
        yield Fact(words.key, entry.key_id, exact=True)
        yield from self._lines(words.signature, _halves(entry.signature))
        yield Fact(words.head, self._moment(head.head.issued_at))
        yield Fact(words.tree_size, self._number(head.head.tree_size))
        yield Fact(words.root, head.head.root, exact=True)
        yield Fact(words.key, head.key_id, exact=True)
        yield from self._lines(words.signature, _halves(head.signature))
        yield from self._lines(words.path, proof.path)

    def _amount(self, quantity: Quantity) -> tuple[str, str, str]:
        place = self._words.places.get(quantity.place, quantity.place.replace("_", " "))
        size = "" if quantity.bytes is None else self._number(quantity.bytes)
        return place, self._number(quantity.count), size

    def _lines(self, name: str, values: Iterable[str]) -> Iterator[Fact]:
        for place, value in enumerate(values):
            yield Fact("" if place else name, value, exact=True)

    def _moment(self, at: datetime) -> str:
        return moment(at, self._language, self._words.moment)

    def _number(self, value: float) -> str:
        return number(value, self._language)


def _text(given: str) -> str:
    """What somebody has written."""
    return breakable(line(given))


def _halves(signature: str) -> tuple[str, str]:
    return signature[:64], signature[64:]
