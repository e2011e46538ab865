"""Saying who a speaker is, by hand."""

from typing import Any

from minutier.compose.api import Api, Recording
from minutier.compose.failures import WrongUsage


class NoSpeaker(WrongUsage):
    """Nobody in the transcript is called so."""

    def __init__(self, labels: list[str]) -> None:
        known = ", ".join(f"'{label}'" for label in labels) or "nobody"
        super().__init__(f"No speaker is called so. The transcript has {known}.")


class AmbiguousSpeaker(WrongUsage):
    """More than one is called so."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} speakers are called so. Give an id: {', '.join(ids)}.")


async def name_speaker(api: Api, id: str, speaker: str, name: str | None) -> Recording:
    """Give a speaker, by id or label, a name, or take it back; raises `NoSpeaker`, or what `api` does."""
    recording_id = await api.resolve(id)
    transcript = await api.transcript(recording_id)
    return await api.name(recording_id, speaker_id(transcript, speaker), name)


def speaker_id(transcript: dict[str, Any], given: str) -> str:
    """Whose id or label ``given`` is; raises `NoSpeaker` or `AmbiguousSpeaker`."""
    labels: dict[str, str] = {speaker["id"]: speaker["label"] for speaker in transcript["speakers"]}
    if given in labels:
        return given
    found = [speaker for speaker, label in labels.items() if label.casefold() == given.strip().casefold()]
    if not found:
        raise NoSpeaker(list(labels.values()))
    if len(found) > 1:
        raise AmbiguousSpeaker(found)
    return found[0]
