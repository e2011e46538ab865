"""Names for voices by when a meeting server noticed whom: ours, and the most overlap as it comes.

``python -m bench.naming`` prints one JSON line. For each server's clock, so many seconds behind, over
several draws of its marks: of the speech of one person at a time, how much carries the ``right`` name, a
``wrong`` one and ``none``; and of the voices' speech, how much is ``misnamed``: its voice is called other
than who it mostly is. As it comes, each voice is whoever's marks overlap it most, if that is half of it, and
the clocks are taken to agree; ``best`` calls each voice who it mostly is.

The recordings are pyannote's sample and the AMI excerpts as our diarization tells them apart, one by one and
joined into one; and simulated meetings. In some of these a participant is never noticed, in some three are
behind one microphone, and in some the marks are those of another meeting. The marks are simulated in all.
``longest`` is a meeting of eight hours with 20 voices and 50 participants.
"""

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from faster_whisper.audio import decode_audio
from numpy.typing import NDArray

from minutier.attribution.naming import name_voices
from minutier.diarization.pyannote import diarize_file
from minutier.diarization.weights import BUNDLED, find
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.worker import ignore
from tests.support.audio import write_flac
from tests.support.diarization import references
from tests.support.meetings import Stretch, Stretches, by_speaker, noticed, talk, told_apart

CLOCKS = (0.0, 7.3, -31.0)
STEP = 0.05

Names = Mapping[str, str]
Namer = Callable[[Stretches, Stretches, float], Names]


@dataclass(frozen=True)
class Meeting:
    """Who talks when in truth, and the voices that were told apart, by their exclusive turns."""

    turns: Stretches
    voices: Stretches
    seconds: float


def ours(voices: Stretches, marks: Stretches, seconds: float) -> Names:
    found = name_voices(voices, marks, seconds)
    return {voice: name.participant for voice, name in found.names.items()}


def stock(voices: Stretches, marks: Stretches, seconds: float) -> Names:
    names = {}
    for voice, turns in voices.items():
        shared = {who: _overlap(turns, own) for who, own in marks.items()}
        who = max(shared, key=shared.__getitem__, default=None)
        if who is not None and shared[who] >= 0.5 * sum(turn.end - turn.start for turn in turns):
            names[voice] = who
    return names


def best(meeting: Meeting, owner: Names) -> Names:
    names = {}
    for voice, turns in meeting.voices.items():
        shared = {who: _overlap(turns, own) for who, own in meeting.turns.items()}
        who = max(shared, key=shared.__getitem__)
        if shared[who] > 0 and who in owner:
            names[voice] = owner[who]
    return names


def _overlap(one: Sequence[Stretch], other: Sequence[Stretch]) -> float:
    return sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a in one for b in other)


def judge(meeting: Meeting, owner: Names, names: Names) -> NDArray[np.float64]:
    """Seconds with the right name, a wrong one and none, of voices that are misnamed, and of all voices."""
    talking = {who: _grid(own, meeting.seconds) for who, own in meeting.turns.items()}
    heard = {voice: _grid(own, meeting.seconds) for voice, own in meeting.voices.items()}
    alone = np.sum(list(talking.values()), axis=0) == 1
    truth = best(meeting, owner)
    counts = np.zeros(5)
    for who, frames in talking.items():
        named = right = np.zeros_like(alone)
        for voice, name in names.items():
            named = named | heard[voice]
            if name == owner.get(who):
                right = right | heard[voice]
        own = frames & alone
        counts[:3] += [(own & right).sum(), (own & named & ~right).sum(), (own & ~named).sum()]
    counts[3] = sum(heard[voice].sum() for voice, name in names.items() if name != truth.get(voice))
    counts[4] = sum(frames.sum() for frames in heard.values())
    return counts * STEP


def _grid(stretches: Sequence[Stretch], seconds: float) -> NDArray[np.bool_]:
    grid = np.zeros(round(seconds / STEP), bool)
    for each in stretches:
        grid[round(each.start / STEP) : round(each.end / STEP)] = True
    return grid


def compare(
    meetings: Sequence[Meeting],
    draws: int,
    *,
    unnoticed: Sequence[str] = (),
    room: Sequence[str] = (),
    exchanged: bool = False,
) -> dict[str, dict[str, dict[str, float]]]:
    """Shares by clock and way to name; ``exchanged`` gives each meeting the marks of the next."""
    result: dict[str, dict[str, dict[str, float]]] = {}
    for clock in CLOCKS:
        totals = {way: np.zeros(5) for way in ("ours", "stock", "best")}
        for number, meeting in enumerate(meetings):
            noticed_meeting = meetings[(number + 1) % len(meetings)] if exchanged else meeting
            owner = {who: ("room" if who in room else who) for who in meeting.turns if who not in unnoticed}
            microphones: Stretches = {}
            for who, participant in owner.items():
                microphones.setdefault(participant, []).extend(noticed_meeting.turns[who])
            truth = {} if exchanged else owner
            for draw in range(draws):
                marks = noticed(microphones, np.random.default_rng([number, draw]), behind=clock)
                for way, names in (
                    ("ours", ours(meeting.voices, marks, meeting.seconds)),
                    ("stock", stock(meeting.voices, marks, meeting.seconds)),
                    ("best", best(meeting, truth)),
                ):
                    totals[way] += judge(meeting, truth, names)
        result[f"{clock:g}"] = {
            way: dict(
                zip(
                    ("right", "wrong", "none", "misnamed"),
                    [*(found[:3] / found[:3].sum()).round(3).tolist(), round(found[3] / found[4], 3)],
                    strict=True,
                )
            )
            for way, found in totals.items()
        }
    return result


def real() -> tuple[list[Meeting], Meeting]:
    """The excerpts one by one, and joined."""
    weights = find(BUNDLED)
    clips: list[Meeting] = []
    sounds: list[NDArray[np.int16]] = []
    turns: list[tuple[float, float, str]] = []
    before = 0.0

    with TemporaryDirectory() as folder:

        def heard(name: str, samples: NDArray[np.int16]) -> Stretches:
            file = write_flac(Path(folder, f"{name}.flac"), samples)
            found = diarize_file(file, weights, 2, None, report=ignore)
            return by_speaker((turn.start, turn.end, turn.speaker) for turn in found.exclusive)

        for name, (path, reference) in references().items():
            samples = (decode_audio(str(path)) * 32767).astype(np.int16)
            seconds = len(samples) / SAMPLE_RATE
            own = [
                (turn.start, turn.end, str(who)) for turn, _, who in reference.itertracks(yield_label=True)
            ]
            clips.append(Meeting(by_speaker(own), heard(name, samples), seconds))
            turns += [(start + before, end + before, who) for start, end, who in own]
            sounds.append(samples)
            before += seconds
        return clips, Meeting(by_speaker(turns), heard("joined", np.concatenate(sounds)), before)


def simulated(count: int, people: int, seconds: float) -> list[Meeting]:
    meetings = []
    for number in range(count):
        rng = np.random.default_rng([people, number])
        turns = talk(people, seconds, rng)
        meetings.append(Meeting(turns, told_apart(turns, rng), seconds))
    return meetings


def longest() -> dict[str, float]:
    rng = np.random.default_rng(0)
    seconds = 8 * 3600.0
    turns = talk(50, seconds, rng)
    marks = noticed(turns, rng, behind=7.3)
    voices: Stretches = {}
    for number, own in enumerate(told_apart(turns, rng).values()):
        voices.setdefault(f"voice-{number % 20}", []).extend(own)
    name_voices(dict(list(voices.items())[:2]), marks, 60.0)
    started = time.process_time()
    name_voices(voices, marks, seconds)
    spent = time.process_time() - started
    tracemalloc.start()
    name_voices(voices, marks, seconds)
    return {"cpu_seconds": round(spent, 2), "megabytes": round(tracemalloc.get_traced_memory()[1] / 1e6)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    clips, joined = real()
    two, six = simulated(10, 2, 600.0), simulated(10, 6, 600.0)
    result: dict[str, Any] = {
        "benchmark": "naming",
        "draws": options.draws,
        "clips": compare(clips, options.draws),
        "joined": compare([joined], options.draws),
        "two_for_a_minute": compare(simulated(10, 2, 60.0), options.draws),
        "two": compare(two, options.draws),
        "six": compare(six, options.draws),
        "six_one_unnoticed": compare(six, options.draws, unnoticed=["p1"]),
        "six_three_in_a_room": compare(six, options.draws, room=["p2", "p3", "p4"]),
        "two_with_the_marks_of_others": compare(two, options.draws, exchanged=True),
        "six_with_the_marks_of_others": compare(six, options.draws, exchanged=True),
        "longest": longest(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
