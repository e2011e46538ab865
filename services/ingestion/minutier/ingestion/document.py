"""What is written down of a recording: what the announcement and the meeting server's account tell."""

from collections import defaultdict

from minutier.ingestion.accounts.domain import Account
from minutier.ingestion.people import people_of
from minutier.ingestion.spans import Span, shifted, within
from minutier.schemas import base
from minutier.schemas.documents import Activity, Participant, RecordingDocument
from minutier.schemas.events import AnnouncedTrack, RecordingAnnounced
from minutier.shared.errors import Permanent

# A server's clock may go wrong by minutes, and attribution estimates by how much.
_ASTRAY_SECONDS = 600.0


def participant_id(number: int) -> str:
    """Of the participant with this number; those with a track come first, in the tracks' order."""
    return f"p{number + 1}"


def marks(event: RecordingAnnounced, account: Account) -> list[Span] | None:
    """When the meeting was being recorded, in seconds of the meeting; ``None`` where nobody marked it.

    Raises `Permanent` where nobody told when the meeting began: a mark in the wrong place would give away
    what was not to be recorded.
    """
    if account.recorded is None:
        return None
    if event.data.started_at is None:
        raise Permanent("marks_without_beginning")
    return shifted(account.recorded, -event.data.started_at.timestamp())


def describe(
    event: RecordingAnnounced, account: Account, *, duration: float, owner: str | None = None
) -> RecordingDocument:
    """The recording document, of a recording of ``duration`` seconds.

    ``owner`` is the e-mail of the one whose it is as long as nobody says otherwise.

    Those with a track come first, then whom the account names besides, then whom the announcement names
    and neither has. Who has a track is whom the account knows by the same id, and is called as it calls
    them. Nobody is taken for another because they have the same name.
    """
    recorded = marks(event, account)
    bounds = [(-_ASTRAY_SECONDS, duration + _ASTRAY_SECONDS)]
    return supplement(event, account).model_copy(
        update={
            "default_owner": owner,
            "activity": _activity(event, account, bounds if recorded is None else within(recorded, bounds)),
            "recorded": None
            if recorded is None
            else tuple(base.Span(start=start, end=end) for start, end in within(recorded, [(0.0, duration)])),
        }
    )


def supplement(event: RecordingAnnounced, account: Account) -> RecordingDocument:
    """What is told of the meeting, and nothing of its sound: who was there, and what it is called."""
    return RecordingDocument(
        recording_id=event.subject,
        title=event.data.title,
        started_at=event.data.started_at,
        people=people_of(event, account),
        participants=tuple(
            Participant(id=participant_id(number), name=name)
            for number, name in enumerate(_names(event, account))
        ),
    )


def _without_track(event: RecordingAnnounced, account: Account) -> list[str]:
    with_track = {track.external_id for track in event.data.tracks}
    return [theirs for theirs in account.names if theirs not in with_track]


def _names(event: RecordingAnnounced, account: Account) -> list[str]:
    """By the participants' numbers."""
    names = [_name(track, account) for track in event.data.tracks]
    names += [account.names[theirs] for theirs in _without_track(event, account)]
    return names + [name for name in dict.fromkeys(event.data.participants) if name not in {*names}]


def _numbers(event: RecordingAnnounced, account: Account) -> dict[str | None, int]:
    """By the meeting server's own ids."""
    tracks = event.data.tracks
    # Of several tracks of one participant, who came back, the first has the activity.
    numbers = {track.external_id: number for number, track in reversed([*enumerate(tracks)])}
    others = enumerate(_without_track(event, account), start=len(tracks))
    return numbers | {theirs: number for number, theirs in others}


def _name(track: AnnouncedTrack, account: Account) -> str:
    if track.external_id is None:
        return track.participant
    return account.names.get(track.external_id, track.participant)


def _activity(event: RecordingAnnounced, account: Account, bounds: list[Span]) -> tuple[Activity, ...]:
    """By start, each moment of a participant once; of whom no name is known, nothing is told.

    Where nobody told when the meeting began, it is when somebody was first heard.
    """
    numbers = _numbers(event, account)
    spans: dict[str, list[Span]] = defaultdict(list)
    for talk in account.talks:
        if talk.participant in numbers:
            spans[participant_id(numbers[talk.participant])].append((talk.start, talk.end))
    if event.data.started_at is not None:
        beginning = event.data.started_at.timestamp()
    else:
        beginning = min((talk.start for talk in account.talks), default=0.0)
    told = [
        Activity(participant=participant, start=start, end=end)
        for participant, theirs in spans.items()
        for start, end in within(shifted(theirs, -beginning), bounds)
    ]
    return tuple(sorted(told, key=lambda each: (each.start, each.end, each.participant)))
