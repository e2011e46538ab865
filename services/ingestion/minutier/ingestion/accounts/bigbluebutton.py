"""BigBlueButton's account of a meeting: the ``events.xml`` of its raw archive.

Every event has a ``timestamp`` in milliseconds of the server's monotonic clock. A single offset, taken from
the first event that also has the time of day, turns all of them into times since 1970, so that a clock that
is set during a meeting moves nothing. BigBlueButton itself places audio by these events.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, SubElement

from defusedxml.ElementTree import ParseError, iterparse, tostring

from minutier.ingestion.accounts.domain import Account, Talk, UnreadableAccount, display_name
from minutier.ingestion.spans import Span, merged, within

# The internal id of a meeting ends in the time of its creation, in milliseconds since 1970.
_CREATED = re.compile(r"-(\d{13})$")

_TELLING = frozenset(
    {
        "ParticipantJoinEvent",
        "ParticipantJoinedEvent",
        "ParticipantTalkingEvent",
        "ParticipantMutedEvent",
        "ParticipantLeftEvent",
        "RecordStatusEvent",
        "StartRecordingEvent",
        "StopRecordingEvent",
        "AudioTrackPublishedEvent",
        "AudioTrackUnpublishedEvent",
        "AudioGroupCreatedEvent",
        "AudioGroupUpdatedEvent",
    }
)

# Milliseconds; a number beyond them is no time.
_LATEST = 10**14
# Starts and ends of elements within one event; that of a presentation has some for every slide.
_LARGEST = 100_000


@dataclass(frozen=True)
class AudioFile:
    """A file of the archive's audio, from ``start`` to ``end``, in seconds since 1970.

    ``name`` is that of the file, without folder and suffix, which archiving may have changed.
    ``participant`` is whom it is a recording of, where everybody has a file of their own; ``screen`` says
    that it is the sound of what they shared, and not their voice.
    """

    name: str
    start: float
    end: float
    participant: str | None = None
    screen: bool = False


@dataclass(frozen=True)
class Meeting:
    """What ``events.xml`` tells of a meeting; ``audio`` is by name, in the order of starts.

    ``owner`` is what whoever created the meeting gave as ``meta_minutier-owner``.
    """

    title: str | None
    owner: str | None
    account: Account
    audio: Mapping[str, AudioFile]

    def file_named(self, name: str) -> AudioFile | None:
        """The file that was sent under this name."""
        return self.audio.get(_stem(name))

    def was_recording(self, file: AudioFile) -> bool:
        """Whether anything in a file lies within the recording marks."""
        return bool(within([(file.start, file.end)], self.account.recorded or ()))


def read(file: Path) -> Account:
    """Raises `UnreadableAccount`."""
    return read_meeting(file).account


def read_meeting(file: Path) -> Meeting:
    """Read a whole ``events.xml``, an event at a time. Raises `UnreadableAccount`.

    A meeting in which nobody pressed the button has ``recorded=()``, as it has for BigBlueButton, which
    processes no such meeting. One that records by itself has a mark at its beginning.
    """
    log = _Log()
    try:
        for element in _children(file):
            log.take(element)
        return log.meeting()
    # What defusedxml refuses is a ValueError too, and an encoding that nobody knows a LookupError.
    except (ParseError, ValueError, LookupError):
        raise UnreadableAccount("not an account of BigBlueButton's") from None


def condense(file: Path, into: Path) -> None:
    """Write an ``events.xml`` that reads the same, without what was drawn, shown and written in the meeting.

    ``file`` is one that was read.
    """
    with into.open("wb") as target:
        target.write(b"<recording>")
        target.writelines(map(tostring, _telling(_children(file))))
        target.write(b"</recording>")


def _telling(elements: Iterable[Element]) -> Iterator[Element]:
    """What is needed of them; of the other events only those that tell the time of day, and the end."""
    timed = False
    latest: Element | None = None
    for element in elements:
        if element.tag != "event":
            yield element
            continue
        told = element if element.get("eventname") in _TELLING else _bare(element)
        if told is element or not timed:
            yield told
            timed = timed or bool(_text(told, "timestampUTC"))
        elif latest is None or _milliseconds(told.get("timestamp")) > _milliseconds(latest.get("timestamp")):
            latest = told
    if latest is not None:
        yield latest


def _bare(event: Element) -> Element:
    """An event that tells nothing but its time."""
    bare = Element("event", timestamp=event.get("timestamp", ""))
    SubElement(bare, "timestampUTC").text = event.findtext("timestampUTC")
    return bare


def _children(file: Path) -> Iterator[Element]:
    """The children of the root, each of which is gone when the next one comes, and none of which is vast."""
    elements = iterparse(file, events=("start", "end"), forbid_dtd=True)
    _, root = next(elements)
    if root.tag != "recording":
        raise ValueError("another document")
    depth = 1
    within = 0
    for kind, element in elements:
        depth += 1 if kind == "start" else -1
        within += 1
        if within > _LARGEST:
            raise ValueError("larger than any event")
        if kind == "end" and depth == 1:
            yield element
            root.clear()
            within = 0


@dataclass
class _Recorded:
    """A file of audio; milliseconds of the server's clock."""

    start: int
    end: int | None = None
    participant: str | None = None
    screen: bool = False


class _Log:
    """Gathers what the events tell, in milliseconds of the server's clock."""

    def __init__(self) -> None:
        self._title: str | None = None
        self._owner: str | None = None
        self._created: int | None = None
        self._first: int | None = None
        self._last = 0
        self._offset: int | None = None
        self._names: dict[str, str] = {}
        self._callers: dict[str, str] = {}
        self._same_person: dict[str, str] = {}
        self._persons: dict[tuple[str, str], str] = {}
        self._talking: dict[str, int] = {}
        self._talks: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._recording_since: int | None = None
        self._recorded: list[tuple[int, int]] = []
        self._audio: dict[str, _Recorded] = {}
        self._in_groups: set[str] = set()

    def take(self, element: Element) -> None:
        """Take in a child of the root."""
        if element.tag == "meeting":
            self._title = self._title or element.get("name")
            if created := _CREATED.search(element.get("id", "")):
                self._created = int(created[1])
        elif element.tag == "metadata":
            self._title = element.get("meetingName") or self._title
            self._owner = element.get("minutier-owner")
        elif element.tag == "event":
            at = _milliseconds(element.get("timestamp"))
            if self._first is None:
                self._first = at
            self._last = max(self._last, at)
            if self._offset is None and (utc := _text(element, "timestampUTC")):
                self._offset = _milliseconds(utc) - at
            self._take_event(element, at)

    def _take_event(self, event: Element, at: int) -> None:
        match event.get("eventname"):
            case "ParticipantJoinEvent":
                self._join(_text(event, "userId"), _text(event, "externalUserId"), _text(event, "name"))
            case "ParticipantJoinedEvent":
                self._callers.setdefault(_text(event, "participant"), _text(event, "callername"))
            case "ParticipantTalkingEvent" if _text(event, "talking") == "true":
                self._talking.setdefault(_text(event, "participant"), at)
            case "ParticipantTalkingEvent":
                self._fall_silent(_text(event, "participant"), at)
            case "ParticipantMutedEvent" if _text(event, "muted") == "true":
                # Whoever is muted while they talk is not told of as silent.
                self._fall_silent(_text(event, "participant"), at)
            case "ParticipantLeftEvent":
                self._fall_silent(_text(event, "participant") or _text(event, "userId"), at)
            case "RecordStatusEvent":
                self._mark(_text(event, "status") == "true", at)
            case "StartRecordingEvent":
                self._begin(event, _Recorded(at))
            case "AudioTrackPublishedEvent":
                screen = _text(event, "source") == "screen_share_audio"
                self._begin(event, _Recorded(at, participant=_text(event, "userId") or None, screen=screen))
            case "StopRecordingEvent" | "AudioTrackUnpublishedEvent":
                if file := self._audio.get(_stem(_text(event, "filename"))):
                    file.end = at
            case "AudioGroupCreatedEvent" | "AudioGroupUpdatedEvent":
                self._in_groups.update(_text(event, "senders").split(","))

    def _begin(self, event: Element, file: _Recorded) -> None:
        if name := _stem(_text(event, "filename")):
            self._audio.setdefault(name, file)

    def _join(self, user: str, external: str, name: str) -> None:
        """Whoever comes back is another user to BigBlueButton, with the same external id and name."""
        first = self._persons.setdefault((external, name), user) if external else user
        self._same_person[user] = first
        if name:
            self._names[first] = name

    def _fall_silent(self, user: str, at: int) -> None:
        if (since := self._talking.pop(user, None)) is not None:
            self._talks[user].append((since, at))

    def _mark(self, recording: bool, at: int) -> None:
        if recording and self._recording_since is None:
            self._recording_since = at
        elif not recording and self._recording_since is not None:
            self._recorded.append((self._recording_since, at))
            self._recording_since = None

    def meeting(self) -> Meeting:
        """All of it, once there are no more events. Raises `ValueError` where no time of day is told."""
        self._mark(False, self._last)
        for user in list(self._talking):
            self._fall_silent(user, self._last)
        callers = {user: name for user, name in self._callers.items() if user not in self._same_person}
        called = (callers | self._names).items()
        names = {user: shown for user, name in called if (shown := display_name(name)) is not None}
        talks: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for user, spans in self._talks.items():
            talks[self._same_person.get(user, user)] += spans
        told = [
            Talk(user, start, end)
            for user, spans in talks.items()
            if user in names
            for start, end in self._since_1970(spans)
        ]
        return Meeting(
            title=(self._title or "").strip() or None,
            owner=self._owner,
            account=Account(
                names=names,
                talks=tuple(sorted(told, key=lambda talk: (talk.start, talk.participant))),
                recorded=self._since_1970(self._recorded),
            ),
            audio={file.name: file for file in sorted(self._audio_files(), key=lambda file: file.start)},
        )

    def _audio_files(self) -> Iterator[AudioFile]:
        for name, file in self._audio.items():
            # What was said in a group apart is not the meeting's, and which part of a file it is is not told.
            if file.participant in self._in_groups and not file.screen:
                continue
            yield AudioFile(
                name,
                start=self._seconds(file.start),
                end=self._seconds(self._last if file.end is None else file.end),
                participant=file.participant and self._same_person.get(file.participant, file.participant),
                screen=file.screen,
            )

    def _since_1970(self, spans: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
        """By start, each moment once."""
        return tuple(merged((self._seconds(start), self._seconds(end)) for start, end in spans))

    def _seconds(self, at: int) -> float:
        if self._offset is None:
            if self._created is None or self._first is None:
                raise ValueError("no event has a time of day")
            # Before version 2.1 events had no other time; the first one is the meeting's creation.
            self._offset = self._created - self._first
        return (at + self._offset) / 1000


def _text(event: Element, field: str) -> str:
    return (event.findtext(field) or "").strip()


def _milliseconds(text: str | None) -> int:
    value = int(text or "")
    if abs(value) > _LATEST:
        raise ValueError("beyond any calendar")
    return value


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
