"""What the pages show, and in which words."""

import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.access.domain import Level, Origin, Share
from minutier.query.access.log import Access, Action
from minutier.query.audio.domain import Track
from minutier.query.domain import STAGES, Stage, StageState, State
from minutier.query.pages.look import LOOK
from minutier.query.pages.views import access, meetings, minutes, player, report, transcript
from minutier.query.show import Shown
from minutier.schemas.base import Model
from minutier.schemas.documents import TranscriptDocument
from minutier.shared.pages.phrases import Format, clock, fine, translations
from minutier.shared.pages.preferences import Language, Preferences, Theme, preferences
from tests.support import query_meetings as told
from tests.support.query_edits import transcripts

PARIS = Format(Language.FRENCH, ZoneInfo("Europe/Paris"))


def shown(at: datetime, **fields: object) -> Shown:
    given: dict[str, object] = {
        "id": uuid4(),
        "tenant": "acme",
        "title": "Weekly",
        "participants": (),
        "source": None,
        "state": State.COMPLETED,
        "duration": None,
        "language": None,
        "announced_at": at,
        "happened_at": at,
        "reason": None,
        "explanation": None,
        "stages": dict.fromkeys(STAGES, Stage(StageState.DONE)),
        "total_seconds": None,
        "access": "read",
    }
    return Shown(**(given | fields))  # type: ignore[arg-type]


def test_meetings_are_of_the_month_in_which_they_were_where_the_reader_is() -> None:
    # In Paris the new year has begun.
    late = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    found = meetings.months([shown(late), shown(late - timedelta(hours=1))], PARIS)
    assert [(month.first, len(month.meetings)) for month in found] == [
        (date(2026, 1, 1), 1),
        (date(2025, 12, 1), 1),
    ]
    assert PARIS.month(found[0].first) == "Janvier 2026"


def test_a_meeting_is_at_the_first_stage_that_is_not_done() -> None:
    stages = {
        "ingestion": Stage(StageState.DONE),
        "diarization": Stage(StageState.RUNNING),
        "transcription": Stage(StageState.DONE),
        "attribution": Stage(StageState.WAITING),
        "summarisation": Stage(StageState.WAITING),
    }
    at = meetings.meeting(shown(datetime.now(UTC), state=State.PROCESSING, stages=stages))
    assert (at.stage, at.done, at.steps, at.under_way) == ("diarization", 2, 5, True)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {}),
        ({"state": "", "participant": " ", "since": "", "until": "soon"}, {}),
        ({"state": "gone", "since": "0001-01-01", "until": "9999-12-31"}, {}),
        ({"state": "failed", "participant": " Zoë "}, {"state": State.FAILED, "participant": "Zoë"}),
    ],
)
def test_a_form_asks_for_what_can_be_read_of_it(given: dict[str, str], wanted: dict[str, object]) -> None:
    asked = meetings.filters(given)
    assert asked == meetings.Filters(**wanted)  # type: ignore[arg-type]
    assert asked.used == bool(wanted)


def test_days_of_a_filter_are_the_readers_and_the_last_is_included() -> None:
    asked = meetings.filters({"since": "2026-03-28", "until": "2026-03-29"}).wanted(ZoneInfo("Europe/Paris"))
    # The clocks change in the night to the 29th.
    assert asked.since is not None
    assert asked.before is not None
    assert asked.since.astimezone(UTC) == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert asked.before.astimezone(UTC) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@given(transcripts())
def test_a_transcript_is_shown_whole_and_its_words_are_where_they_are_said_to_be(
    document: TranscriptDocument,
) -> None:
    seen = transcript.transcript(document)
    assert list(seen.segments) == [segment.id for segment in document.segments]
    for segment in document.segments:
        said = seen.segments[segment.id]
        assert sum(said.lengths) == len(said.text.encode("utf-16-le")) // 2
        assert len(said.lengths) == len(said.starts) == len(segment.words) or not segment.words
        assert said.text.split() == "".join(word.text for word in segment.words).split() or not segment.words
    gaps = [gap for turn in seen.turns for said in turn.said for gap in said.gaps] + [*seen.covered.last]
    assert sorted(gaps, key=lambda gap: gap.start) == sorted(
        document.coverage.gaps, key=lambda gap: gap.start
    )
    for lane in seen.timeline.lanes:
        assert all(0 <= bar.x <= 1000 and bar.width > 0 for bar in lane.bars)
        assert all(
            one.x + one.width <= other.x + 2 for one, other in zip(lane.bars, lane.bars[1:], strict=False)
        )


def test_what_has_a_gap_is_not_all_of_it() -> None:
    document = told.long_transcript(words=2000, speakers=2)
    assert document.coverage.gaps
    assert transcript.transcript(document).covered.fraction < 1


def test_speakers_have_numbers_until_they_have_names() -> None:
    numbers = [voice.number for voice in transcript.transcript(told.transcript()).voices]
    assert numbers == [None, None, 3]


def test_what_is_said_is_heard_on_the_track_of_whom_the_machine_heard() -> None:
    machine = told.transcript()
    speakers = tuple(
        speaker.model_copy(update={"participant": participant})
        for speaker, participant in zip(machine.speakers, ("p1", "p2", None), strict=True)
    )
    machine = machine.model_copy(update={"speakers": speakers})
    tracks = (Track("p1", "Camille", 0.0, 60.0), Track("p4", "Zoë", 61.5, 30.0), Track("p5", "Zoë", 0, 9.0))
    sound = player.sound(tracks, machine)
    assert [(choice.name, choice.start, choice.end) for choice in sound.choices] == [
        ("Camille", 0.0, 60.0),
        ("Zoë · 1:01", 61.5, 91.5),
        ("Zoë · 0:00", 0, 9.0),
    ]
    # Those whose track there is not, and whom nobody knows, are looked for on none.
    assert sound.heard_on == {
        segment.id: "p1" for segment in machine.segments if segment.speaker == "speaker-1"
    }


def test_minutes_lead_to_what_is_still_there() -> None:
    document = told.transcript(told.SAID[:12])
    seen = minutes.minutes(told.minutes(), transcript.transcript(document).segments)
    assert [said.id for said in seen.sections[minutes.Section.SUMMARY][1].cites] == ["s11", "s12"]
    assert seen.sections[minutes.Section.QUESTIONS][0].cites == ()
    assert list(seen.sections) == ["summary", "decisions", "actions", "questions", "topics"]


def test_only_what_was_shared_can_be_taken_back() -> None:
    given = access.given(
        [
            Share("subject:abc", Level.OWN, None, Origin.MEETING),
            Share("email:anne@example.org", Level.READ, None, Origin.SHARE),
            Share("group:a/b", Level.EDIT, None, Origin.SHARE),
        ]
    )
    assert [share.path for share in given] == [None, "person/anne@example.org", "group/a/b"]


def test_reads_are_told_by_the_readers_day_without_what_was_looked_for() -> None:
    late = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    reads = [
        Access(3, late, "a", "Anne", Action.SEARCH, None, {"query": "secret", "recordings": []}),
        Access(2, late - timedelta(hours=1), "a", "Anne", Action.EXPORT, UUID(int=1), {"format": "pdf"}),
    ]
    days = access.days(reads, PARIS)
    assert [len(day.reads) for day in days] == [1, 1]
    assert days[1].reads[0].format == "pdf"
    assert "secret" not in repr(days)


def test_a_report_names_the_models_and_what_they_took() -> None:
    model = Model(name="whisper-base", revision="1", parameters={"beam": 5, "prompt": None})
    made = report.report(
        {"transcription": Stage(StageState.DONE, seconds=6.0), "attribution": Stage(StageState.SKIPPED)},
        {"transcription": model},
        duration=60.0,
        total_seconds=9.0,
        transcript=told.transcript(),
        minutes=told.minutes(),
    )
    (step,) = made.steps
    assert (step.factor, step.parameters) == (0.1, {"beam": "5"})
    assert made.heard is not None
    assert (made.heard.speakers, made.heard.gaps, sum(made.heard.doubts.values())) == (3, 1, 2)
    assert made.wrote is not None
    assert made.wrote.items == 6


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", Language.ENGLISH),
        ("fr", Language.FRENCH),
        ("fr-CA,en;q=0.8", Language.FRENCH),
        ("de, fr;q=0.3, en;q=0.7", Language.ENGLISH),
        ("de, fr;q=0.3, en;q=0", Language.FRENCH),
        ("*;q=nonsense, fr;q=x", Language.ENGLISH),
    ],
)
def test_a_browser_is_answered_in_the_language_it_likes_best(header: str, language: Language) -> None:
    assert preferences({}, header).language is language


def test_what_was_chosen_counts_more_and_nonsense_nothing() -> None:
    cookies = {"minutier_language": "fr", "minutier_theme": "dark", "minutier_zone": "Europe/Paris"}
    chosen = preferences(cookies, "en")
    assert chosen == Preferences(Language.FRENCH, Theme.DARK, ZoneInfo("Europe/Paris"))
    for zone in ("../../etc/passwd", "Europe", "Nowhere/Here", "\x00", "x" * 65):
        odd = {"minutier_language": "xx", "minutier_theme": "", "minutier_zone": zone}
        assert preferences(odd, "en") == Preferences()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.9, "0:07"), (750, "12:30"), (3723, "1:02:03"), (36000, "10:00:00")]
)
def test_a_place_in_a_recording(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@given(st.floats(0, 1e6))
def test_a_length_is_never_sixty_minutes(seconds: float) -> None:
    assert not re.search(r"\b60 (min|s)\b", PARIS.length(seconds))


def test_figures_and_dates_are_written_as_readers_expect() -> None:
    moment = datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert PARIS.day(moment) == "Jeudi 1 janvier 2026"
    assert PARIS.moment(moment) == "1 janv. 2026, 10:00"
    assert PARIS.seconds(0.5) == "0,5 s"
    assert Format(Language.ENGLISH, UTC).day(moment) == "Thursday, 1 January 2026"
    assert fine("Budget : 4 % ?") == "Budget\u00a0: 4\u00a0%\u00a0?"


def test_french_counts_from_two() -> None:
    french = translations(LOOK.catalogs[Language.FRENCH])
    one, many = "%(num)s passage to listen to again", "%(num)s passages to listen to again"
    assert [french.ngettext(one, many, number) for number in (0, 1, 2)] == [
        "%(num)s passage à réécouter",
        "%(num)s passage à réécouter",
        "%(num)s passages à réécouter",
    ]
