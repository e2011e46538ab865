"""What speakers are called."""

from hypothesis import given
from hypothesis import strategies as st

from minutier.attribution.speakers import Identity, introduced
from minutier.schemas.documents import Participant, Speaker, SpeakerEvidence

NOTICED = SpeakerEvidence.ACTIVITY


def people(*names: str) -> list[Participant]:
    return [Participant(id=f"p{number}", name=name) for number, name in enumerate(names, start=1)]


def speakers(spoken: str, whose: dict[str, str], *names: str) -> tuple[Speaker, ...]:
    """Those of ``spoken``, in this order, of whom some are known."""
    identities = {voice: Identity(participant, NOTICED, 0.8) for voice, participant in whose.items()}
    return introduced(dict.fromkeys(spoken, 5.0), identities, people(*names))


def labels(speakers: tuple[Speaker, ...]) -> list[str]:
    return [speaker.label for speaker in speakers]


def test_who_is_known_has_a_name_and_the_others_have_their_place() -> None:
    anna, second, third = speakers("abc", {"a": "p1"}, "Anna", "Bo")
    assert (anna.label, anna.evidence, anna.confidence, anna.participant) == ("Anna", NOTICED, 0.8, "p1")
    assert (second.label, third.label) == ("Speaker 2", "Speaker 3")
    assert (third.evidence, third.confidence, third.participant) == (SpeakerEvidence.VOICE, None, None)


def test_several_voices_of_one_participant_are_numbered_as_they_begin() -> None:
    assert labels(speakers("cab", {"a": "p1", "b": "p2", "c": "p1"}, "Room 4", "Bo")) == [
        "Room 4 · voice 1",
        "Room 4 · voice 2",
        "Bo",
    ]


def test_a_voice_without_words_is_not_counted() -> None:
    assert labels(speakers("a", {"a": "p1", "b": "p1"}, "Room 4")) == ["Room 4"]


def test_a_participant_whose_name_nobody_told_is_a_speaker() -> None:
    (speaker,) = speakers("a", {"a": "p7"}, "Anna")
    assert (speaker.label, speaker.evidence, speaker.participant) == (
        "Speaker 1",
        SpeakerEvidence.VOICE,
        None,
    )


def test_a_participant_called_like_a_place_is_told_apart() -> None:
    assert labels(speakers("ab", {"b": "p1"}, "Speaker 1")) == ["Speaker 1", "Speaker 1 (2)"]
    assert labels(speakers("abc", {"a": "p1", "b": "p2", "c": "p2"}, "Room · voice 1", "Room")) == [
        "Room · voice 1",
        "Room · voice 1 (2)",
        "Room · voice 2",
    ]


NAMES = st.sampled_from(
    ["Anna", "anna", "Anna (2)", "Speaker 1", "Speaker 2", "Anna · voice 1", "Anna · voice 2"]
)


@given(
    st.lists(NAMES, max_size=4),
    st.permutations("abcdef"),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["p1", "p2", "p3", "p4"])),
)
def test_labels_are_unique(names: list[str], spoken: list[str], whose: dict[str, str]) -> None:
    known = speakers("".join(spoken), whose, *names)
    assert len({label.casefold() for label in labels(known)}) == len(known)
