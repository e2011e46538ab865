"""``events.xml`` as BigBlueButton archives it."""

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

MEETING = "183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1730000000000"
STARTED = 1_730_000_000.0
TITLE = "Réunion d'équipe"
# What the server's clock shows when the meeting begins; it counts from when the server was started.
_UPTIME = 13_749_525_124
_NONE: Mapping[str, str] = {}

Event = ElementTree.Element


def event(kind: str, at: float, /, *, module: str = "VOICE", utc: bool = True, **fields: object) -> Event:
    """An event ``at`` seconds after the meeting's beginning."""
    made = ElementTree.Element("event", timestamp=str(_clock(at)), module=module, eventname=kind)
    if utc:
        fields |= {"timestampUTC": round((STARTED + at) * 1000)}
    for field, value in fields.items():
        ElementTree.SubElement(made, field).text = str(value)
    return made


def joins(at: float, user: str, name: str, *, external: str | None = None) -> list[Event]:
    """Somebody enters the meeting, and then its audio."""
    return [
        event(
            "ParticipantJoinEvent",
            at,
            module="PARTICIPANT",
            role="VIEWER",
            userId=user,
            externalUserId=external or user,
            name=name,
        ),
        event("ParticipantJoinedEvent", at + 0.5, participant=user, callername=name, muted="false"),
    ]


def talks(user: str, start: float, end: float | None = None) -> list[Event]:
    """Somebody talks; without an ``end`` nothing tells of it."""
    said = [event("ParticipantTalkingEvent", start, participant=user, talking="true")]
    if end is not None:
        said.append(event("ParticipantTalkingEvent", end, participant=user, talking="false"))
    return said


def marks(*times: float) -> list[Event]:
    """The button pressed at each of these times."""
    return [
        event("RecordStatusEvent", at, module="PARTICIPANT", status="true" if number % 2 == 0 else "false")
        for number, at in enumerate(times)
    ]


def records(name: str, start: float, end: float | None = None) -> list[Event]:
    """A file that FreeSWITCH has written."""
    path = f"/var/freeswitch/meetings/{name}"
    told = [event("StartRecordingEvent", start, filename=path, recordingTimestamp=_clock(start) - 2)]
    if end is not None:
        told.append(event("StopRecordingEvent", end, filename=path, recordingTimestamp=_clock(end)))
    return told


def publishes(user: str, name: str, start: float, end: float, *, source: str = "microphone") -> list[Event]:
    """A file of one participant, which LiveKit has written."""
    path = f"/var/lib/bbb-webrtc-recorder/{name}"
    return [
        event(kind, at, module="bbb-webrtc-sfu", filename=path, userId=user, source=source)
        for kind, at in (("AudioTrackPublishedEvent", start), ("AudioTrackUnpublishedEvent", end))
    ]


def ends(at: float) -> list[Event]:
    return [event("EndAndKickAllEvent", at, module="PARTICIPANT", reason="ENDED_AFTER_USER_LOGGED_OUT")]


def document(
    *events: Iterable[Event], title: str = TITLE, meeting: str = MEETING, metadata: Mapping[str, str] = _NONE
) -> bytes:
    """All of them, by time, as the archive has them; ``metadata`` is what the meeting was created with."""
    root = ElementTree.Element("recording", meeting_id=meeting, bbb_version="3.0.4")
    ElementTree.SubElement(root, "meeting", id=meeting, externalId="team", name=title, breakout="false")
    ElementTree.SubElement(
        root, "metadata", {**metadata, "isBreakout": "false", "meetingId": "team", "meetingName": title}
    )
    told = [one for several in events for one in several]
    root.extend(sorted(told, key=lambda one: int(one.attrib["timestamp"])))
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def _clock(at: float) -> int:
    return _UPTIME + round(at * 1000)
